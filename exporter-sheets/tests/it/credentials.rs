//! Who we are to Google: a service account, a person, a machine; and tokens that end.

use std::sync::Arc;

use axum::Router;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use exporter_core::{ErrorKind, Secret, Sink as _};
use exporter_sandbox::oauth::{CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, SERVICE_ACCOUNT};
use exporter_sheets::{Credentials, SheetsClient, SheetsSink};
use serde_json::json;

use crate::bench::{Bench, ID, client_as, orders, spec};

/// What `gcloud auth application-default login` leaves behind.
fn person(url: &str, refresh_token: &str) -> Credentials {
    let file = json!({
        "type": "authorized_user",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "refresh_token": refresh_token,
        "token_uri": format!("{url}/token"),
        "quota_project_id": "toko-andalan",
    });
    Secret::new(file.to_string()).into()
}

/// Plans twice: two calls and more, made with as many tokens as were asked for.
async fn use_it(bench: &Bench, client: &Arc<SheetsClient>) -> usize {
    let sink = SheetsSink::new(Arc::clone(client));
    for _ in 0..2 {
        sink.plan(&orders(&[("A", "x", 1)]), &spec()).await.unwrap();
    }
    sink.check().await.unwrap();
    bench.wire.token_forms.lock().unwrap().len()
}

#[tokio::test]
async fn a_person_who_logged_in_may_write_and_the_calls_count_for_their_project() {
    let bench = Bench::start().await;
    let client = client_as(person(&bench.url, REFRESH_TOKEN), &bench.url, ID).unwrap();
    assert!(client.identity().contains("authorised user"), "{}", client.identity());
    assert_eq!(use_it(&bench, &client).await, 1, "one token serves every call");
    assert!(bench.wire.token_forms.lock().unwrap()[0].starts_with("grant_type=refresh_token&"));
    for head in bench.wire.heads.lock().unwrap().iter() {
        assert_eq!(head["x-goog-user-project"], "toko-andalan");
    }
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends() {
    for who in ["service", "person"] {
        let bench = Bench::start().await;
        // At a minute's distance from its end a token counts as ended: these do at once.
        *bench.wire.token_seconds.lock().unwrap() = Some(45);
        let client = match who {
            "service" => Arc::clone(&bench.client),
            _ => client_as(person(&bench.url, REFRESH_TOKEN), &bench.url, ID).unwrap(),
        };
        let tokens = use_it(&bench, &client).await;
        assert_eq!(tokens, client.calls() as usize, "{who}: each call has a token of its own");
        assert!(tokens >= 2);
    }
}

#[tokio::test]
async fn a_login_that_was_taken_back_is_told_with_the_way_to_a_new_one() {
    let bench = Bench::start().await;
    let sink = |credentials| SheetsSink::new(client_as(credentials, &bench.url, ID).unwrap());
    let error = sink(person(&bench.url, "1//hunter2")).check().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SheetCredentials);
    assert!(error.to_string().contains("invalid_grant: Token has been expired or revoked."), "{error}");
    assert!(error.hints()[0].contains("gcloud auth application-default login"), "{:?}", error.hints());
    let whole = format!("{error:?}{:?}", error.report());
    assert!(!whole.contains("hunter2") && !whole.contains(CLIENT_SECRET), "{whole}");
}

/// A metadata server, with the sandbox's token for its account.
async fn metadata_server(says: impl Fn(HeaderMap) -> Response + Clone + Send + Sync + 'static) -> String {
    let path = "/computeMetadata/v1/instance/service-accounts/default/token";
    let app = Router::new().route(path, get(async move |headers: HeaderMap| says(headers)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    host
}

#[tokio::test]
async fn a_machine_asks_its_metadata_server() {
    let bench = Bench::start().await;
    bench.sheets.add_token("of-the-machine", SERVICE_ACCOUNT);
    let host = metadata_server(|headers| {
        assert_eq!(headers["metadata-flavor"], "Google");
        let token = json!({"access_token": "of-the-machine", "expires_in": 3599, "token_type": "Bearer"});
        ([("metadata-flavor", "Google")], token.to_string()).into_response()
    })
    .await;
    let client = client_as(Credentials::Machine { host }, &bench.url, ID).unwrap();
    use_it(&bench, &client).await;
    assert!(client.identity().contains("this machine"), "{}", client.identity());
}

#[tokio::test]
async fn without_a_metadata_server_the_ways_to_credentials_are_told_at_once() {
    let bench = Bench::start().await;
    let stranger = metadata_server(|_| "<html>log in to this network</html>".into_response()).await;
    for host in ["127.0.0.1:1".to_owned(), stranger] {
        let client = client_as(Credentials::Machine { host }, &bench.url, ID).unwrap();
        let error = SheetsSink::new(client).check().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SheetCredentials);
        let hint = &error.hints()[0];
        for way in ["file:PATH", "GOOGLE_APPLICATION_CREDENTIALS", "gcloud auth"] {
            assert!(hint.contains(way), "{hint}");
        }
    }
}
