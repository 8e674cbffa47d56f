//! A first look at a panel ends in a configuration that works.

use exporter_sandbox::panel::{EMAIL, PASSWORD};

use crate::bench::{Bench, exporter};

#[tokio::test]
async fn init_writes_what_a_run_understands() {
    let bench = Bench::start().await;
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name).display().to_string();
    std::fs::write(at("user"), EMAIL).unwrap();
    std::fs::write(at("password"), PASSWORD).unwrap();
    let (user, password) = (format!("file:{}", at("user")), format!("file:{}", at("password")));
    let (url, out) = (bench.sandbox.panel_url(), at("exporter.toml"));
    let words = [
        "init",
        &url,
        "--page",
        "/transaksi/index-export",
        "--page",
        "/koin_pay",
        "--username",
        &user,
        "--password",
        &password,
        "--out",
        &out,
    ];
    let ended = exporter(&words).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let text = std::fs::read_to_string(&out).unwrap();
    for line in [
        "[exports.transaksi_index_export]",
        "start = ['input[name=\"start_date\"]']",
        "date_format = 'DD/MM/YYYY'",
        "file = 'xlsx'",
        "columns = 27",
        "key = ['Transaksi ID']",
        "[exports.koin_pay]",
        "file = 'pdf'",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(!text.contains(PASSWORD));

    // What is left to fill in is the sheet's part.
    let known = std::fs::read_to_string(bench.config()).unwrap();
    let sheets = known.split("[sheets]").nth(1).unwrap().split("\n[").next().unwrap();
    let (before, after) = text.split_once("[sheets]").unwrap();
    let after = after.split_once("\n# ").map(|(_, rest)| rest.split_once("\n\n").unwrap().1).unwrap();
    std::fs::write(bench.config(), format!("{before}[sheets]{sheets}\n{after}")).unwrap();
    let (code, report) = bench.report(&["--driver", "http"]).await;
    assert_eq!(code, Some(0), "{report:#}");
    let again = exporter(&words).await;
    assert_eq!(again.code, Some(2), "a file that is there is not overwritten");
}
