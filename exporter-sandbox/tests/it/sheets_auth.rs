//! Who may do what: tokens, sharing, protected ranges.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use exporter_sandbox::oauth::{self, SERVICE_ACCOUNT};
use exporter_sandbox::sheets::Role;
use reqwest::Method;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

use crate::service::{Service, error, ok};

const EDITOR: &str = "editor@example.com";

/// An assertion of the sandbox's service account, signed with its key.
fn assertion(service: &Service, lifetime: i64) -> String {
    let account = oauth::service_account(&format!("{}/token", service.url));
    let pem = account["private_key"].as_str().unwrap();
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let key = RsaKeyPair::from_pkcs8(&STANDARD.decode(body).unwrap()).unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let now = i64::try_from(now).unwrap();
    let claims = json!({
        "iss": account["client_email"], "aud": account["token_uri"], "iat": now, "exp": now + lifetime,
        "scope": "https://www.googleapis.com/auth/spreadsheets",
    });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&json!({"alg": "RS256", "typ": "JWT"})), part(&claims));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

async fn token(service: &Service, assertion: &str) -> (u16, Value) {
    let form = [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", assertion)];
    let response = service.anonymous(Method::POST, "/token").form(&form).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn a_service_account_gets_a_token_that_works() {
    let service = Service::start().await;
    let (status, answer) = token(&service, &assertion(&service, 3600)).await;
    assert_eq!((status, &answer["expires_in"], &answer["token_type"]), (200, &json!(3599), &json!("Bearer")));
    let id = service.sheets.create("shared", exporter_sandbox::sheets::OWNER);
    let path = format!("/v4/spreadsheets/{id}");
    let bearer = answer["access_token"].as_str().unwrap();
    let ask = || service.anonymous(Method::GET, &path).bearer_auth(bearer);
    assert_eq!(error(ask(), 403).await["message"], "The caller does not have permission");
    service.sheets.share(&id, SERVICE_ACCOUNT, Role::Viewer).unwrap();
    assert_eq!(ok(ask()).await["properties"]["title"], "shared");
    service.sheets.revoke_tokens(SERVICE_ACCOUNT);
    assert_eq!(error(ask(), 401).await["status"], "UNAUTHENTICATED");
}

#[tokio::test]
async fn forged_overlong_and_disabled_assertions_are_refused() {
    let service = Service::start().await;
    let mut forged = assertion(&service, 3600);
    forged.truncate(forged.len() - 8);
    forged.push_str("AAAAAAAA");
    let (status, answer) = token(&service, &forged).await;
    assert_eq!((status, &answer["error"]), (400, &json!("invalid_grant")));
    assert_eq!(answer["error_description"], "Invalid JWT Signature.");
    let (status, answer) = token(&service, &assertion(&service, 7200)).await;
    assert_eq!(status, 400);
    assert!(answer["error_description"].as_str().unwrap().contains("short-lived token (60 minutes)"));
    service.sheets.disable_account(SERVICE_ACCOUNT, true);
    let (status, answer) = token(&service, &assertion(&service, 3600)).await;
    assert_eq!((status, &answer["error_description"]), (400, &json!("Invalid grant: account not found")));
}

#[tokio::test]
async fn a_refresh_token_is_exchanged() {
    let service = Service::start().await;
    let mut form = vec![
        ("grant_type", "refresh_token"),
        ("refresh_token", oauth::REFRESH_TOKEN),
        ("client_id", oauth::CLIENT_ID),
        ("client_secret", oauth::CLIENT_SECRET),
    ];
    let ask = |form: &Vec<(&str, &str)>| service.anonymous(Method::POST, "/token").form(form);
    assert!(ok(ask(&form)).await["access_token"].is_string());
    form[1].1 = "gone";
    let response = ask(&form).send().await.unwrap();
    assert_eq!(response.status(), 400);
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["error_description"], "Token has been expired or revoked.");
}

#[tokio::test]
async fn without_a_token_nothing_is_said() {
    let service = Service::start().await;
    let file = service.small(5, 5).await;
    let refused = error(service.anonymous(Method::GET, &file), 403).await;
    assert!(refused["message"].as_str().unwrap().starts_with("Method doesn't allow unregistered callers"));
    let write = || service.anonymous(Method::POST, &format!("{file}:batchUpdate")).json(&json!({}));
    let refused = error(write(), 401).await;
    assert!(
        refused["message"]
            .as_str()
            .unwrap()
            .starts_with("Request is missing required authentication credential.")
    );
    let refused = error(write().bearer_auth("unknown"), 401).await;
    assert!(
        refused["message"].as_str().unwrap().starts_with("Request had invalid authentication credentials.")
    );
}

#[tokio::test]
async fn a_viewer_reads_but_does_not_write() {
    let service = Service::start().await;
    let file = service.small(5, 5).await;
    let id = file.rsplit('/').next().unwrap();
    service.sheets.share(id, EDITOR, Role::Viewer).unwrap();
    ok(service.request_as(EDITOR, Method::GET, &format!("{file}/values/A1"))).await;
    let path = format!("{file}/values/A1?valueInputOption=RAW");
    let write = || service.request_as(EDITOR, Method::PUT, &path).json(&json!({"values": [["x"]]}));
    assert_eq!(error(write(), 403).await["status"], "PERMISSION_DENIED");
    service.sheets.share(id, EDITOR, Role::Editor).unwrap();
    ok(write()).await;
    service.sheets.unshare(id, EDITOR).unwrap();
    error(write(), 403).await;
}

#[tokio::test]
async fn a_protected_range_stops_editors_but_not_the_owner() {
    let service = Service::start().await;
    let file = service.small(5, 5).await;
    let id = file.rsplit('/').next().unwrap();
    service.sheets.share(id, EDITOR, Role::Editor).unwrap();
    let range = json!({"sheetId": 0, "startRowIndex": 0, "endRowIndex": 1});
    service.batch(&file, json!([{"addProtectedRange": {"protectedRange": {"range": range}}}])).await;
    let write = |cell: &str| {
        let path = format!("{file}/values/{cell}?valueInputOption=RAW");
        service.request_as(EDITOR, Method::PUT, &path).json(&json!({"values": [["x"]]}))
    };
    assert_eq!(
        error(write("B1"), 400).await["message"],
        "You are trying to edit a protected cell or object. Please contact the spreadsheet owner to remove protection if you need to edit."
    );
    ok(write("B2")).await;
    let insert = |dimension: &str| {
        let range = json!({"sheetId": 0, "dimension": dimension, "startIndex": 1, "endIndex": 2});
        let body = json!({"requests": [{"insertDimension": {"range": range}}]});
        service.request_as(EDITOR, Method::POST, &format!("{file}:batchUpdate")).json(&body)
    };
    ok(insert("ROWS")).await;
    let refused = error(insert("COLUMNS"), 400).await;
    assert!(
        refused["message"]
            .as_str()
            .unwrap()
            .starts_with("Invalid requests[0].insertDimension: You are trying")
    );
    service.put(&file, "B1", json!([["owner"]])).await;
    let seen =
        ok(service.request_as(EDITOR, Method::GET, &format!("{file}?fields=sheets.protectedRanges"))).await;
    let protected = &seen["sheets"][0]["protectedRanges"][0];
    assert_eq!((protected.get("requestingUserCanEdit"), protected.get("editors")), (None, None));
    let seen = service.get(&format!("{file}?fields=sheets.protectedRanges")).await;
    assert_eq!(seen["sheets"][0]["protectedRanges"][0]["editors"]["users"], json!(["owner@example.com"]));
}
