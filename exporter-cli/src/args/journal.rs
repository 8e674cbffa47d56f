//! What the user typed for the commands on plans and on the journal.

use std::path::PathBuf;

use super::RunArgs;

/// `exporter plan`
#[derive(Debug, clap::Args)]
pub struct PlanArgs {
    #[command(flatten)]
    pub run: RunArgs,
    /// Keep the plan in this file, for `exporter run --plan-file`
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `exporter undo`
#[derive(Debug, clap::Args)]
pub struct UndoArgs {
    /// The run's id, as `exporter history` prints it
    #[arg(value_name = "RUN")]
    pub run: String,
    /// The configuration file
    #[arg(long, value_name = "FILE", env = "EXPORTER_CONFIG")]
    pub config: PathBuf,
    /// Show what would be taken back and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print the result as one JSON document
    #[arg(long)]
    pub json: bool,
}

/// `exporter why`
#[derive(Debug, clap::Args)]
pub struct WhyArgs {
    /// The row's key; of a key of several columns each part
    #[arg(value_name = "KEY", required = true, num_args = 1..)]
    pub key: Vec<String>,
    /// The configuration file
    #[arg(long, value_name = "FILE", env = "EXPORTER_CONFIG")]
    pub config: PathBuf,
    /// Print the result as one JSON document
    #[arg(long)]
    pub json: bool,
}
