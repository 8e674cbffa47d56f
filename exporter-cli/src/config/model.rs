//! What can be configured. Every name here is a key of the TOML file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::{NaiveDate, NaiveTime};
use chrono_tz::Tz;
use exporter_core::Driver;
use exporter_core::checks::Checks;
use exporter_core::layers::Reference;
use exporter_schedule::CatchUp;
use exporter_sources::{BrowserKind, ExportConfig, LoginConfig};
use serde::Deserialize;

use super::secret::SecretRef;
use super::told::{EmailSection, HeartbeatSection, SlackSection, TelegramSection, WebhookSection};

/// How many days before its own a scheduled run reads again, unless told otherwise.
const LATE_DAYS: u32 = 3;

/// A configuration file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The name of the shop or company, in every message.
    pub store_name: String,
    /// Where exports come from.
    pub panel: PanelSection,
    /// Where they go.
    pub sheets: SheetsSection,
    /// The chats of Telegram that are told.
    pub telegram: Option<TelegramSection>,
    /// Who is told by e-mail.
    pub email: Option<EmailSection>,
    /// The channel of Slack, or of a service like it, that is told.
    pub slack: Option<SlackSection>,
    /// The program that is told as JSON.
    pub webhook: Option<WebhookSection>,
    /// Who raises the alarm when no run comes.
    pub heartbeat: Option<HeartbeatSection>,
    /// Which browser is driven.
    #[serde(default)]
    pub browser: BrowserSection,
    /// Where downloaded files are kept.
    #[serde(default)]
    pub files: FilesSection,
    /// When runs are due, for `exporter serve` and `exporter schedule`.
    pub schedule: Option<ScheduleSection>,
    /// Where the log is kept; nowhere when left out.
    pub log: Option<LogSection>,
    /// What is done when a table is not what was asked for or not what is usual.
    #[serde(default)]
    pub checks: Checks,
    /// Columns whose values have to be keys of another export.
    #[serde(default)]
    pub references: Vec<Reference>,
    /// When those who run it are warned.
    #[serde(default)]
    pub watch: WatchSection,
    /// Where copies of the state are kept.
    pub backup: Option<BackupSection>,
    /// Where history and messages that wait are kept.
    #[serde(default)]
    pub state: StateSection,
    /// Changes to the preset's exports, and exports of one's own, by name.
    #[serde(default)]
    pub exports: BTreeMap<String, ExportConfig>,
}

impl Config {
    /// How many days before its own a scheduled run reads again; none where nothing is
    /// scheduled and nothing is said of it.
    pub fn late_days(&self) -> u32 {
        let scheduled = |section: &ScheduleSection| match section.last_days {
            Some(days) => days.saturating_sub(1),
            None => LATE_DAYS,
        };
        self.panel.late_days.or_else(|| self.schedule.as_ref().map(scheduled)).unwrap_or(0)
    }
}

/// `[panel]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PanelSection {
    /// A built-in panel, the path of a file that describes one (`./mine.toml`), or `none`
    /// where this file describes all of it.
    #[serde(default = "andalan")]
    pub preset: String,
    /// The panel's address.
    pub url: String,
    /// Its time zone: it says which day is today.
    #[serde(default = "jakarta")]
    pub timezone: Tz,
    /// For how many days after its own an entry may still change, as when a status turns from
    /// pending to paid: so many days before its own a run reads again. Unless given, scheduled
    /// runs read three, and runs started by hand without days none.
    pub late_days: Option<u32>,
    /// Where the user name is kept; a panel that only wants a token has none.
    pub username: Option<SecretRef>,
    /// Where the password is kept, or the token.
    pub password: SecretRef,
    /// Where the secret of the second factor is kept.
    pub totp: Option<SecretRef>,
    /// For so many minutes a login waits for a one-time code where there is no `totp`; 0 never
    /// asks. Unless given, five minutes on a terminal and in the chat of `exporter serve`;
    /// a run that another scheduler starts asks in the chat only where this is written down.
    pub code_minutes: Option<u32>,
    /// Where the key is kept that seals the session between runs; without one each run
    /// logs in and out.
    pub session_key: Option<SecretRef>,
    /// Whether a password that was refused before is sent once more: not a setting, but
    /// what `exporter check` is for.
    #[serde(skip)]
    pub try_refused: bool,
    /// How to talk to it.
    #[serde(default)]
    pub driver: Driver,
    /// Changes to the preset's login form.
    #[serde(default)]
    pub login: LoginConfig,
    /// The order of the exports.
    pub order: Option<Vec<String>>,
}

/// `[sheets]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SheetsSection {
    /// The spreadsheet's id, or its address in the browser.
    pub spreadsheet: String,
    /// Where a key file is: a service account's, or what `gcloud` keeps of a person who logged
    /// in. Left out, Google's application-default credentials are looked for.
    pub credentials: Option<SecretRef>,
    /// Another address of the service: a stand-in.
    pub base_url: Option<String>,
    /// The tab that lists each cell that a run changes; none when left out.
    pub changes: Option<String>,
}

/// `[browser]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BrowserSection {
    /// `chromium` (Chrome too), `edge` or `firefox`; the first that is found unless given.
    pub kind: Option<BrowserKind>,
    /// The browser; found among the usual places unless given.
    pub binary: Option<PathBuf>,
    /// Its driver; found on the `PATH` unless given.
    pub driver: Option<PathBuf>,
    /// The address of a WebDriver or Selenium grid to use instead of a browser of this machine.
    pub remote: Option<String>,
}

/// `[files]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FilesSection {
    /// Where downloads are kept for a week; `downloads` beside the file unless given.
    pub downloads: Option<PathBuf>,
    /// Where what is learned is kept between runs; `state` beside the file unless given.
    pub state: Option<PathBuf>,
}

/// `[log]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSection {
    /// The file.
    pub file: PathBuf,
    /// Whether each line is a JSON object.
    #[serde(default)]
    pub json: bool,
    /// At this size the file is put aside.
    #[serde(default = "ten")]
    pub max_megabytes: u32,
    /// How many are kept aside.
    #[serde(default = "five")]
    pub keep: u32,
}

fn ten() -> u32 {
    10
}

fn five() -> u32 {
    5
}

/// `[backup]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupSection {
    /// The directory.
    pub directory: PathBuf,
    /// Where the key is kept: at least 32 characters. Without it no backup can be read.
    pub key: SecretRef,
    /// How many backups are kept.
    #[serde(default = "fortnight")]
    pub keep: usize,
    /// `exporter serve` makes one when the newest is so many hours old; never when 0.
    #[serde(default = "day")]
    pub every_hours: u32,
}

fn day() -> u32 {
    24
}

/// `[watch]`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WatchSection {
    /// The least room on the disk of the state.
    pub free_megabytes: u32,
    /// The least memory that is available.
    pub memory_megabytes: u32,
    /// The most that downloaded files take.
    pub downloads_megabytes: u32,
    /// How far the clock may be off.
    pub clock_seconds: u32,
    /// So many days before its end a certificate or key is told.
    pub certificate_days: u32,
    /// When it is told each day how the day went, in the panel's time zone: `20:00`. Never
    /// unless given.
    pub daily: Option<NaiveTime>,
}

impl Default for WatchSection {
    fn default() -> Self {
        Self {
            free_megabytes: 500,
            memory_megabytes: 100,
            downloads_megabytes: 2_000,
            clock_seconds: 60,
            certificate_days: 14,
            daily: None,
        }
    }
}

fn fortnight() -> usize {
    14
}

/// `[schedule]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleSection {
    /// Minute, hour, day of the month, month, day of the week.
    pub cron: String,
    /// The time zone of the pattern; the panel's unless given.
    pub timezone: Option<Tz>,
    /// How many days each run fetches, its own day included; unless given, its own day and
    /// `late_days` before it.
    pub last_days: Option<u32>,
    /// Days of the week on which runs are due; all unless given.
    #[serde(default)]
    pub working_days: Vec<String>,
    /// Days on which no run is due.
    #[serde(default)]
    pub holidays: Vec<NaiveDate>,
    /// An iCalendar file with more of them.
    pub holidays_file: Option<PathBuf>,
    /// What is done about runs that were missed.
    #[serde(default)]
    pub catch_up: CatchUp,
    /// Runs missed longer ago than this many days are given up.
    #[serde(default = "week")]
    pub catch_up_days: u32,
}

fn week() -> u32 {
    7
}

/// `[state]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StateSection {
    /// The file; `state.db` beside the configuration unless given.
    pub path: Option<PathBuf>,
    /// Where the address of a PostgreSQL database is kept (`postgres://…`) that has the state
    /// instead of a file.
    pub url: Option<SecretRef>,
    /// Runs, audit lines and messages older than this many days are let go.
    pub keep_days: u32,
    /// Above this many megabytes the oldest runs are let go as well.
    pub max_megabytes: u32,
}

impl Default for StateSection {
    fn default() -> Self {
        Self { path: None, url: None, keep_days: 400, max_megabytes: 200 }
    }
}

fn andalan() -> String {
    "andalan".to_owned()
}

fn jakarta() -> Tz {
    Tz::Asia__Jakarta
}

/// A configuration and the directory that its relative paths start from.
#[derive(Debug)]
pub struct Loaded {
    /// What the file says.
    pub config: Config,
    /// Where it lies.
    pub directory: PathBuf,
}

impl Loaded {
    /// The directory for what is kept between runs.
    pub fn state(&self) -> PathBuf {
        self.directory.join(self.config.files.state.as_deref().unwrap_or(Path::new("state")))
    }
}
