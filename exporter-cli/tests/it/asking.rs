//! A one-time code: asked for in the chat or on the terminal while the login waits.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::Stdio;

use exporter_sandbox::panel::Mode;
use exporter_sandbox::telegram::{CHAT_ID, Standing};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use tokio::process::Child;

use crate::bench::{Bench, DAYS, command, exporter};

/// A sandbox whose panel sends a code to the user's phone.
async fn coded() -> Bench {
    let bench = Bench::start().await;
    bench.sandbox.panel().set_mode(Mode::SecondFactor);
    bench.sandbox.telegram().limit(false);
    bench
}

/// Waits until the chat has a message with these words in it.
async fn hears(bench: &Bench, needle: &str) {
    for _ in 0..600 {
        if bench.sandbox.telegram().messages().iter().any(|text| text.contains(needle)) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{needle} is not in {:#?}", bench.sandbox.telegram().messages());
}

fn start(words: &[&str]) -> Child {
    command(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Whether a text is in any file beside the configuration.
fn kept(bench: &Bench, needle: &str) -> bool {
    let mut waiting = vec![bench.config().parent().unwrap().to_path_buf()];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if String::from_utf8_lossy(&std::fs::read(&path).unwrap()).contains(needle) {
            return true;
        }
    }
    false
}

#[tokio::test]
async fn the_chat_of_a_service_gives_the_code_and_a_wrong_one_is_asked_for_again() {
    let bench = coded().await;
    let log = "[log]\nfile = \"exporter.log\"\n\n[schedule]\ncron = \"0 8 * * *\"\n\n[panel]\norder = [\"koin_pay\"]";
    bench.edit("[panel]", log);
    let config = bench.config().display().to_string();
    let child = start(&["serve", "--config", &config, "--listen", "off", "--driver", "http"]);
    let telegram = bench.sandbox.telegram();
    telegram.say(CHAT_ID, "Budi", "/code 111111");
    hears(&bench, "Tidak ada login yang menunggu kode").await;
    telegram.say(CHAT_ID, "Budi", "/run");
    hears(&bench, "meminta kode sekali pakai").await;
    telegram.add_chat(77, "A stranger");
    telegram.say(77, "Eve", &bench.sandbox.panel().sent_code().unwrap());
    telegram.say(CHAT_ID, "Budi", "which code?");
    telegram.say(CHAT_ID, "Budi", "/code 000000x");
    hears(&bench, "Kode sebelumnya salah").await;
    // The panel's page that asks again is the same login: it has sent no other code.
    let code = bench.sandbox.panel().sent_code().unwrap();
    telegram.say(CHAT_ID, "Budi", &format!("{} {}", &code[..3], &code[3..]));
    hears(&bench, "ekspor selesai").await;
    assert!(bench.tab("koin_pay").len() > 1);
    assert_eq!(bench.sandbox.panel().logins(), 1);
    let messages = telegram.messages();
    assert!(messages.iter().any(|text| text.contains("login dilanjutkan")), "{messages:#?}");
    assert!(
        messages.iter().all(|text| !text.contains(&code[3..]) && !text.contains("000000x")),
        "{messages:#?}"
    );
    let audit = exporter(&["history", "--config", &config, "--audit"]).await;
    assert!(audit.out.contains("for a login that waits"), "{audit:?}");
    drop(child);
    for secret in [&*code, "000000x", "111111"] {
        assert!(!kept(&bench, secret), "{secret} is in a file");
    }
}

#[tokio::test]
async fn a_run_of_another_scheduler_asks_in_the_chat_where_that_is_written_down() {
    let bench = coded().await;
    bench.edit("[panel]", "[panel]\ncode_minutes = 2\norder = [\"koin_pay\"]");
    bench.sandbox.telegram().say(CHAT_ID, "Budi", "123456");
    let config = bench.config().display().to_string();
    // In a browser the page with the code waits open.
    let child = start(&[&["run", "--config", &config, "--driver", "browser"], &DAYS[..]].concat());
    hears(&bench, "meminta kode sekali pakai").await;
    // Where the bot may not delete, whoever wrote the code is asked to.
    bench.sandbox.telegram().set_standing(CHAT_ID, Standing::Restricted);
    let code = bench.sandbox.panel().sent_code().unwrap();
    bench.sandbox.telegram().say(CHAT_ID, "Budi", &code);
    while bench.sandbox.panel().logins() == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    bench.sandbox.telegram().set_standing(CHAT_ID, Standing::Member);
    let ended = child.wait_with_output().await.unwrap();
    assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
    hears(&bench, "bot tidak boleh menghapusnya").await;
    assert!(bench.tab("koin_pay").len() > 1);
}

#[tokio::test]
async fn a_service_hands_over_the_code_that_another_run_asks_for() {
    let bench = coded().await;
    let both = "[schedule]\ncron = \"0 8 * * *\"\n\n[panel]\ncode_minutes = 2\norder = [\"koin_pay\"]";
    bench.edit("[panel]", both);
    let (config, telegram) = (bench.config().display().to_string(), bench.sandbox.telegram());
    let service = start(&["serve", "--config", &config, "--listen", "off", "--driver", "http"]);
    telegram.say(CHAT_ID, "Budi", "/start");
    hears(&bench, "/history – ").await;
    let run = start(&[&["run", "--config", &config, "--driver", "http"], &DAYS[..]].concat());
    hears(&bench, "meminta kode sekali pakai").await;
    telegram.say(CHAT_ID, "Budi", "/status");
    hears(&bench, "Terakhir berhasil").await;
    let code = bench.sandbox.panel().sent_code().unwrap();
    telegram.say(CHAT_ID, "Budi", &code);
    let ended = run.wait_with_output().await.unwrap();
    assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
    hears(&bench, "login dilanjutkan").await;
    assert!(telegram.messages().iter().all(|text| !text.contains(&code)), "the code is taken away");
    drop(service);
    assert!(!kept(&bench, &code), "the code is in a file");
}

#[tokio::test]
async fn a_run_that_nobody_watches_does_not_wait() {
    let bench = coded().await;
    let ended = bench.run(&["--driver", "http"]).await;
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.out.contains("or let exporter ask for the code"), "{ended:?}");
}

#[tokio::test]
async fn a_person_at_the_terminal_is_asked_there() {
    let bench = coded().await;
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap().into_string().unwrap();
    let ours = || File::options().read(true).write(true).open(&name).unwrap();
    let config = bench.config().display().to_string();
    let words = [&["run", "--config", &config, "--driver", "http", "--only", "koin_pay"], &DAYS[..]].concat();
    let mut child = command(&words).stdin(ours()).stderr(ours()).stdout(Stdio::piped()).spawn().unwrap();
    let panel = bench.sandbox.panel().clone();
    let mut terminal = File::from(terminal);
    let typing = tokio::task::spawn_blocking(move || {
        let (mut seen, mut some) = (String::new(), [0; 1024]);
        while !seen.contains("wants a one-time code; ") {
            let read = terminal.read(&mut some).unwrap();
            seen.push_str(&String::from_utf8_lossy(&some[..read]));
        }
        writeln!(terminal, "{}", panel.sent_code().unwrap()).unwrap();
        // What it draws later is read, so that it never waits for us.
        while terminal.read(&mut some).is_ok_and(|read| read > 0) {}
    });
    assert_eq!(child.wait().await.unwrap().code(), Some(0));
    typing.await.unwrap();
    assert!(bench.tab("koin_pay").len() > 1);
}
