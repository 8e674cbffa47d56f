//! Help, configuration mistakes and the codes they end with.

use std::fmt::Write as _;
use std::process::Stdio;

use crate::bench::{Bench, DAYS, command, exporter};

#[tokio::test]
async fn help_is_enough_to_get_started() {
    let ended = exporter(&["--help"]).await;
    insta::assert_snapshot!(ended.whole());
    let ended = exporter(&["run", "--help"]).await;
    insta::assert_snapshot!(ended.whole());
}

#[tokio::test]
async fn an_unknown_key_is_refused_with_its_place_and_the_nearest_name() {
    let bench = Bench::start().await;
    bench.edit("timezone", "time_zone");
    let ended = bench.run(&[]).await;
    assert_eq!(ended.code, Some(2));
    bench.settings().bind(|| insta::assert_snapshot!(ended.whole()));
}

/// What people get wrong in the file: each answer says what, where and what to do.
#[tokio::test]
async fn mistakes_in_the_configuration_are_explained() {
    let bench = Bench::start().await;
    let right = std::fs::read_to_string(bench.config()).unwrap();
    let path = bench.config().with_file_name("wrong.toml");
    let config = path.display().to_string();
    let mut said = String::new();
    for (from, to) in [
        ("[sheets]", "not toml [\n[sheets]"),
        ("preset = ", "preset : "),
        ("Asia/Jakarta", "Jakarta"),
        ("\"-1001234567890\"", "-1001234567890"),
        ("timezone = ", "url = "),
        ("spreadsheet = ", "# spreadsheet = "),
        ("[panel]", "[schedule]\ncron = \"8:00\"\n\n[panel]"),
        ("[panel]", "[schedule]\ncron = \"0 8,25 * * *\"\n\n[panel]"),
        ("[panel]", "[schedule]\ncron = \"0 8 * * *\"\nholidays_file = \"libur.ics\"\n\n[panel]"),
    ] {
        assert!(right.contains(from), "{from} is not in {right}");
        std::fs::write(&path, right.replacen(from, to, 1)).unwrap();
        let ended = exporter(&["schedule", "next", "--config", &config]).await;
        assert_eq!(ended.code, Some(2), "{to}: {ended:?}");
        assert!(ended.err.contains("\nhint: "), "{to}: {ended:?}");
        writeln!(said, "{to:?}\n{}", ended.err).unwrap();
    }
    bench.settings().bind(|| insta::assert_snapshot!(said));
}

/// The same on the command line.
#[tokio::test]
async fn mistakes_on_the_command_line_are_explained() {
    let bench = Bench::start().await;
    let config = bench.config().display().to_string();
    assert_eq!(bench.run(&["--driver", "http", "--only", "koin_pay"]).await.code, Some(0));
    let mut said = String::new();
    for (words, code) in [
        (&["run", "--config", &config, "--day", "kemarin"][..], 2),
        (&["run", "--config", &config, "--from", "2026-02-31", "--to", "2026-03-02"], 2),
        (&["run", "--config", &config, "--only", "koinpay"], 2),
        (&["undo", "20260105T010000000Z", "--config", &config], 2),
        (&["show", "20260105T010000000Z", "--config", &config], 2),
        (&["why", "no such key", "--config", &config], 1),
        (&["status", "--config", &config, "--month", "13"], 2),
        (&["backup", "--config", &config], 2),
        (&["serve", "--config", &config], 2),
        (&["routes", "show", "koin_pay", "--config", &config], 2),
        (&["table", "there-is-no-such-file.pdf"], 1),
        (&["replay", &config], 2),
    ] {
        let ended = exporter(words).await;
        assert_eq!(ended.code, Some(code), "{words:?}: {ended:?}");
        let asked = words.join(" ").replace(&config, "exporter.toml");
        writeln!(said, "exporter {asked}\n{}", ended.err).unwrap();
    }
    bench.settings().bind(|| insta::assert_snapshot!(said));
}

#[tokio::test]
async fn a_secret_that_is_not_there_is_named() {
    let bench = Bench::start().await;
    bench.edit("file:secrets/panel-password", "env:PANEL_PASSWORD");
    let ended = bench.run(&[]).await;
    assert_eq!(ended.code, Some(2));
    bench.settings().bind(|| insta::assert_snapshot!(ended.whole()));
}

#[tokio::test]
async fn a_secret_written_into_the_file_is_refused_and_not_repeated() {
    let bench = Bench::start().await;
    bench.edit("file:secrets/panel-password", "hunter2-in-the-open");
    let ended = bench.run(&[]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(!ended.whole().contains("hunter2"), "{ended:?}");
}

#[tokio::test]
async fn wrong_words_end_with_two() {
    let bench = Bench::start().await;
    let config = bench.config().display().to_string();
    for words in [
        &["run"][..],
        &["run", "--config", "there-is-no-such-file.toml"],
        &["run", "--config", &config, "--from", "2026-09-10"],
        &["run", "--config", &config, "--from", "2026-09-12", "--to", "2026-09-10"],
        &["run", "--config", &config, "--day", "12/09/2026"],
        &["run", "--config", &config, "--only", "transaksii"],
        &["run", "--config", &config, "--driver", "selenium"],
        &["check", "--config", "there-is-no-such-file.toml"],
        &["rnu"],
    ] {
        let ended = exporter(words).await;
        assert_eq!(ended.code, Some(2), "{words:?}: {ended:?}");
        assert!(ended.out.is_empty() || words[0] == "check", "{words:?}: {ended:?}");
    }
    assert_eq!(bench.sandbox.panel().logins(), 0);
}

#[tokio::test]
async fn a_run_goes_on_when_nobody_reads_what_it_says() {
    let bench = Bench::start().await;
    let config = bench.config().display().to_string();
    let words = ["run", "--config", &config, DAYS[0], DAYS[1], DAYS[2], DAYS[3], "--debug"];
    let mut run = command(&words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop((run.stdout.take(), run.stderr.take()));
    assert_eq!(run.wait().await.unwrap().code(), Some(0));
    let history = exporter(&["history", "--config", &config, "--json"]).await;
    assert!(history.out.contains("\"state\": \"ok\""), "{history:?}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_result_that_cannot_be_printed_is_no_success() {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let said = command(&["completions", "bash"]).stdout(full).stderr(Stdio::piped()).spawn().unwrap();
    let ended = said.wait_with_output().await.unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("error[io]: the result could not be printed: No space left"), "{said}");
}

#[tokio::test]
async fn a_check_tells_what_is_wrong_and_writes_nothing() {
    let bench = Bench::start().await;
    let config = bench.config().display().to_string();
    let well = exporter(&["check", "--config", &config]).await;
    assert_eq!(well.code, Some(0), "{well:?}");
    bench.sandbox.panel().set_password("another one");
    let ended = exporter(&["check", "--config", &config]).await;
    assert_eq!(ended.code, Some(2));
    bench.settings().bind(|| insta::assert_snapshot!(ended.whole()));
    assert!(bench.sandbox.telegram().messages().is_empty());
}

#[tokio::test]
async fn a_file_that_cannot_be_read_leaves_stdout_empty() {
    let bench = Bench::start().await;
    let broken = bench.config().with_file_name("laporan.xlsx");
    std::fs::write(
        &broken,
        "<!DOCTYPE html><html><title>Masuk | Toko</title><form><input type=password></form></html>",
    )
    .unwrap();
    let ended = exporter(&["table", &broken.display().to_string()]).await;
    assert_eq!(ended.code, Some(1));
    bench.settings().bind(|| insta::assert_snapshot!(ended.whole()));
}

#[tokio::test]
async fn an_interrupt_ends_the_sandbox_well() {
    use tokio::io::{AsyncBufReadExt as _, BufReader};

    let mut child = command(&["sandbox"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.next_line().await.unwrap().unwrap();
    let id = rustix::process::Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    assert_eq!(child.wait().await.unwrap().code(), Some(0));
}
