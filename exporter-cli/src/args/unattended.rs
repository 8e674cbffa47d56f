//! What the user typed, for the commands that look after runs.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{ArgGroup, Subcommand};

#[derive(Debug, clap::Args)]
pub struct HistoryArgs {
    /// The configuration file
    #[arg(long, value_name = "FILE", env = "EXPORTER_CONFIG")]
    pub config: PathBuf,
    /// How many runs at most
    #[arg(long, value_name = "N", default_value = "20")]
    pub last: u32,
    /// Who did what, instead of the runs
    #[arg(long)]
    pub audit: bool,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, clap::Args)]
pub struct ShowArgs {
    /// The run's id, as `exporter history` prints it, or `last`
    #[arg(value_name = "RUN", default_value = "last")]
    pub run: String,
    /// The configuration file
    #[arg(long, value_name = "FILE", env = "EXPORTER_CONFIG")]
    pub config: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, clap::Args)]
pub struct StatusArgs {
    /// The configuration file
    #[arg(long, value_name = "FILE", env = "EXPORTER_CONFIG")]
    pub config: PathBuf,
    /// The month, YYYY-MM [default: this month in the panel's time zone]
    #[arg(long, value_name = "MONTH")]
    pub month: Option<String>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, clap::Args)]
pub struct ServeArgs {
    /// The configuration file; it needs a section `schedule`
    #[arg(long, value_name = "FILE", env = "EXPORTER_CONFIG")]
    pub config: PathBuf,
    /// Where /healthz, /readyz and /metrics are answered, or `off`
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9464")]
    pub listen: String,
    /// How to talk to the panel [default: the configuration's, else auto]
    #[arg(long, value_enum)]
    pub driver: Option<super::DriverArg>,
    /// For drills: how many seconds this process's clock is ahead
    #[arg(long, value_name = "SECONDS", hide = true, default_value = "0", allow_negative_numbers = true)]
    pub clock_ahead: i64,
    /// Log what happens in detail
    #[arg(long)]
    pub debug: bool,
}

#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("which").args(["from", "missing"]).required(true))]
pub struct BackfillArgs {
    /// The configuration file
    #[arg(long, value_name = "FILE", env = "EXPORTER_CONFIG")]
    pub config: PathBuf,
    /// First day, YYYY-MM-DD; needs --to
    #[arg(long, value_name = "DAY", requires = "to", value_parser = super::day)]
    pub from: Option<NaiveDate>,
    /// Last day, included
    #[arg(long, value_name = "DAY", requires = "from", value_parser = super::day)]
    pub to: Option<NaiveDate>,
    /// Only the days that are missing or were loaded before they were over
    #[arg(long)]
    pub missing: bool,
    /// How many days are fetched at once
    #[arg(long, value_name = "N", default_value = "7", value_parser = clap::value_parser!(u32).range(1..=366))]
    pub window: u32,
    /// Only these exports, by name, separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub only: Vec<String>,
    /// How to talk to the panel [default: the configuration's, else auto]
    #[arg(long, value_enum)]
    pub driver: Option<super::DriverArg>,
    /// Print the windows and what became of each as one JSON document
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, clap::Args)]
pub struct BackupArgs {
    /// The configuration file; it needs a section `backup`
    #[arg(long, value_name = "FILE", env = "EXPORTER_CONFIG")]
    pub config: PathBuf,
}

#[derive(Debug, clap::Args)]
pub struct RestoreArgs {
    /// The backup, or `newest`
    #[arg(value_name = "BACKUP", default_value = "newest")]
    pub backup: PathBuf,
    /// The configuration file; it needs a section `backup`
    #[arg(long, value_name = "FILE", env = "EXPORTER_CONFIG")]
    pub config: PathBuf,
    /// Move a state that is there out of the way first
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, clap::Args)]
pub struct ScheduleArgs {
    #[command(subcommand)]
    pub what: ScheduleCommand,
}

#[derive(Debug, Subcommand)]
pub enum ScheduleCommand {
    /// Say when the next runs are due and which days each fetches
    Next(NextArgs),
    /// Write what another scheduler needs to start the runs
    Install(InstallArgs),
}

#[derive(Debug, clap::Args)]
pub struct NextArgs {
    /// The configuration file; it needs a section `schedule`
    #[arg(long, value_name = "FILE", env = "EXPORTER_CONFIG")]
    pub config: PathBuf,
    /// How many
    #[arg(long, value_name = "N", default_value = "5")]
    pub count: usize,
}

#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
#[command(group = ArgGroup::new("platform").required(true)
    .args(["systemd", "cron", "windows", "render", "docker", "kubernetes"]))]
pub struct InstallArgs {
    /// The configuration file; it needs a section `schedule`
    #[arg(long, value_name = "FILE", env = "EXPORTER_CONFIG")]
    pub config: PathBuf,
    /// A service and a timer for systemd
    #[arg(long)]
    pub systemd: bool,
    /// A line for a crontab
    #[arg(long)]
    pub cron: bool,
    /// Commands for the task scheduler of Windows
    #[arg(long)]
    pub windows: bool,
    /// A blueprint for Render, in UTC
    #[arg(long)]
    pub render: bool,
    /// A Dockerfile and a compose file that run `exporter serve`
    #[arg(long)]
    pub docker: bool,
    /// A `CronJob` for Kubernetes
    #[arg(long)]
    pub kubernetes: bool,
    /// Write the files into this directory instead of printing them
    #[arg(long, value_name = "DIR")]
    pub write: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}
