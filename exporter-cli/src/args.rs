//! What the user typed.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

/// Tables out of the files that a web admin panel hands out.
#[derive(Debug, Parser)]
#[command(name = "exporter", version, max_term_width = 100)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print the table in a file: xlsx, xls, ods, csv, html, pdf
    Table(TableArgs),
}

#[derive(Debug, clap::Args)]
pub struct TableArgs {
    /// The file; its kind is told by its content
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// How to print it
    #[arg(long, value_enum, default_value = "csv")]
    pub format: TableFormat,
    /// Password of a protected file; better: set it in the environment
    #[arg(long, env = "EXPORTER_FILE_PASSWORD", hide_env_values = true)]
    pub password: Option<String>,
    /// Say on stderr what was found where, and what was left out
    #[arg(long)]
    pub explain: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TableFormat {
    /// RFC 4180, header first, cells as a person reads them
    Csv,
    /// An array of objects with typed values
    Json,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_consistent() {
        Args::command().debug_assert();
    }
}
