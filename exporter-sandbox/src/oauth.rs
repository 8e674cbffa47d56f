//! The token endpoint: signed assertions of service accounts and refresh tokens.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde_json::{Value, json};

use crate::sheets::Sheets;

/// The service account that the ready-made configuration uses.
pub const SERVICE_ACCOUNT: &str = "exporter@sandbox-project.iam.gserviceaccount.com";

/// Client of the ready-made refresh token.
pub const CLIENT_ID: &str = "sandbox.apps.googleusercontent.com";
/// Its secret, which is none: the sandbox is on loopback.
pub const CLIENT_SECRET: &str = "sandbox-client-secret";
/// A refresh token for the account that owns everything.
pub const REFRESH_TOKEN: &str = "1//sandbox-refresh-token";

/// The sandbox's own key pair, for tests only: it opens nothing else.
const KEY: &str = include_str!("sandbox_key.pem");

/// Seconds a token lives.
const LIFETIME: i64 = 3599;
/// Longest life of an assertion, and how far clocks may differ, in seconds.
const ASSERTION: (i64, i64) = (3600, 300);

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Accounts the endpoint knows: their public keys and refresh tokens. An account it does
/// not know is taken at its word, since nobody has shown its key.
#[derive(Debug)]
pub struct Accounts {
    keys: BTreeMap<String, Vec<u8>>,
    disabled: BTreeSet<String>,
    refresh: BTreeMap<String, String>,
}

impl Default for Accounts {
    fn default() -> Self {
        let key = public_key().map(|key| (SERVICE_ACCOUNT.to_owned(), key));
        let refresh = (REFRESH_TOKEN.to_owned(), crate::sheets::OWNER.to_owned());
        Self {
            keys: key.into_iter().collect(),
            disabled: BTreeSet::new(),
            refresh: BTreeMap::from([refresh]),
        }
    }
}

impl Accounts {
    /// Refuses an account from now on, or accepts it again.
    pub fn disable(&mut self, email: &str, disabled: bool) {
        if disabled {
            self.disabled.insert(email.to_owned());
        } else {
            self.disabled.remove(email);
        }
    }
}

fn public_key() -> Option<Vec<u8>> {
    let body: String = KEY.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = STANDARD.decode(body).ok()?;
    Some(RsaKeyPair::from_pkcs8(&der).ok()?.public_key().as_ref().to_vec())
}

/// The service account's key file, as Google hands it out, for a token endpoint.
pub fn service_account(token_url: &str) -> Value {
    json!({
        "type": "service_account",
        "project_id": "sandbox-project",
        "private_key_id": "sandbox",
        "private_key": KEY,
        "client_email": SERVICE_ACCOUNT,
        "client_id": "100000000000000000000",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": token_url,
        "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
        "universe_domain": "googleapis.com",
    })
}

/// A refusal: `error` and `error_description`.
struct Refusal(&'static str, String);

impl Refusal {
    fn grant(text: &str) -> Self {
        Self("invalid_grant", text.to_owned())
    }
}

/// Answers a form sent to the token endpoint on `host`: status and body.
pub fn token(sheets: &Sheets, form: &[u8], host: &str) -> (u16, Value) {
    let form = String::from_utf8_lossy(form);
    let form = parse_form(&form);
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let account = match field("grant_type") {
        JWT_BEARER => assertion(sheets, field("assertion"), host),
        "refresh_token" => {
            refresh(sheets, field("refresh_token"), field("client_id"), field("client_secret"))
        }
        "" => Err(Refusal("invalid_request", "Required parameter is missing: grant_type".to_owned())),
        other => Err(Refusal("unsupported_grant_type", format!("Invalid grant_type: {other}"))),
    };
    match account {
        Ok(email) => {
            let token = sheets.issue_token(&email, LIFETIME);
            (200, json!({ "access_token": token, "expires_in": LIFETIME, "token_type": "Bearer" }))
        }
        Err(Refusal(error, description)) => {
            let status = if error == "invalid_client" { 401 } else { 400 };
            (status, json!({ "error": error, "error_description": description }))
        }
    }
}

fn parse_form(form: &str) -> BTreeMap<String, String> {
    let pairs = form.split('&').filter_map(|pair| pair.split_once('='));
    let decode = |text: &str| crate::sheets::decode(text, true);
    pairs.map(|(name, value)| (decode(name), decode(value))).collect()
}

/// Checks a signed assertion and gives the account.
fn assertion(sheets: &Sheets, jwt: &str, host: &str) -> Result<String, Refusal> {
    let malformed = || Refusal::grant("Invalid JWT: Failed to parse the JWT.");
    let parts: Vec<&str> = jwt.split('.').collect();
    let [header, claims, signature] = parts.as_slice() else {
        return Err(malformed());
    };
    let part = |text: &str| -> Option<Value> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?).ok()
    };
    let (head, claims_value) = (part(header), part(claims));
    let (Some(head), Some(claims_value)) = (head, claims_value) else {
        return Err(malformed());
    };
    if head["alg"] != "RS256" {
        return Err(Refusal::grant("Invalid JWT: the algorithm must be RS256."));
    }
    let email = claims_value["iss"].as_str().filter(|email| email.contains('@'));
    let email = email.ok_or_else(|| Refusal::grant("Invalid JWT: iss must be an account."))?;
    let signature = URL_SAFE_NO_PAD.decode(signature.trim_end_matches('=')).map_err(|_| malformed())?;
    let signed = &jwt[..header.len() + 1 + claims.len()];
    let state = sheets.lock();
    if state.accounts.disabled.contains(email) {
        return Err(Refusal::grant("Invalid grant: account not found"));
    }
    if let Some(key) = state.accounts.keys.get(email) {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key)
            .verify(signed.as_bytes(), &signature)
            .map_err(|_| Refusal::grant("Invalid JWT Signature."))?;
    }
    drop(state);
    check_claims(&claims_value, sheets.moment().0.timestamp(), host)?;
    Ok(email.to_owned())
}

fn check_claims(claims: &Value, now: i64, host: &str) -> Result<(), Refusal> {
    let audience = claims["aud"].as_str().unwrap_or_default();
    let here = audience.split_once("://").map(|(_, rest)| rest) == Some(&format!("{host}/token"));
    if !here && audience != "https://oauth2.googleapis.com/token" {
        return Err(Refusal::grant(&format!(
            "Invalid JWT: aud must be the address of this endpoint, not {audience}"
        )));
    }
    let (longest, slack) = ASSERTION;
    let (issued, ends) = (claims["iat"].as_i64(), claims["exp"].as_i64());
    let sound = issued.zip(ends).is_some_and(|(issued, ends)| {
        ends > issued && ends - issued <= longest && issued <= now + slack && ends > now - slack
    });
    if !sound {
        return Err(Refusal::grant(
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable \
             timeframe. Check your iat and exp values in the JWT claim.",
        ));
    }
    let scopes = claims["scope"].as_str().unwrap_or_default();
    if scopes.is_empty() && claims["target_audience"].is_null() {
        return Err(Refusal(
            "invalid_scope",
            "Invalid OAuth scope or ID token audience provided.".to_owned(),
        ));
    }
    Ok(())
}

fn refresh(sheets: &Sheets, token: &str, id: &str, secret: &str) -> Result<String, Refusal> {
    if (id, secret) != (CLIENT_ID, CLIENT_SECRET) {
        return Err(Refusal("invalid_client", "The OAuth client was not found.".to_owned()));
    }
    let state = sheets.lock();
    let email = state.accounts.refresh.get(token).filter(|&email| !state.accounts.disabled.contains(email));
    email.cloned().ok_or_else(|| Refusal::grant("Token has been expired or revoked."))
}
