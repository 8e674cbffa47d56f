//! A Sheets stand-in on a loopback port and a client that speaks plain HTTP to it.

use std::sync::Arc;

use exporter_sandbox::sheets::{Options, Sheets, router};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

/// The service under test.
pub struct Service {
    /// Its address, without a slash at the end.
    pub url: String,
    /// The handle on its state.
    pub sheets: Arc<Sheets>,
    client: Client,
    server: JoinHandle<()>,
}

impl Drop for Service {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Service {
    pub async fn start() -> Self {
        Self::with(Options::default()).await
    }

    pub async fn with(options: Options) -> Self {
        // Whichever test comes first installs it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let sheets = Sheets::new(&options).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = router(Arc::clone(&sheets));
        let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, sheets, client: Client::builder().no_proxy().build().unwrap(), server }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url)).bearer_auth("fidelity")
    }

    /// A request as another account, whose token is its address.
    pub fn request_as(&self, email: &str, method: Method, path: &str) -> RequestBuilder {
        self.sheets.add_token(email, email);
        self.client.request(method, format!("{}{path}", self.url)).bearer_auth(email)
    }

    /// A request without a token.
    pub fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    pub async fn get(&self, path: &str) -> Value {
        ok(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        ok(self.request(Method::POST, path).json(&body)).await
    }

    /// A new spreadsheet with one tab `S` of the given size; gives its path.
    pub async fn small(&self, rows: usize, columns: usize) -> String {
        let grid = json!({"rowCount": rows, "columnCount": columns});
        let sheet = json!({"properties": {"title": "S", "gridProperties": grid}});
        let body = json!({"properties": {"title": "t"}, "sheets": [sheet]});
        let answer = self.post("/v4/spreadsheets", body).await;
        format!("/v4/spreadsheets/{}", answer["spreadsheetId"].as_str().unwrap())
    }

    pub async fn put(&self, file: &str, range: &str, values: Value) -> Value {
        let path = format!("{file}/values/{range}?valueInputOption=USER_ENTERED");
        ok(self.request(Method::PUT, &path).json(&json!({"values": values}))).await
    }

    pub async fn values(&self, file: &str, range: &str) -> Value {
        self.get(&format!("{file}/values/{range}")).await["values"].clone()
    }

    pub async fn formulas(&self, file: &str, range: &str) -> Value {
        self.get(&format!("{file}/values/{range}?valueRenderOption=FORMULA")).await["values"].clone()
    }

    /// One batch; gives the replies.
    pub async fn batch(&self, file: &str, requests: Value) -> Value {
        self.post(&format!("{file}:batchUpdate"), json!({"requests": requests})).await["replies"].clone()
    }

    /// A batch that must be refused; gives the error.
    pub async fn refused(&self, file: &str, requests: Value) -> Value {
        let path = format!("{file}:batchUpdate");
        error(self.request(Method::POST, &path).json(&json!({"requests": requests})), 400).await
    }
}

/// The answer of a request that must succeed.
pub async fn ok(request: RequestBuilder) -> Value {
    let response = request.send().await.unwrap();
    let status = response.status();
    let body: Value = response.json().await.unwrap();
    assert!(status.is_success(), "{status}: {body}");
    body
}

/// The error of a request that must fail with a status.
pub async fn error(request: RequestBuilder, status: u16) -> Value {
    let response = request.send().await.unwrap();
    let got = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    assert_eq!(got, status, "{body}");
    body["error"].clone()
}
