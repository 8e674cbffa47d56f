//! Files for schedulers outside: systemd, cron, Windows, Render, Docker, Kubernetes.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use exporter_core::{Error, ErrorKind};
use exporter_schedule::{Schedule, Slot, in_utc};

/// Where the runs are to be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// A service and a timer.
    Systemd,
    /// A crontab.
    Cron,
    /// The task scheduler.
    Windows,
    /// render.com, which knows UTC only.
    Render,
    /// A container that runs the service.
    Docker,
    /// A job in a cluster.
    Kubernetes,
}

/// What is to be started, and when.
pub struct Job<'a> {
    /// When.
    pub schedule: &'a Schedule,
    /// This program.
    pub program: PathBuf,
    /// The configuration.
    pub config: PathBuf,
    /// Now: whether clocks change is seen from here on.
    pub now: DateTime<Utc>,
}

/// Names and texts of the files.
///
/// # Errors
/// [`ErrorKind::Config`] when the schedule cannot be said in the platform's words.
pub fn files(platform: Platform, job: &Job<'_>) -> Result<Vec<(String, String)>, Error> {
    Ok(match platform {
        Platform::Systemd => {
            vec![
                named("exporter.service", systemd(job, include_str!("install/exporter.service"))),
                named("exporter.timer", systemd_timer(job)?),
                named("exporter-serve.service", systemd(job, include_str!("install/exporter-serve.service"))),
            ]
        }
        Platform::Cron => vec![named("exporter.cron", crontab(job)?)],
        Platform::Windows => vec![named("exporter-schedule.cmd", windows(job)?)],
        Platform::Render => vec![named("render.yaml", render(job)?)],
        Platform::Docker => vec![
            named("Dockerfile", include_str!("install/Dockerfile").to_owned()),
            named("compose.yaml", include_str!("install/compose.yaml").to_owned()),
        ],
        Platform::Kubernetes => vec![named("cronjob.yaml", kubernetes(job)?)],
    })
}

fn named(name: &str, text: String) -> (String, String) {
    (name.to_owned(), text)
}

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

fn systemd(job: &Job<'_>, unit: &str) -> String {
    // A unit that protects people's homes does not see what is in them.
    let at_home =
        [&job.program, &job.config].iter().any(|path| path.starts_with("/home") || path.starts_with("/root"));
    unit.replace("{program}", &word(&job.program, &SYSTEMD))
        .replace("{days}", &fetched(job).to_string())
        .replace("{config}", &word(&job.config, &SYSTEMD))
        .replace("{directory}", &word(job.config.parent().unwrap_or(Path::new("/")), &SYSTEMD))
        .replace("ProtectHome=true", if at_home { "ProtectHome=false" } else { "ProtectHome=true" })
}

fn systemd_timer(job: &Job<'_>) -> Result<String, Error> {
    let zone = job.schedule.cron.zone();
    let mut calendar = String::new();
    for Slot { minute, hour, weekdays } in working(job)? {
        let days: Vec<&str> = weekdays.iter().filter_map(|day| DAYS.get(*day as usize).copied()).collect();
        let days = if days.is_empty() { String::new() } else { format!("{} ", days.join(",")) };
        // Writing to a String cannot fail.
        let _ = writeln!(calendar, "OnCalendar={days}*-*-* {hour:02}:{minute:02}:00 {zone}");
    }
    Ok(include_str!("install/exporter.timer").replace("{calendar}\n", &calendar))
}

fn crontab(job: &Job<'_>) -> Result<String, Error> {
    no_days_off(job)?;
    let (program, config) = (word(&job.program, &CRONTAB), word(&job.config, &CRONTAB));
    let (zone, pattern) = (job.schedule.cron.zone(), job.schedule.cron.portable()?);
    Ok(format!(
        "# For `crontab -e`. A cron that does not know CRON_TZ (see `man 5 crontab`) needs the\n\
         # times in the machine's own zone.\n\
         CRON_TZ={zone}\n\
         {pattern} {program} run --config {config} --last {} >> {} 2>&1\n",
        fetched(job),
        word(&job.config.with_extension("log"), &CRONTAB),
    ))
}

fn windows(job: &Job<'_>) -> Result<String, Error> {
    let mut text = "@echo off\r\nrem Run once as administrator. Times are in this machine's own time zone: the schedule's is ".to_owned();
    let _ = write!(text, "{}.\r\n", job.schedule.cron.zone());
    for Slot { minute, hour, weekdays } in working(job)? {
        let days: Vec<String> =
            weekdays.iter().filter_map(|day| DAYS.get(*day as usize)).map(|day| day.to_uppercase()).collect();
        let when = if days.is_empty() { "DAILY".to_owned() } else { format!("WEEKLY /D {}", days.join(",")) };
        let _ = write!(
            text,
            "schtasks /Create /F /TN \"exporter {hour:02}{minute:02}\" /SC {when} /ST {hour:02}:{minute:02} /TR \"\\\"{}\\\" run --config \\\"{}\\\" --last {}\"\r\n",
            job.program.display().to_string().replace('%', "%%"),
            job.config.display().to_string().replace('%', "%%"),
            fetched(job),
        );
    }
    Ok(text)
}

fn render(job: &Job<'_>) -> Result<String, Error> {
    no_days_off(job)?;
    let (patterns, changes) = in_utc(&job.schedule.cron, job.now)?;
    let services = patterns.iter().zip(1..).map(|(pattern, number)| {
        let name = if patterns.len() == 1 { "exporter".to_owned() } else { format!("exporter-{number}") };
        include_str!("install/render-service.yaml")
            .replace("{name}", &name)
            .replace("{local}", &format!("{} in {}", job.schedule.cron.text(), job.schedule.cron.zone()))
            .replace("{pattern}", pattern)
            .replace("{days}", &fetched(job).to_string())
    });
    let warning = changes.map_or_else(String::new, |day| {
        format!("# The clocks of this zone change on {day}: until then the times below are right. Write this file\n# anew on that day.\n")
    });
    let services = services.collect::<String>();
    Ok(include_str!("install/render.yaml").replace("{warning}", &warning).replace("{services}", &services))
}

fn kubernetes(job: &Job<'_>) -> Result<String, Error> {
    no_days_off(job)?;
    Ok(include_str!("install/cronjob.yaml")
        .replace("{pattern}", &job.schedule.cron.portable()?)
        .replace("{zone}", job.schedule.cron.zone().name())
        .replace("{days}", &fetched(job).to_string()))
}

/// So many ticks are looked at for the days that runs fetch.
const TICKS: usize = 120;

/// How many days each run fetches, where the scheduler outside cannot say how many: those of
/// the run that fetches most, so that nights and days off leave no hole.
fn fetched(job: &Job<'_>) -> i64 {
    let ticks = std::iter::successors(job.schedule.next(job.now), |tick| job.schedule.next(*tick));
    let longest = ticks.take(TICKS).map(|tick| job.schedule.window(tick).days()).max();
    longest.unwrap_or_default().max(job.schedule.last_days.into())
}

/// What has a meaning of its own between double quotes, and how it is written without one.
type Escapes = [(char, &'static str); 5];
const SYSTEMD: Escapes = [('"', "\\\""), ('\\', "\\\\"), ('$', "$$"), ('%', "%%"), ('\n', "\\n")];
/// The shell's, and a `%`, which ends the line for cron.
const CRONTAB: Escapes = [('"', "\\\""), ('\\', "\\\\"), ('$', "\\$"), ('%', "\\%"), ('`', "\\`")];

/// A path as one word, whatever its name.
fn word(path: &Path, escapes: &Escapes) -> String {
    let path = path.display().to_string();
    if path.chars().all(|c| c.is_alphanumeric() || "/_-.+:@".contains(c)) {
        return path;
    }
    let written = path.chars().map(|c| match escapes.iter().find(|(special, _)| *special == c) {
        Some((_, plain)) => (*plain).to_owned(),
        None => c.to_string(),
    });
    format!("\"{}\"", written.collect::<String>())
}

/// A list of more times of day than this is one that nobody reads.
const MOST: usize = 48;

/// The times of day, on working days only.
fn working(job: &Job<'_>) -> Result<Vec<Slot>, Error> {
    let days = |slot: Slot| {
        let all = if slot.weekdays.is_empty() { (0..7).collect() } else { slot.weekdays };
        let weekdays = all.into_iter().filter(|day| job.schedule.calendar.is_working_weekday(*day)).collect();
        Slot { weekdays, ..slot }
    };
    let slots = job.schedule.cron.slots()?;
    if slots.len() > MOST {
        let why = format!(
            "`{}` has {} times of day, too many to write down",
            job.schedule.cron.text(),
            slots.len()
        );
        return Err(Error::new(ErrorKind::Config, why)
            .hint("use `exporter serve`, which needs no scheduler outside, or let it be due less often"));
    }
    let slots = slots.into_iter().map(days);
    let slots = slots.filter(|slot| !slot.weekdays.is_empty());
    Ok(slots
        .map(|slot| if slot.weekdays.len() == 7 { Slot { weekdays: BTreeSet::new(), ..slot } } else { slot })
        .collect())
}

/// Platforms that take the pattern as it is know nothing of days off.
fn no_days_off(job: &Job<'_>) -> Result<(), Error> {
    if (0..7).all(|day| job.schedule.calendar.is_working_weekday(day)) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Config, "`working_days` cannot be said in this platform's words")
        .hint("name the days in the pattern itself: `0 8,18 * * 1-5`, or use `exporter serve`"))
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;
    use exporter_schedule::{Calendar, CatchUp, Cron};

    use super::*;

    fn schedule(cron: &str, zone: Tz, weekdays: &[&str]) -> Schedule {
        let weekdays: Vec<String> = weekdays.iter().map(|day| (*day).to_owned()).collect();
        Schedule {
            cron: Cron::new(cron, zone, now()).unwrap(),
            calendar: Calendar::new(&weekdays, []).unwrap(),
            panel: zone,
            // The day itself and the three before it, as where nothing is said.
            last_days: 4,
            catch_up: CatchUp::Merge,
            catch_up_days: 7,
        }
    }

    fn now() -> DateTime<Utc> {
        "2026-01-05T05:00:00Z".parse().unwrap()
    }

    fn written(platform: Platform, schedule: &Schedule) -> Result<Vec<(String, String)>, Error> {
        let job = Job {
            schedule,
            program: "/usr/local/bin/exporter".into(),
            config: "/etc/exporter/exporter.toml".into(),
            now: now(),
        };
        files(platform, &job)
    }

    const ALL: [Platform; 6] = [
        Platform::Systemd,
        Platform::Cron,
        Platform::Windows,
        Platform::Render,
        Platform::Docker,
        Platform::Kubernetes,
    ];

    /// `deploy/` is what the command writes for runs at 8:00 and 18:00 in Jakarta. To write
    /// it anew: `UPDATE_DEPLOY=1 cargo test -p exporter-cli deploy`.
    #[test]
    fn the_files_in_deploy_are_those_of_the_command() {
        let deploy = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy"));
        let schedule = schedule("0 8,18 * * *", Tz::Asia__Jakarta, &[]);
        for (name, text) in ALL.iter().flat_map(|platform| written(*platform, &schedule).unwrap()) {
            let path = deploy.join(&name);
            if std::env::var_os("UPDATE_DEPLOY").is_some() {
                std::fs::create_dir_all(deploy).unwrap();
                std::fs::write(&path, &text).unwrap();
            }
            let there = std::fs::read_to_string(&path).unwrap_or_default();
            assert_eq!(there, text, "deploy/{name} is not what `exporter schedule install` writes");
        }
    }

    #[test]
    fn a_path_with_spaces_is_one_word() {
        let schedule = schedule("0 8 * * *", Tz::Asia__Jakarta, &[]);
        let (program, config) =
            ("/opt/my programs/exporter".into(), "/srv/toko andalan/exporter.toml".into());
        let job = Job { schedule: &schedule, program, config, now: now() };
        let line = "\"/opt/my programs/exporter\" run --config \"/srv/toko andalan/exporter.toml\" --last 4";
        let crontab = files(Platform::Cron, &job).unwrap().remove(0).1;
        let log = "\"/srv/toko andalan/exporter.log\"";
        assert!(crontab.contains(&format!("{line} >> {log} 2>&1")), "{crontab}");
        let unit = files(Platform::Systemd, &job).unwrap().remove(0).1;
        assert!(unit.contains(&format!("ExecStart={line}\n")), "{unit}");
        assert!(
            unit.contains("ReadWritePaths=\"/srv/toko andalan\"\n"),
            "state and downloads lie there: {unit}"
        );
    }

    #[test]
    fn where_only_utc_is_known_the_times_are_in_utc() {
        let jakarta = schedule("0 8,18 * * *", Tz::Asia__Jakarta, &[]);
        let text = written(Platform::Render, &jakarta).unwrap().remove(0).1;
        assert!(text.contains("schedule: \"0 1,11 * * *\"") && !text.contains("clocks"), "{text}");
        // Times in winter and summer that differ need two services, but one state.
        assert_eq!(text.matches("databases:\n").count(), 1, "{text}");
        assert!(!text.contains('{'), "nothing is left to fill in: {text}");
        let berlin = schedule("0 8 * * *", Tz::Europe__Berlin, &[]);
        let text = written(Platform::Render, &berlin).unwrap().remove(0).1;
        assert!(text.starts_with("# The clocks of this zone change on 2026-03-29:"), "{text}");
    }

    #[test]
    fn a_path_with_odd_signs_is_what_it_is_and_homes_are_seen() {
        let schedule = schedule("0 8 * * *", Tz::Asia__Jakarta, &[]);
        let (program, config) = ("/usr/bin/exporter".into(), "/home/a/50% \"$x\"/e.toml".into());
        let job = Job { schedule: &schedule, program, config, now: now() };
        let unit = files(Platform::Systemd, &job).unwrap().remove(0).1;
        assert!(unit.contains(r#"--config "/home/a/50%% \"$$x\"/e.toml" --last"#), "{unit}");
        assert!(unit.contains("\nProtectHome=false\n"), "{unit}");
        let crontab = files(Platform::Cron, &job).unwrap().remove(0).1;
        assert!(crontab.contains(r#"--config "/home/a/50\% \"\$x\"/e.toml" --last"#), "{crontab}");
        assert!(files(Platform::Windows, &job).unwrap().remove(0).1.contains("/home/a/50%% "));
    }

    #[test]
    fn a_run_from_outside_fetches_as_many_days_as_the_longest_that_is_due() {
        let mut schedule = schedule("0 8 * * 1-5", Tz::Asia__Jakarta, &[]);
        schedule.last_days = 1;
        let crontab = written(Platform::Cron, &schedule).unwrap().remove(0).1;
        // On Monday all days from Friday on, which went on after the run at 8:00.
        assert!(crontab.contains(" --last 4 "), "{crontab}");
    }

    #[test]
    fn patterns_that_only_some_crons_know_are_written_plainly_or_refused() {
        let named = schedule("0 8 * * fri-sun", Tz::Asia__Jakarta, &[]);
        let monthly = schedule("0 8 1 * *", Tz::Asia__Jakarta, &[]);
        let last = schedule("0 8 L * *", Tz::Asia__Jakarta, &[]);
        let often = schedule("*/5 * * * *", Tz::Asia__Jakarta, &[]);
        for platform in [Platform::Systemd, Platform::Windows] {
            assert!(written(platform, &often).unwrap_err().to_string().contains("288 times of day"));
        }
        let text = |platform, schedule: &Schedule| written(platform, schedule).unwrap().remove(0).1;
        assert!(text(Platform::Kubernetes, &named).contains("schedule: \"0 8 * * 0,5,6\""));
        assert!(text(Platform::Cron, &named).contains("\n0 8 * * 0,5,6 /usr"));
        assert!(text(Platform::Cron, &monthly).contains("\n0 8 1 * * /usr"));
        for platform in
            [Platform::Systemd, Platform::Cron, Platform::Windows, Platform::Render, Platform::Kubernetes]
        {
            assert!(written(platform, &last).unwrap_err().hints()[0].contains("exporter serve"));
        }
    }

    #[test]
    fn days_off_are_kept_or_refused() {
        let schedule = schedule("0 8 * * *", Tz::Asia__Jakarta, &["mon", "tue"]);
        let timer = written(Platform::Systemd, &schedule).unwrap().remove(1).1;
        assert!(timer.contains("OnCalendar=Mon,Tue *-*-* 08:00:00 Asia/Jakarta\n"), "{timer}");
        let commands = written(Platform::Windows, &schedule).unwrap().remove(0).1;
        assert!(commands.contains("/SC WEEKLY /D MON,TUE /ST 08:00"), "{commands}");
        for platform in [Platform::Cron, Platform::Render, Platform::Kubernetes] {
            assert!(written(platform, &schedule).unwrap_err().hints()[0].contains("0 8,18 * * 1-5"));
        }
    }
}
