//! Watching itself: what stops runs some day without being an error today.

mod certificate;
mod copies;
mod machine;
mod remote;

use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use exporter_core::{Clock, Error, ErrorKind, Topic};
use serde_json::Value;

use crate::config::{Loaded, WatchSection};
use crate::state;
pub use copies::{Copies, newest};

/// Google's Sheets API, whose clock ours is compared with.
const GOOGLE: &str = "https://sheets.googleapis.com/";

/// What was looked at, and what is wrong with it.
#[derive(Debug)]
pub struct Look {
    /// What.
    pub topic: Topic,
    /// What was found, or what to do about it.
    pub found: Result<String, Error>,
}

/// What is watched, taken from a configuration.
pub struct Watched {
    limits: WatchSection,
    state: PathBuf,
    /// The most that the state should take, in bytes.
    state_limit: u64,
    downloads: PathBuf,
    /// The log file and the most that it should take with those put aside.
    log: Option<(PathBuf, u64)>,
    /// Where copies of the state go, often to another disk.
    copies: Option<PathBuf>,
    panel: String,
    google: String,
    /// The service account's key file, as text.
    key: Option<String>,
}

impl Watched {
    /// What this configuration has to watch.
    pub fn of(loaded: &Loaded) -> Self {
        let config = &loaded.config;
        let log = config.log.as_ref().map(|log| {
            let most = u64::from(log.max_megabytes.max(1)) * (u64::from(log.keep) + 1) * 1_000_000;
            (loaded.directory.join(&log.file), most)
        });
        let downloads = config.files.downloads.clone().unwrap_or_else(|| "downloads".into());
        // A key that cannot be read is told by whoever needs it.
        let key = config.sheets.credentials.as_ref();
        let key = key.and_then(|key| key.resolve(&loaded.directory, "the service account's key").ok());
        Self {
            limits: config.watch,
            state: state::file(loaded),
            state_limit: state::retention(loaded).max_bytes,
            downloads: loaded.directory.join(downloads),
            log,
            copies: config.backup.as_ref().map(|backup| loaded.directory.join(&backup.directory)),
            panel: config.panel.url.clone(),
            google: config.sheets.base_url.clone().unwrap_or_else(|| GOOGLE.to_owned()),
            key: key.map(|key| key.expose().to_owned()),
        }
    }

    /// Looks at everything; what cannot be looked at here is left out.
    pub async fn look(&self, clock: &dyn Clock) -> Vec<Look> {
        let mut looks = vec![
            (Topic::Disk, self.disks()),
            (Topic::Memory, machine::memory(self.limits.memory_megabytes)),
            (Topic::Leftovers, machine::leftovers()),
            (Topic::Files, Some(self.files())),
        ];
        let (panel, google) = tokio::join!(remote::get(&self.panel), remote::get(&self.google));
        looks.push((Topic::Clock, self.clock(&google, clock.now())));
        for (answer, url, whose) in [(&panel, &self.panel, "the panel"), (&google, &self.google, "Google")] {
            looks.push((Topic::Certificate, self.certificate(answer, url, whose, clock.now())));
        }
        looks.push((Topic::Credentials, self.credentials(clock.now()).await));
        let known = looks.into_iter().filter_map(|(topic, found)| Some(Look { topic, found: found? }));
        known.collect()
    }

    /// Room where anything is written: of several disks the first that is nearly full counts.
    fn disks(&self) -> Option<Result<String, Error>> {
        let log = self.log.as_ref().and_then(|(log, _)| log.parent());
        let home = self.home();
        let places = [Some(&*home), Some(&*self.downloads), log, self.copies.as_deref()];
        let mut looks = places.into_iter().flatten().filter_map(|place| {
            // A directory that is not there yet is made on the disk of the one that is.
            place.ancestors().find_map(|place| machine::disk(place, self.limits.free_megabytes))
        });
        let first = looks.next()?;
        Some(first.and_then(|found| looks.find_map(Result::err).map_or(Ok(found), Err)))
    }

    /// Where the state is; the directory is there even before the state is.
    fn home(&self) -> PathBuf {
        let parent = self.state.parent().filter(|parent| !parent.as_os_str().is_empty());
        parent.unwrap_or(Path::new(".")).to_path_buf()
    }

    /// Log, state and downloads against what they should take at most.
    fn files(&self) -> Result<String, Error> {
        let grown = |what: &str, path: &Path, bytes: u64, hint: &str| {
            Error::new(ErrorKind::TooLarge, format!("{what} takes {} MB", bytes / 1_000_000))
                .context("where", path.display().to_string())
                .hint(hint)
        };
        // Half as much again: it is let go of at the end of a run.
        let state = machine::size(&self.state);
        if state > self.state_limit / 2 * 3 {
            let hint = "lower `keep_days` under [state]: the next run lets the oldest go";
            return Err(grown("the state", &self.state, state, hint));
        }
        if let Some((log, most)) = &self.log {
            let bytes = machine::size_beginning_with(log);
            if bytes > most / 2 * 3 {
                let hint = format!(
                    "delete the files with the highest numbers, rotation keeps fewer now: ls -lh {}.*",
                    log.display()
                );
                return Err(grown("the log", log, bytes, &hint));
            }
        }
        let downloads = machine::size(&self.downloads);
        if downloads > u64::from(self.limits.downloads_megabytes) * 1_000_000 {
            let hint = format!(
                "files older than a week go with the next run; take those of more than a day away now: find {} \
                 -type f -mtime +1 -delete",
                self.downloads.display()
            );
            return Err(grown("what was downloaded", &self.downloads, downloads, &hint));
        }
        let all =
            state + downloads + self.log.as_ref().map_or(0, |(log, _)| machine::size_beginning_with(log));
        Ok(format!("{} MB of log, state and downloads", all.div_ceil(1_000_000)))
    }

    fn clock(
        &self,
        google: &Result<remote::Answer, Error>,
        now: DateTime<Utc>,
    ) -> Option<Result<String, Error>> {
        let theirs = google.as_ref().ok()?.date?;
        // Their clock is read to a second, and the answer took its time.
        let off = (now - theirs).num_seconds().abs();
        if off <= i64::from(self.limits.clock_seconds) {
            return Some(Ok("right".to_owned()));
        }
        Some(Err(Error::new(ErrorKind::Config, format!("the clock of this machine is {off} seconds off"))
            .hint("set it by the network: sudo timedatectl set-ntp true")
            .hint("Google refuses the key of a machine whose clock is minutes off")))
    }

    fn certificate(
        &self,
        answer: &Result<remote::Answer, Error>,
        url: &str,
        whose: &str,
        now: DateTime<Utc>,
    ) -> Option<Result<String, Error>> {
        let until = match answer {
            Ok(answer) => answer.not_after?,
            // Whoever needs an address that does not answer tells it.
            Err(error) if error.kind() != ErrorKind::Config => return None,
            Err(error) => {
                return Some(Err(Error::new(
                    ErrorKind::Config,
                    format!("the certificate of {whose} is refused: {error}"),
                )
                .hint(renew(url))));
            }
        };
        Some(self.lasts(&format!("the certificate of {whose}"), until, now, &renew(url)))
    }

    /// The public half of the service account's key has an end, where Google knows the key.
    async fn credentials(&self, now: DateTime<Utc>) -> Option<Result<String, Error>> {
        let key: Value = serde_json::from_str(self.key.as_ref()?).ok()?;
        let (url, id) = (key["client_x509_cert_url"].as_str()?, key["private_key_id"].as_str()?);
        let answer = remote::get(url).await.ok()?;
        let known: Value = serde_json::from_slice(&answer.body).ok()?;
        let hint = "make a new key in the Google Cloud console (IAM, Service Accounts, Keys), put it in the place of \
                    the old file, and try it with `exporter check`";
        let Some(certificate) = known.as_object()?.get(id) else {
            let error = Error::new(
                ErrorKind::SheetCredentials,
                "Google does not know the service account's key (any more)",
            );
            return Some(Err(error.context("key", id).hint(hint)));
        };
        let until = certificate::not_after_of_pem(certificate.as_str()?)?;
        Some(self.lasts("the service account's key", until, now, hint))
    }

    /// Whether something lasts longer than the days of warning.
    fn lasts(
        &self,
        what: &str,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
        hint: &str,
    ) -> Result<String, Error> {
        let day = until.format("%Y-%m-%d");
        if until - now > TimeDelta::days(self.limits.certificate_days.into()) {
            return Ok(format!("{what} lasts until {day}"));
        }
        let ends = if until < now { "has ended on" } else { "ends on" };
        Err(Error::new(ErrorKind::Config, format!("{what} {ends} {day}")).hint(hint))
    }
}

/// Who renews a certificate, and how to look at it.
fn renew(url: &str) -> String {
    let uri = url.parse::<hyper::Uri>().unwrap_or_default();
    let (host, port) = (uri.host().unwrap_or_default(), uri.port_u16().unwrap_or(443));
    format!(
        "whoever runs it has to renew it; look at it: openssl s_client -connect {host}:{port} </dev/null | openssl \
         x509 -noout -dates"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched(limits: WatchSection, directory: &Path) -> Watched {
        Watched {
            limits,
            state: directory.join("state.db"),
            state_limit: 10,
            downloads: directory.join("downloads"),
            log: Some((directory.join("log/exporter.log"), 10)),
            copies: Some(directory.join("backups")),
            panel: String::new(),
            google: String::new(),
            key: None,
        }
    }

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-01-{text}:00Z").parse().unwrap()
    }

    fn answer(date: Option<&str>, not_after: Option<&str>) -> remote::Answer {
        remote::Answer { date: date.map(at), not_after: not_after.map(at), body: hyper::body::Bytes::new() }
    }

    fn words(found: Option<Result<String, Error>>) -> String {
        match found {
            None => "nothing".to_owned(),
            Some(Ok(text)) => text,
            Some(Err(error)) => format!("{error} → {}", error.hints()[0]),
        }
    }

    #[test]
    fn a_clock_that_is_off_says_by_how_much_and_how_it_is_set() {
        let watched = watched(WatchSection::default(), Path::new("."));
        let clock = |date| words(watched.clock(&Ok(answer(date, None)), at("05T01:00")));
        assert_eq!(clock(Some("05T01:01")), "right");
        let off = clock(Some("05T00:55"));
        assert!(
            off.starts_with("the clock of this machine is 300 seconds off → ") && off.contains("timedatectl")
        );
        assert_eq!(clock(None), "nothing");
    }

    #[test]
    fn what_ends_soon_is_told_with_its_day() {
        let watched = watched(WatchSection::default(), Path::new("."));
        let ends = |until| {
            words(watched.certificate(
                &Ok(answer(None, Some(until))),
                "https://panel.example/x",
                "the panel",
                at("05T01:00"),
            ))
        };
        assert_eq!(ends("31T00:00"), "the certificate of the panel lasts until 2026-01-31");
        let soon = ends("12T00:00");
        assert!(soon.starts_with("the certificate of the panel ends on 2026-01-12 → "), "{soon}");
        assert!(soon.contains("openssl s_client -connect panel.example:443"), "{soon}");
        assert!(ends("04T00:00").starts_with("the certificate of the panel has ended on 2026-01-04 → "));
        assert_eq!(
            words(watched.certificate(
                &Ok(answer(None, None)),
                "https://panel.example/x",
                "the panel",
                at("05T01:00")
            )),
            "nothing"
        );
    }

    #[test]
    fn every_disk_that_is_written_to_is_looked_at() {
        let directory = tempfile::tempdir().unwrap();
        let limits = |free_megabytes| WatchSection { free_megabytes, ..WatchSection::default() };
        let watched = watched(limits(0), directory.path());
        assert!(words(watched.disks()).ends_with(" MB free"), "{}", words(watched.disks()));
        // `/proc` has no room at all; only the copies go there.
        let elsewhere = Watched { copies: Some("/proc/copies".into()), limits: limits(1), ..watched };
        let said = words(elsewhere.disks());
        assert!(
            !cfg!(target_os = "linux") || said.contains("(directory: /proc) → see what takes the room"),
            "{said}"
        );
    }

    #[test]
    fn files_that_grow_are_told_with_their_place() {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path();
        let watched = watched(WatchSection { downloads_megabytes: 0, ..WatchSection::default() }, place);
        assert_eq!(words(Some(watched.files())), "0 MB of log, state and downloads");
        std::fs::create_dir(place.join("downloads")).unwrap();
        std::fs::write(place.join("downloads/a.xlsx"), "x").unwrap();
        assert!(words(Some(watched.files())).starts_with("what was downloaded takes 0 MB (where: "));
        std::fs::create_dir(place.join("log")).unwrap();
        for name in ["exporter.log", "exporter.log.1"] {
            std::fs::write(place.join("log").join(name), "123456789").unwrap();
        }
        assert!(
            words(Some(watched.files())).starts_with("the log takes 0 MB"),
            "{}",
            words(Some(watched.files()))
        );
        std::fs::write(place.join("state.db"), "0123456789abcdef").unwrap();
        assert!(words(Some(watched.files())).starts_with("the state takes 0 MB"));
    }
}
