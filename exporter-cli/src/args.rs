//! What the user typed.

mod evidence;
mod journal;
mod unattended;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use clap::{ArgGroup, Parser, Subcommand, ValueEnum};
use exporter_core::Driver;

use crate::config::SecretRef;

pub use evidence::{BundleArgs, RecordArgs, ReplayArgs, SecretArgs};
pub use journal::{PlanArgs, UndoArgs, WhyArgs};
pub use unattended::{
    BackfillArgs, BackupArgs, CompletionsArgs, HistoryArgs, InstallArgs, NextArgs, RestoreArgs, ScheduleArgs,
    ScheduleCommand, ServeArgs, ShowArgs, StatusArgs,
};

/// Takes the exports of a web admin panel into Google Sheets, unattended.
///
/// Start with `exporter demo`: it needs nothing but this program and shows a whole run
/// against a sandbox on this machine.
#[derive(Debug, Parser)]
#[command(name = "exporter", version, max_term_width = 100)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the four exports against a sandbox on this machine and show the sheets
    Demo(DemoArgs),
    /// Fetch the exports and bring the sheet up to date
    Run(RunArgs),
    /// Fetch the exports and show what a run would change, cell by cell
    Plan(PlanArgs),
    /// Take back what a run did, where nobody has touched it since
    Undo(UndoArgs),
    /// Say which run, file and line a row came from
    Why(WhyArgs),
    /// Print the table in a file: xlsx, xls, ods, csv, html, pdf
    Table(TableArgs),
    /// Try the configuration, every credential and every address, without writing
    Check(CheckArgs),
    /// Pack files, report and evidence of a run into one private file
    Bundle(BundleArgs),
    /// Read the files of a bundle again, offline: sniff, read, check and plan
    Replay(ReplayArgs),
    /// List, show or forget the requests that were learned from a browser
    Routes(RoutesArgs),
    /// Look at a panel and write a configuration that works
    Init(InitArgs),
    /// Watch one export made by hand in a browser and write a configuration that makes it
    Record(RecordArgs),
    /// List the runs so far, the newest first
    History(HistoryArgs),
    /// Show one run with every step
    Show(ShowArgs),
    /// Draw which days are loaded, and say what is missing
    Status(StatusArgs),
    /// Load past days, in windows, or only those that are missing
    Backfill(BackfillArgs),
    /// Run by itself whenever the schedule says so, until stopped
    Serve(ServeArgs),
    /// Show the schedule, or hand it to another scheduler
    Schedule(ScheduleArgs),
    /// Keep an encrypted copy of the state
    Backup(BackupArgs),
    /// Bring the state back from a backup
    Restore(RestoreArgs),
    /// Keep a secret in the keyring of the system, or take it away
    Secret(SecretArgs),
    /// Print what a shell needs to complete the commands
    Completions(CompletionsArgs),
    /// Serve the stand-ins for the panel, Google Sheets and Telegram until interrupted
    Sandbox(SandboxArgs),
}

/// How to talk to the panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DriverArg {
    /// HTTP where it can work, a browser where it cannot
    Auto,
    /// Plain HTTP, no browser
    Http,
    /// A real browser, headless
    Browser,
}

impl From<DriverArg> for Driver {
    fn from(driver: DriverArg) -> Self {
        match driver {
            DriverArg::Auto => Self::Auto,
            DriverArg::Http => Self::Http,
            DriverArg::Browser => Self::Browser,
        }
    }
}

#[derive(Debug, clap::Args)]
pub struct DemoArgs {
    /// How to talk to the sandbox's panel
    #[arg(long, value_enum, default_value = "auto")]
    pub driver: DriverArg,
    /// Leave the sandbox up afterwards and print its addresses
    #[arg(long)]
    pub keep: bool,
    /// Log what happens in detail
    #[arg(long)]
    pub debug: bool,
}

/// A day as it is typed.
fn day(text: &str) -> Result<NaiveDate, String> {
    text.parse()
        .map_err(|_| "there is no such day; a day is written YYYY-MM-DD, for instance 2026-09-10".to_owned())
}

#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
#[command(group = ArgGroup::new("days").args(["from", "day", "last"]))]
pub struct RunArgs {
    /// The configuration file
    #[arg(long, value_name = "FILE", env = "EXPORTER_CONFIG")]
    pub config: PathBuf,
    /// First day, YYYY-MM-DD; needs --to [default: today in the panel's time zone, and the `late_days` before it where they are configured]
    #[arg(long, value_name = "DAY", requires = "to", value_parser = day)]
    pub from: Option<NaiveDate>,
    /// Last day, included
    #[arg(long, value_name = "DAY", requires = "from", value_parser = day)]
    pub to: Option<NaiveDate>,
    /// One day
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub day: Option<NaiveDate>,
    /// The last N days, today included
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=3660))]
    pub last: Option<u32>,
    /// Only these exports, by name, separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Show what would change and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Apply exactly what this file of `exporter plan` says, or refuse if the sheet has moved
    #[arg(long, value_name = "FILE", conflicts_with_all = ["days", "only", "dry_run", "driver"])]
    pub plan_file: Option<PathBuf>,
    /// Print the report as one JSON document
    #[arg(long)]
    pub json: bool,
    /// How to talk to the panel [default: the configuration's, else auto]
    #[arg(long, value_enum)]
    pub driver: Option<DriverArg>,
    /// Log in for every export instead of once
    #[arg(long)]
    pub individual_sessions: bool,
    /// Log what happens in detail
    #[arg(long)]
    pub debug: bool,
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
    /// Draw the pages of a PDF with the found cells over them, also when the table is refused
    #[arg(long, value_name = "OUT.png|svg")]
    pub render: Option<PathBuf>,
    /// The sheet of a workbook, by name [default: the first with anything in it]
    #[arg(long, value_name = "NAME")]
    pub sheet: Option<String>,
    /// A column the table must have, such as its key; tells the header and the sheet. Repeatable
    #[arg(long, value_name = "COLUMN")]
    pub expect: Vec<String>,
    /// A column to read as text, its numbers as the workbook shows them: `0007`, `12.5%`. Repeatable
    #[arg(long, value_name = "COLUMN")]
    pub text: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TableFormat {
    /// RFC 4180, header first, cells as a person reads them
    Csv,
    /// An array of objects with typed values
    Json,
}

#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// The configuration file
    #[arg(long, value_name = "FILE", env = "EXPORTER_CONFIG")]
    pub config: PathBuf,
    /// Print the findings as one JSON document
    #[arg(long)]
    pub json: bool,
    /// Log what happens in detail
    #[arg(long)]
    pub debug: bool,
}

#[derive(Debug, clap::Args)]
pub struct InitArgs {
    /// The panel's address
    #[arg(value_name = "URL")]
    pub url: String,
    /// The path of a page that exports; may be given more than once
    #[arg(long = "page", value_name = "PATH", required = true)]
    pub pages: Vec<String>,
    /// Where the user name is kept
    #[arg(long, value_name = "REF", default_value = "env:PANEL_USERNAME")]
    pub username: SecretRef,
    /// Where the password is kept
    #[arg(long, value_name = "REF", default_value = "env:PANEL_PASSWORD")]
    pub password: SecretRef,
    /// The panel's time zone
    #[arg(long, value_name = "ZONE", default_value = "Asia/Jakarta")]
    pub timezone: chrono_tz::Tz,
    /// How many days are fetched to try the exports, today included
    #[arg(long, value_name = "N", default_value = "7", value_parser = clap::value_parser!(u32).range(1..=31))]
    pub last: u32,
    /// The file to write
    #[arg(long, value_name = "FILE", default_value = "exporter.toml")]
    pub out: PathBuf,
}

#[derive(Debug, clap::Args)]
pub struct RoutesArgs {
    #[command(subcommand)]
    pub verb: RoutesVerb,
    /// The configuration file
    #[arg(
        long,
        value_name = "FILE",
        env = "EXPORTER_CONFIG",
        global = true,
        default_value = "exporter.toml"
    )]
    pub config: PathBuf,
}

#[derive(Debug, Subcommand)]
pub enum RoutesVerb {
    /// Every export whose request is known
    List,
    /// One request: address, fields, headers, and where each value comes from
    Show {
        /// The export's name
        export: String,
    },
    /// Forget one request, or all
    Forget {
        /// The export's name; all when left out
        export: Option<String>,
    },
}

#[derive(Debug, clap::Args)]
pub struct SandboxArgs {
    /// Address of the panel [default: a free port]
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0", hide_default_value = true)]
    pub panel_addr: SocketAddr,
    /// Address of the Sheets API and its token endpoint [default: a free port]
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0", hide_default_value = true)]
    pub sheets_addr: SocketAddr,
    /// Address of the Bot API [default: a free port]
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0", hide_default_value = true)]
    pub telegram_addr: SocketAddr,
    /// Keep spreadsheets and the configuration here, across restarts
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

impl Args {
    /// The configuration of a command whose log is kept in a file, where that is wanted.
    pub fn kept_log(&self) -> Option<&Path> {
        match &self.command {
            Command::Run(args) => Some(&args.config),
            Command::Backfill(args) => Some(&args.config),
            Command::Undo(args) => Some(&args.config),
            Command::Serve(args) => Some(&args.config),
            _ => None,
        }
    }

    /// Whether detailed logs are wanted.
    pub fn debug(&self) -> bool {
        match &self.command {
            Command::Demo(args) => args.debug,
            Command::Run(args) => args.debug,
            Command::Plan(args) => args.run.debug,
            Command::Check(args) => args.debug,
            Command::Serve(args) => args.debug,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn the_ways_to_say_which_days_exclude_each_other() {
        let parse = |line: &str| Args::try_parse_from(line.split(' '));
        assert!(parse("exporter run --config c --from 2026-01-01 --to 2026-01-02").is_ok());
        assert!(parse("exporter run --config c --from 2026-01-01").is_err());
        assert!(parse("exporter run --config c --day 2026-01-01 --last 3").is_err());
        assert!(parse("exporter run --config c --day 01/02/2026").is_err());
        assert!(parse("exporter run --config c --last 0").is_err());
    }
}
