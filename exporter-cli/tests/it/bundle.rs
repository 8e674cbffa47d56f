//! A run packed into one file and read again elsewhere.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use exporter_sandbox::panel::WrongFile;
use exporter_sandbox::panel::data::Dataset;
use serde_json::{Value, json};

use crate::bench::{Bench, exporter};

async fn pack(bench: &Bench, out: &Path) {
    let (config, out) = (bench.config().display().to_string(), out.display().to_string());
    let ended = exporter(&["bundle", "last", "--config", &config, "--out", &out]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let again = exporter(&["bundle", "last", "--config", &config, "--out", &out]).await;
    assert_eq!(again.code, Some(2), "nothing is overwritten: {again:?}");
}

async fn replay(bundle: &Path) -> (Option<i32>, Value) {
    let bundle = bundle.display().to_string();
    let ended = exporter(&["replay", &bundle, "--json"]).await;
    (ended.code, serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{ended:?}")))
}

#[tokio::test]
async fn a_bundle_is_read_again_without_panel_and_sheet() {
    let bench = Bench::start().await;
    let (code, report) = bench.report(&["--driver", "http"]).await;
    assert_eq!(code, Some(0), "{report:#}");
    let elsewhere = tempfile::tempdir().unwrap();
    let bundle = elsewhere.path().join("run.zip");
    pack(&bench, &bundle).await;
    assert_eq!(std::fs::metadata(&bundle).unwrap().permissions().mode() & 0o777, 0o600);
    drop(bench);

    let (code, replayed) = replay(&bundle).await;
    assert_eq!((code, &replayed["run"]), (Some(0), &report["id"]), "{replayed:#}");
    for (file, export) in
        replayed["files"].as_array().unwrap().iter().zip(report["exports"].as_array().unwrap())
    {
        assert_eq!(file["name"], export["name"]);
        assert_eq!((&file["rows"], &file["rows_then"]), (&export["rows"], &export["rows"]), "{file:#}");
        assert_eq!(file["new"], export["new"], "the tabs were empty before that run");
    }
    let path = bundle.display().to_string();
    let text = exporter(&["replay", &path]).await;
    assert!(text.out.contains("rows × 27 columns, as in the run"), "{text:?}");
}

#[tokio::test]
async fn a_failed_export_is_in_the_bundle_with_its_evidence() {
    let bench = Bench::start().await;
    bench.sandbox.panel().set_wrong_file(Dataset::KoinPay, Some(WrongFile::Empty));
    let (code, report) = bench.report(&["--driver", "http"]).await;
    assert_eq!(code, Some(1), "{report:#}");
    let elsewhere = tempfile::tempdir().unwrap();
    let bundle = elsewhere.path().join("run.zip");
    pack(&bench, &bundle).await;
    let mut archive = zip::ZipArchive::new(std::fs::File::open(&bundle).unwrap()).unwrap();
    let names: Vec<String> = (0..archive.len())
        .map(|index| archive.by_index(index).unwrap().name().unwrap().into_owned())
        .collect();
    for ending in [".har", ".html"] {
        let is = |name: &&String| name.starts_with("evidence/failed_koin_pay_") && name.ends_with(ending);
        let name = names.iter().find(is).unwrap_or_else(|| panic!("{ending}: {names:?}"));
        let mut text = String::new();
        std::io::Read::read_to_string(&mut archive.by_name(name).unwrap(), &mut text).unwrap();
        if ending == ".har" {
            let har: Value = serde_json::from_str(&text).unwrap();
            let entries = har["log"]["entries"].as_array().unwrap();
            let last = entries.last().unwrap();
            assert!(last["request"]["url"].as_str().unwrap().contains("/koin_pay/"), "{last:#}");
            let cookie = |entry: &Value| {
                let headers = entry["response"]["headers"].as_array().unwrap().clone();
                headers.into_iter().find(|header| header["name"] == "set-cookie")
            };
            assert_eq!(entries.iter().find_map(cookie).unwrap()["value"], "***");
        }
    }
    let (code, replayed) = replay(&bundle).await;
    assert_eq!(code, Some(0), "what was read is read again: {replayed:#}");
    assert_eq!(replayed["files"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn private_columns_are_masked_in_the_bundle() {
    let bench = Bench::start().await;
    bench.edit("[exports.koin_pay]", "[exports.koin_pay]\nprivate = [\"Kode\"]");
    let (code, report) = bench.report(&["--driver", "http", "--only", "koin_pay"]).await;
    assert_eq!(code, Some(0), "{report:#}");
    let tab = bench.tab("koin_pay");
    let column = tab[0].iter().position(|name| name == "Kode").unwrap();
    let code = &tab[1][column];
    assert!(code.len() > 4, "{code}");
    let elsewhere = tempfile::tempdir().unwrap();
    let bundle = elsewhere.path().join("run.zip");
    pack(&bench, &bundle).await;
    let mut archive = zip::ZipArchive::new(std::fs::File::open(&bundle).unwrap()).unwrap();
    for index in 0..archive.len() {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut archive.by_index(index).unwrap(), &mut bytes).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains(code.as_str()), "{code}");
    }
    let (_, replayed) = replay(&bundle).await;
    assert_eq!(replayed["files"][0]["kind"], json!("csv"), "{replayed:#}");
    assert_eq!(replayed["files"][0]["rows"], report["exports"][0]["rows"]);
}
