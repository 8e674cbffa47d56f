//! What a browser learned in one run serves the next, and can be looked at and forgotten.

use serde_json::{Value, json};

use crate::bench::{Bench, exporter};

fn drivers(report: &Value) -> Vec<&Value> {
    report["exports"].as_array().unwrap().iter().map(|export| &export["driver"]).collect()
}

#[tokio::test]
async fn a_learned_request_needs_no_browser_and_can_be_forgotten() {
    let bench = Bench::start().await;
    let (code, first) = bench.report(&["--driver", "browser"]).await;
    assert_eq!((code, drivers(&first)), (Some(0), vec![&json!("browser"); 4]), "{first:#}");
    let (code, second) = bench.report(&[]).await;
    assert_eq!((code, drivers(&second)), (Some(0), vec![&json!("http"); 4]), "{second:#}");
    assert!(second["exports"].as_array().unwrap().iter().all(|export| export["new"] == 0));

    let config = bench.config().display().to_string();
    let routes = |words: &[&str]| {
        let words = [&["routes", "--config", &config], words].concat().join(" ");
        async move { exporter(&words.split(' ').collect::<Vec<_>>()).await }
    };
    let listed = routes(&["list"]).await;
    assert!(listed.out.contains("/koin_pay/export-pdf?start={{first %Y-%m-%d}}"), "{listed:?}");
    let shown = routes(&["show", "transaksi"]).await;
    assert!(shown.out.contains("  end_date = {{last %d/%m/%Y}}"), "{shown:?}");
    assert_eq!(routes(&["forget", "user"]).await.code, Some(0));
    let unknown = routes(&["forget", "user"]).await;
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.err.contains("koin_pay, point_trx, transaksi"), "{unknown:?}");
    assert_eq!(routes(&["forget"]).await.code, Some(0));
    assert!(routes(&["list"]).await.out.starts_with("No route is known."));
}
