//! What the user typed, for the commands that look after runs.

use std::path::PathBuf;

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
    /// The configuration file; it needs a [schedule]
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
