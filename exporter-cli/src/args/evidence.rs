//! What the user typed for watching a person, packing a run, looking at it elsewhere, and keeping
//! a secret.

use std::path::PathBuf;

use crate::config::SecretRef;

#[derive(Debug, clap::Args)]
pub struct RecordArgs {
    /// The panel's address
    #[arg(value_name = "URL")]
    pub url: String,
    /// Where the user name is kept, for trying the export once more
    #[arg(long, value_name = "REF", default_value = "env:PANEL_USERNAME")]
    pub username: SecretRef,
    /// Where the password is kept
    #[arg(long, value_name = "REF", default_value = "env:PANEL_PASSWORD")]
    pub password: SecretRef,
    /// The panel's time zone
    #[arg(long, value_name = "ZONE", default_value = "Asia/Jakarta")]
    pub timezone: chrono_tz::Tz,
    /// How many minutes there are to make the export
    #[arg(long, value_name = "N", default_value = "30", value_parser = clap::value_parser!(u64).range(1..=240))]
    pub minutes: u64,
    /// Without a window: print where the browser can be driven by WebDriver
    #[arg(long)]
    pub headless: bool,
    /// The file to write
    #[arg(long, value_name = "FILE", default_value = "exporter.toml")]
    pub out: PathBuf,
}

#[derive(Debug, clap::Args)]
pub struct BundleArgs {
    /// The run's id, or how it begins, or `last`
    #[arg(value_name = "RUN", default_value = "last")]
    pub run: String,
    /// The configuration file
    #[arg(long, value_name = "FILE", env = "EXPORTER_CONFIG", default_value = "exporter.toml")]
    pub config: PathBuf,
    /// The file to write [default: one among the downloads, which are removed after a week]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub struct ReplayArgs {
    /// What `exporter bundle` wrote
    #[arg(value_name = "BUNDLE")]
    pub bundle: PathBuf,
    /// Print what is found as one JSON document
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, clap::Args)]
pub struct SecretArgs {
    /// Its name; the configuration refers to it as `keyring:NAME`
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Take it away instead of reading it from standard input
    #[arg(long)]
    pub forget: bool,
}
