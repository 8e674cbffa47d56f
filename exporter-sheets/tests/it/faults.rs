//! Refusals, quotas, server errors and lost answers.

use exporter_core::{ErrorKind, Sink as _};
use exporter_sandbox::oauth::SERVICE_ACCOUNT;
use exporter_sandbox::sheets::Role;
use exporter_sheets::SheetsSink;

use crate::bench::Fault::{LoseAnswer, Pass, Refuse};
use crate::bench::{Bench, ID, client, lines, orders, spec};

#[tokio::test]
async fn a_spreadsheet_that_is_not_shared_names_the_address_to_share_it_with() {
    let bench = Bench::start().await;
    bench.sheets.unshare(ID, SERVICE_ACCOUNT).unwrap();
    let error = bench.sink.check().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SheetNotShared);
    assert_eq!(error.hints(), [format!("share the spreadsheet with {SERVICE_ACCOUNT} as editor")]);
}

#[tokio::test]
async fn a_reader_cannot_write_and_is_told_so() {
    let bench = Bench::start().await;
    bench.sheets.share(ID, SERVICE_ACCOUNT, Role::Viewer).unwrap();
    let error = bench.sink.check().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SheetNotShared);
    assert_eq!(error.hints(), [format!("share the spreadsheet with {SERVICE_ACCOUNT} as editor")]);
    let error = bench.run(&orders(&[("A", "x", 1)])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SheetNotShared);
}

#[tokio::test]
async fn the_check_is_the_look_at_the_structure_and_changes_nothing() {
    let bench = Bench::start().await;
    let before = bench.sheets.spreadsheet(ID).unwrap();
    bench.sink.check().await.unwrap();
    assert_eq!(format!("{:?}", bench.sheets.spreadsheet(ID).unwrap()), format!("{before:?}"));
    bench.run(&orders(&[("A", "x", 1)])).await.unwrap();
    assert_eq!(bench.client.calls(), 2, "the check and the first fill of a new tab");
}

#[tokio::test]
async fn a_token_that_google_took_back_is_renewed() {
    let bench = Bench::start().await;
    bench.run(&orders(&[("A", "x", 1)])).await.unwrap();
    bench.sheets.revoke_tokens(SERVICE_ACCOUNT);
    let plan = bench.plan(&orders(&[("A", "y", 1)])).await.unwrap();
    bench.sheets.revoke_tokens(SERVICE_ACCOUNT);
    bench.sink.apply(&plan).await.unwrap();
    assert_eq!(lines(&bench.rows()), ["ID|Status|Total", "A|y|1"]);
}

#[tokio::test]
async fn a_wrong_id_and_wrong_credentials_are_told_apart() {
    let bench = Bench::start().await;
    let none = SheetsSink::new(client(&bench.url, "no-such").unwrap());
    assert_eq!(none.check().await.unwrap_err().kind(), ErrorKind::SheetNotFound);
    bench.sheets.disable_account(SERVICE_ACCOUNT, true);
    assert_eq!(bench.sink.check().await.unwrap_err().kind(), ErrorKind::SheetCredentials);
    let gone = SheetsSink::new(client("http://127.0.0.1:1", ID).unwrap());
    assert_eq!(gone.check().await.unwrap_err().kind(), ErrorKind::GoogleDown);
}

#[tokio::test]
async fn reads_are_tried_again_and_then_given_up() {
    let bench = Bench::start().await;
    bench.faults(&[Refuse(429), Refuse(500), Refuse(503)]);
    bench.sink.check().await.unwrap();
    assert_eq!(bench.client.calls(), 4);
    bench.run(&orders(&[("A", "x", 1)])).await.unwrap();
    bench.faults(&[Refuse(503); 9]);
    assert_eq!(bench.plan(&orders(&[("A", "x", 1)])).await.unwrap_err().kind(), ErrorKind::GoogleDown);
    bench.faults(&[Refuse(429); 9]);
    assert_eq!(bench.plan(&orders(&[("A", "x", 1)])).await.unwrap_err().kind(), ErrorKind::Quota);
}

#[tokio::test]
async fn a_write_over_quota_is_sent_again() {
    let bench = Bench::start().await;
    let plan = bench.plan(&orders(&[("A", "x", 1)])).await.unwrap();
    // Between the two the sheet is looked at again: people had time to act.
    bench.faults(&[Refuse(429), Pass, Refuse(429)]);
    assert_eq!(bench.sink.apply(&plan).await.unwrap().calls, 5);
    assert_eq!(lines(&bench.rows()), ["ID|Status|Total", "A|x|1"]);
}

#[tokio::test]
async fn a_lost_answer_is_settled_by_reading() {
    let bench = Bench::start().await;
    for table in [orders(&[("A", "x", 1)]), orders(&[("A", "y", 1), ("B", "x", 2)])] {
        let plan = bench.plan(&table).await.unwrap();
        bench.faults(&[LoseAnswer]);
        let receipt = bench.sink.apply(&plan).await.unwrap();
        assert!(receipt.verified && receipt.notes[0].contains("lost"), "{receipt:?}");
    }
    assert_eq!(lines(&bench.rows()), ["ID|Status|Total", "A|y|1", "B|x|2"]);
}

#[tokio::test]
async fn a_write_that_met_a_server_error_and_did_not_happen_is_made_once() {
    let bench = Bench::start().await;
    let plan = bench.plan(&orders(&[("A", "x", 1)])).await.unwrap();
    bench.faults(&[Refuse(500), Pass, Refuse(503)]);
    bench.sink.apply(&plan).await.unwrap();
    assert_eq!(lines(&bench.rows()), ["ID|Status|Total", "A|x|1"]);
}

#[tokio::test]
async fn google_down_for_good_is_an_error_and_the_next_run_repairs() {
    let bench = Bench::start().await;
    let table = orders(&[("A", "x", 1)]);
    let plan = bench.plan(&table).await.unwrap();
    bench.faults(&[Refuse(503); 60]);
    assert_eq!(bench.sink.apply(&plan).await.unwrap_err().kind(), ErrorKind::GoogleDown);
    bench.faults(&[]);
    bench.sink.plan(&table, &spec()).await.unwrap();
    bench.run(&table).await.unwrap();
    assert_eq!(bench.rows().len(), 2);
}
