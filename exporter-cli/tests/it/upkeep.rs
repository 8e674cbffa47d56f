//! What the service does between runs: warnings, copies of the state, the day's summary.

use std::process::Stdio;
use std::time::Duration;

use crate::bench::{Bench, command, exporter};

#[tokio::test]
async fn the_service_warns_copies_its_state_and_sums_the_day_up() {
    let bench = Bench::start().await;
    bench.sandbox.telegram().limit(false);
    // No disk has so much room.
    let sections = "[schedule]\ncron = \"0 8 * * *\"\n\n[watch]\nfree_megabytes = 4294967295\ndaily = \"00:00\"\n\n\
                    [backup]\ndirectory = \"backups\"\nkey = \"file:secrets/backup-key\"\n\n[panel]";
    bench.edit("[panel]", sections);
    let key = bench.config().with_file_name("secrets").join("backup-key");
    std::fs::write(&key, "a key of at least thirty-two characters").unwrap();
    let config = bench.config().display().to_string();
    let words = ["serve", "--config", &config, "--listen", "off"];
    let mut child = command(&words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let told = || bench.sandbox.telegram().messages().join("\n");
    for needle in ["ruang disk", "📅", "Berikutnya"] {
        let mut looked = 0;
        while !told().contains(needle) {
            looked += 1;
            assert!(looked < 300, "{needle} is not in {}", told());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    assert!(told().contains("du -xh"), "with what to do: {}", told());
    let backups: Vec<_> = std::fs::read_dir(bench.config().with_file_name("backups")).unwrap().collect();
    assert_eq!(backups.len(), 1, "{backups:?}");
    let pid = child.id().unwrap().to_string();
    tokio::process::Command::new("kill").args(["-TERM", &pid]).status().await.unwrap();
    assert_eq!(child.wait().await.unwrap().code(), Some(0));
    let audit = exporter(&["history", "--config", &config, "--audit"]).await;
    assert!(audit.out.contains("backup"), "{audit:?}");

    // The same look, asked for by a person.
    let checked = exporter(&["check", "--config", &config]).await;
    assert_eq!(checked.code, Some(0), "runs work all the same: {checked:?}");
    assert!(
        checked.out.contains("warn   disk") && checked.out.contains("ok     clock: right"),
        "{checked:?}"
    );
    assert!(checked.err.contains("hint: see what takes the room: du -xh"), "{checked:?}");
}
