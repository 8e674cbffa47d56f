//! The service: runs when they are due, its health, how it stops, and two of them.

use std::collections::HashSet;
use std::process::Stdio;
use std::time::Duration;

use chrono::NaiveDate;
use exporter_core::Window;
use exporter_sandbox::faults::FaultKind;
use exporter_sandbox::sheets::Quotas;
use exporter_sandbox::{Options, Sandbox};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::Child;

use crate::bench::{Bench, command, exporter};

/// Half a day: every step of the clock is beyond the next tick.
const STEP: i64 = 12 * 3600;

/// A sandbox whose configuration has a schedule, with two exports to be quick.
pub async fn scheduled() -> Bench {
    // More runs in a minute than Google allows for: quotas are another test's business.
    let options = Options { quotas: Quotas::Off, ..Options::default() };
    let bench = Bench { sandbox: Sandbox::start(options).await.unwrap() };
    let schedule = "[schedule]\ncron = \"0 */6 * * *\"\n\n[panel]\norder = [\"koin_pay\", \"user\"]";
    bench.edit("[panel]", schedule);
    // So are the limits of a chat, which put messages off.
    bench.sandbox.telegram().limit(false);
    bench
}

/// A service whose clock is ahead; killed when it is dropped.
fn serve(bench: &Bench, ahead: i64) -> Child {
    let (config, ahead) = (bench.config().display().to_string(), ahead.to_string());
    let words = [
        "serve",
        "--config",
        &config,
        "--listen",
        "127.0.0.1:0",
        "--driver",
        "http",
        "--clock-ahead",
        &ahead,
    ];
    command(&words).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The address that it answers at; the rest of what it says is read so that it never waits.
async fn address(child: &mut Child) -> String {
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    // Of two services over one bot the chat may come first, with a warning that both listen to it.
    let address = loop {
        let line = lines.next_line().await.unwrap().expect("it says where it answers");
        if let Some((_, address)) = line.split_once("health and metrics at http://") {
            break address.trim_end_matches('/').to_owned();
        }
    };
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    address
}

async fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn history(bench: &Bench) -> Vec<Value> {
    let config = bench.config().display().to_string();
    let ended = exporter(&["history", "--config", &config, "--last", "1000", "--json"]).await;
    serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{ended:?}"))
}

/// Waits until so many runs have ended well.
async fn well(bench: &Bench, count: usize) -> Vec<Value> {
    for _ in 0..600 {
        let runs = history(bench).await;
        if runs.iter().filter(|run| run["state"] == "ok").count() >= count {
            return runs;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no {count} good runs within a minute: {:#?}", history(bench).await);
}

/// Ends a service as systemd does.
async fn stop(mut child: Child) -> Option<i32> {
    let pid = child.id().unwrap().to_string();
    tokio::process::Command::new("kill").args(["-TERM", &pid]).status().await.unwrap();
    child.wait().await.unwrap().code()
}

#[tokio::test]
async fn it_runs_when_a_run_is_due_answers_and_stops_when_it_is_told() {
    let bench = scheduled().await;
    // The first start takes the schedule over and never looks back.
    let mut child = serve(&bench, 0);
    let at = address(&mut child).await;
    assert!(get(&at, "/healthz").await.starts_with("HTTP/1.1 200"));
    while !get(&at, "/readyz").await.starts_with("HTTP/1.1 200") {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(get(&at, "/metrics").await.contains("\nexporter_up 1\n"));
    assert_eq!(stop(child).await, Some(0));
    assert!(history(&bench).await.is_empty());

    // Half a day later a run is due, and its days are those since the last tick.
    let mut child = serve(&bench, STEP);
    let at = address(&mut child).await;
    let runs = well(&bench, 1).await;
    assert_eq!((runs.len(), runs[0]["cause"].as_str()), (1, Some("schedule")));
    let metrics = get(&at, "/metrics").await;
    assert!(metrics.contains("exporter_runs{state=\"ok\"} 1\n"), "{metrics}");
    assert!(metrics.contains("exporter_last_run_rows{export=\"koin_pay\"}"), "{metrics}");
    assert_eq!(stop(child).await, Some(0));
    assert_eq!(bench.sandbox.telegram().pinned(-1_001_234_567_890).len(), 1, "how things stand is pinned");
}

/// The memory of a run is given back, and nobody notices.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn after_a_run_it_starts_anew_in_the_same_process_and_behind_the_same_door() {
    let bench = scheduled().await;
    assert_eq!(stop(started(serve(&bench, 0)).await).await, Some(0));
    let mut child = serve(&bench, STEP);
    let at = address(&mut child).await;
    well(&bench, 1).await;
    let environment = format!("/proc/{}/environ", child.id().unwrap());
    let is_anew =
        || std::fs::read(&environment).unwrap().windows(20).any(|word| word == b"EXPORTER_SERVE_AGAIN");
    assert!(!is_anew(), "it waits a moment: somebody may look at what was done");
    while !is_anew() {
        assert!(get(&at, "/healthz").await.starts_with("HTTP/1.1 200"));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(get(&at, "/healthz").await.starts_with("HTTP/1.1 200"));
    // It listens in the chat as before, and what was done is not done again.
    bench.sandbox.telegram().say(-1_001_234_567_890, "Budi", "/run");
    let runs = well(&bench, 2).await;
    assert_eq!(
        runs.iter().map(|run| run["cause"].as_str().unwrap()).collect::<Vec<_>>(),
        ["chat", "schedule"]
    );
    assert_eq!(stop(child).await, Some(0));
}

#[tokio::test]
async fn two_services_over_one_state_never_run_the_same_account_at_once() {
    two_services(&scheduled().await, 3).await;
}

/// Two services over one state for so many ticks.
pub async fn two_services(bench: &Bench, rounds: i64) {
    assert_eq!(stop(started(serve(bench, 0)).await).await, Some(0));
    for round in 1..=rounds {
        let (one, two) = (serve(bench, STEP * round), serve(bench, STEP * round));
        let (one, two) = (started(one).await, started(two).await);
        well(bench, usize::try_from(round).unwrap()).await;
        assert_eq!((stop(one).await, stop(two).await), (Some(0), Some(0)));
    }
    let mut spans: Vec<(String, String)> = history(bench)
        .await
        .iter()
        .map(|run| {
            (run["started"].as_str().unwrap().to_owned(), run["finished"].as_str().unwrap().to_owned())
        })
        .collect();
    spans.sort();
    for pair in spans.windows(2) {
        assert!(pair[0].1 <= pair[1].0, "two runs at once: {pair:?}");
    }
    // Who had decided to run before the other's run was over leaves it at that.
    let runs = history(bench).await;
    assert_eq!(
        i64::try_from(runs.len()).unwrap(),
        rounds,
        "one run for each time that one was due: {runs:#?}"
    );
    let keys: Vec<String> = bench.tab("koin_pay").into_iter().skip(1).map(|row| row[0].clone()).collect();
    let different: std::collections::BTreeSet<&String> = keys.iter().collect();
    assert_eq!(different.len(), keys.len(), "no row is there twice");
}

/// A service that has begun to answer.
async fn started(mut child: Child) -> Child {
    address(&mut child).await;
    child
}

/// Every day from the first to the last is covered, and a look over all of them finds no row that
/// is not in the sheet.
async fn no_day_is_missing(bench: &Bench, runs: &[Value]) {
    let store = bench.state().await;
    let account = runs[0]["account"].as_str().unwrap();
    let last: NaiveDate =
        runs.iter().map(|run| run["window"]["to"].as_str().unwrap()).max().unwrap().parse().unwrap();
    let first = store.first_covered(account).await.unwrap().expect("something was loaded");
    let whole = Window::inclusive(first, last).unwrap();
    let covered = store.coverage(account, whole).await.unwrap();
    for export in ["koin_pay", "user"] {
        let is_there = |day: &NaiveDate| covered.iter().any(|one| one.export == export && one.day == *day);
        let holes: Vec<NaiveDate> =
            first.iter_days().take_while(|day| whole.contains(*day)).filter(|day| !is_there(day)).collect();
        assert!(holes.is_empty(), "{export}: {holes:?} are missing of {first}..{last}");
    }
    let (config, from, to) = (bench.config().display().to_string(), first.to_string(), last.to_string());
    let words =
        ["run", "--dry-run", "--config", &config, "--from", &from, "--to", &to, "--driver", "http", "--json"];
    let ended = exporter(&words).await;
    let report: Value = serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{ended:?}"));
    for export in report["exports"].as_array().unwrap() {
        assert!(export["status"] == "ok" && export["rows"].as_u64() > Some(0), "{export:#}");
        assert_eq!(export["new"], 0, "rows are missing in the sheet: {export:#}");
    }
}

/// Killed at random moments: no lease is stuck, no day is missing, nothing is doubled.
#[tokio::test]
async fn a_service_that_is_killed_again_and_again_loses_and_doubles_nothing() {
    let kills: u32 = std::env::var("EXPORTER_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(8);
    killed(&scheduled().await, kills).await;
}

/// A service that is killed so many times.
pub async fn killed(bench: &Bench, kills: u32) {
    assert_eq!(stop(started(serve(bench, 0)).await).await, Some(0));
    let mut random: u64 = 0x9e37_79b9_7f4a_7c15;
    let sent = || bench.sandbox.telegram().messages().len();
    // The last message of each life: whether it was noted that it arrived, nobody knows.
    let (mut before, mut last_words) = (sent(), HashSet::new());
    for kill in 1..=kills {
        // A small generator of our own (xorshift64), so that a failure can be repeated.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let mut child = serve(bench, STEP * i64::from(kill));
        tokio::time::sleep(Duration::from_millis(random % 1_500)).await;
        child.kill().await.unwrap();
        let now = sent();
        if now > before {
            last_words.insert(now - 1);
        }
        before = now;
    }
    let good = history(bench).await.iter().filter(|run| run["state"] == "ok").count();
    let child = serve(bench, STEP * i64::from(kills + 1));
    let child = started(child).await;
    let runs = well(bench, good + 1).await;
    assert_eq!(stop(child).await, Some(0));
    assert!(runs.iter().all(|run| run["state"] != "running"), "what was cut off is noted: {runs:#?}");

    no_day_is_missing(bench, &runs).await;
    for (tab, key) in [("koin_pay", "Kode"), ("user", "ID")] {
        let rows = bench.tab(tab);
        let key = rows[0].iter().position(|name| name == key).expect("the key has a column");
        let mut keys: Vec<&String> = rows.iter().skip(1).map(|row| &row[key]).collect();
        let all = keys.len();
        keys.sort();
        keys.dedup();
        assert!(all > 1 && keys.len() == all, "{tab}: {all} rows, {} keys", keys.len());
    }
    // Each finished run tells its end once: it has been told, or waits for its turn, because
    // Telegram takes twenty messages a minute. A message that was sent in the moment of a kill may
    // be there twice: Telegram's own limit. It may arrive when the messages had been counted.
    let twice = 1 + kills as usize / 50;
    let ended: Vec<&Value> = runs.iter().filter(|run| run["state"] == "ok").collect();
    let store = bench.state().await;
    let mut waiting = 0;
    for run in &ended {
        let (mail, why) = store.mail(run["id"].as_str().unwrap()).await.unwrap();
        assert!(mail.given >= 2 && mail.refused == 0, "{run:#}: {mail:?} {why:?}");
        waiting += usize::from(mail.told < mail.given);
    }
    let messages = bench.sandbox.telegram().messages();
    let all = messages.iter().filter(|text| text.contains("ekspor selesai")).count();
    assert!(all + waiting >= ended.len(), "{} runs ended, {all} were told, {waiting} wait", ended.len());
    let noted: Vec<&String> = messages
        .iter()
        .enumerate()
        .filter(|(at, _)| !last_words.contains(at))
        .map(|(_, text)| text)
        .collect();
    let told = noted.iter().filter(|text| text.contains("ekspor selesai")).count();
    assert!(told <= ended.len() + twice, "{} runs ended, {told} were told for certain", ended.len());
    let shown = noted.iter().filter(|text| text.contains("ekspor dimulai") || text.contains("terputus"));
    let (shown, cut) = (shown.count(), runs.iter().filter(|run| run["state"] == "interrupted").count());
    assert!(
        shown <= runs.len() + twice,
        "each run shows its progress in one message: {} runs, {cut} of them cut off, {shown} messages",
        runs.len()
    );
    println!(
        "{kills} kills: {} runs, {} well, {cut} cut off; {} messages, {} of them the last of a life",
        runs.len(),
        ended.len(),
        messages.len(),
        last_words.len()
    );
}

#[tokio::test]
async fn the_chat_asks_and_strangers_are_not_heard() {
    let bench = scheduled().await;
    let child = started(serve(&bench, 0)).await;
    let chat = exporter_sandbox::telegram::CHAT_ID;
    let telegram = bench.sandbox.telegram();
    let hears = async |needle: &str| {
        for _ in 0..300 {
            if telegram.messages().iter().any(|text| text.contains(needle)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{needle} is not in {:#?}", telegram.messages());
    };
    telegram.add_chat(77, "A stranger");
    telegram.say(77, "Eve", "/run");
    telegram.say(chat, "Budi", "good morning");
    telegram.say(chat, "Budi", "/status@sandbox_bot");
    hears("Berikutnya:").await;
    telegram.say(chat, "Budi", "/pause");
    hears("Dijeda").await;
    telegram.say(chat, "Budi", "/run");
    hears("ekspor selesai").await;
    telegram.say(chat, "Budi", "/history");
    hears(" diperbarui").await;
    telegram.say(chat, "Budi", "/plan");
    hears("Uji coba").await;
    let runs = history(&bench).await;
    assert_eq!(runs.iter().filter(|run| run["cause"] == "chat").count(), 2, "{runs:#?}");
    assert_eq!(telegram.history(77).len(), 1, "the stranger has no answer");
    assert!(telegram.commands().iter().any(|name| name == "status"), "the chat shows the commands");
    assert_eq!(stop(child).await, Some(0));

    // Paused: half a day later nothing is started by itself until somebody says so.
    let mut child = serve(&bench, STEP);
    let at = address(&mut child).await;
    while !get(&at, "/readyz").await.starts_with("HTTP/1.1 200") {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(history(&bench).await.len(), 2);
    telegram.say(chat, "Budi", "/resume");
    hears("Dilanjutkan").await;
    let runs = well(&bench, 3).await;
    assert_eq!((runs.len(), runs[0]["cause"].as_str()), (3, Some("schedule")), "{runs:#?}");
    assert_eq!(stop(child).await, Some(0));
}

#[tokio::test]
async fn the_chat_names_exports_and_days_and_nothing_is_done_twice() {
    let bench = scheduled().await;
    let child = started(serve(&bench, 0)).await;
    let (chat, telegram) = (exporter_sandbox::telegram::CHAT_ID, bench.sandbox.telegram());
    let answered = async |needle: &str, times: usize| {
        for _ in 0..300 {
            if telegram.messages().iter().filter(|text| text.contains(needle)).count() >= times {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{needle} is not {times} times in {:#?}", telegram.messages());
    };
    telegram.say(chat, "Budi", "/run@another_bot");
    telegram.say(chat, "Budi", "/jalan");
    answered("tidak dikenal", 1).await;
    telegram.say(chat, "Budi", "/run koin_pya");
    answered("bukan nama ekspor dan bukan hari", 1).await;
    telegram.say(chat, "Budi", "/start");
    answered("/retry – ", 2).await;
    // The panel thinks for a second; meanwhile the same is asked again.
    let slow = FaultKind::Delay { ms: 1_000 };
    bench.sandbox.faults().once("panel", "*", slow);
    telegram.say(chat, "Budi", "/run koin_pay 2026-01-05 2026-01-06");
    telegram.say(chat, "Budi", "/run 2026-01-05 2026-01-06 koin_pay");
    answered("cukup sekali", 1).await;
    telegram.say(chat, "Budi", "/plan@sandbox_bot");
    answered("dikerjakan sesudahnya", 1).await;
    answered("Uji coba", 1).await;
    telegram.say(chat, "Budi", "/pause");
    answered("⏸", 1).await;
    telegram.say(chat, "Budi", "/resume");
    answered("Dilanjutkan", 1).await;
    let runs = history(&bench).await;
    assert_eq!(runs.len(), 2, "{runs:#?}");
    let run = runs.iter().find(|run| run["dry_run"] == false).unwrap();
    assert_eq!(run["window"], serde_json::json!({"from": "2026-01-05", "to": "2026-01-06"}));
    assert!(bench.tab("koin_pay").len() > 1 && bench.tab("user").is_empty(), "{run:#}");

    // What cannot begin is told to who asked.
    let config = std::fs::read_to_string(bench.config()).unwrap();
    std::fs::write(bench.config(), config.replace("timezone", "timezoen")).unwrap();
    telegram.say(chat, "Budi", "/run");
    answered("tidak dapat dikerjakan", 2).await;
    assert_eq!(stop(child).await, Some(0));
}
