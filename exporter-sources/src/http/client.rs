//! The connection: cookies, redirects that stay at home, downloads that are whole.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use exporter_core::{Error, ErrorKind};
use reqwest::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use reqwest::{Client, Response, Url, multipart, redirect};
use tokio::io::AsyncWriteExt as _;

use super::disposition::file_name;
use super::form::Submission;
use super::jar::Jar;
use crate::driver::classify::{self, Seen};
use crate::driver::{Download, too_large};

/// Pages longer than this are no pages for people.
const PAGE_LIMIT: usize = 16 << 20;

/// How the connection is made.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The panel's address.
    pub url: Url,
    /// How long a request may be without any progress.
    pub idle: Duration,
    /// How long the panel may work on an export.
    pub download: Duration,
    /// The most bytes that a file may have.
    pub limit: u64,
}

/// A page that came.
#[derive(Debug)]
pub(super) struct Page {
    pub url: Url,
    pub status: u16,
    pub html: String,
}

/// One browser's worth of cookies.
pub(super) struct Connection {
    client: Client,
    jar: Arc<Jar>,
    settings: Settings,
}

impl Connection {
    pub(super) fn new(settings: &Settings) -> Result<Self, Error> {
        crate::panel::install_tls();
        let home = settings.url.clone();
        let policy = redirect::Policy::custom(move |attempt| {
            if attempt.url().host_str() != home.host_str() {
                attempt.error("the panel redirects to a foreign host")
            } else if attempt.previous().len() > 10 {
                attempt.error("the panel redirects in circles")
            } else {
                attempt.follow()
            }
        });
        let jar = Arc::new(Jar::default());
        let client = Client::builder()
            .cookie_provider(Arc::clone(&jar))
            .redirect(policy)
            .connect_timeout(settings.idle)
            .read_timeout(settings.download)
            .user_agent(concat!("Mozilla/5.0 (X11; Linux x86_64) exporter/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| {
                Error::new(ErrorKind::Internal, "the HTTP client cannot be made").source(error)
            })?;
        Ok(Self { client, jar, settings: settings.clone() })
    }

    /// The cookies.
    pub(super) fn jar(&self) -> &Jar {
        &self.jar
    }

    pub(super) async fn get(&self, url: Url) -> Result<Page, Error> {
        self.submit(&Submission::get(url)).await
    }

    /// Sends a form and takes the page that comes.
    pub(super) async fn submit(&self, submission: &Submission) -> Result<Page, Error> {
        let answer = async {
            let response = self.send(submission).await?;
            read_page(response).await
        };
        tokio::time::timeout(self.settings.idle, answer).await.map_err(|_| {
            Error::new(ErrorKind::PanelDown, "the panel does not answer in time")
                .context("page", classify::without_query(submission.url.as_str()))
                .context("seconds", self.settings.idle.as_secs().to_string())
        })?
    }

    /// Sends what the export's trigger sends and saves the file that comes.
    pub(super) async fn save(&self, submission: &Submission, directory: &Path) -> Result<Download, Error> {
        tokio::time::timeout(self.settings.download, self.save_now(submission, directory)).await.map_err(
            |_| {
                Error::new(ErrorKind::Timeout, "the download takes longer than allowed")
                    .context("page", classify::without_query(submission.url.as_str()))
                    .context("seconds", self.settings.download.as_secs().to_string())
            },
        )?
    }

    async fn save_now(&self, submission: &Submission, directory: &Path) -> Result<Download, Error> {
        let response = self.send(submission).await?;
        // Names in UTF-8 or Latin-1 are not allowed there, and common all the same.
        let header = |name| {
            response.headers().get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let media_type = header(CONTENT_TYPE);
        let attached = header(CONTENT_DISPOSITION);
        let named = attached.as_deref().and_then(file_name);
        let is_page =
            attached.is_none() && media_type.as_deref().is_some_and(|kind| kind.starts_with("text/html"));
        if is_page || !response.status().is_success() {
            return Err(page_instead(&read_page(response).await?));
        }
        let name =
            named.unwrap_or_else(|| response.url().path().rsplit('/').next().unwrap_or_default().to_owned());
        let path = self.stream(response, directory).await?;
        Ok(Download { path, file_name: name, media_type, notes: Vec::new(), trace: None })
    }

    /// The body, piece by piece, into a private file; whole or an error.
    async fn stream(&self, mut response: Response, directory: &Path) -> Result<std::path::PathBuf, Error> {
        let expected = response.content_length();
        let (file, path) = tempfile::Builder::new().prefix(".part-").tempfile_in(directory)?.into_parts();
        let mut file = tokio::fs::File::from_std(file);
        let mut size = 0_u64;
        loop {
            let chunk = response
                .chunk()
                .await
                .map_err(|error| incomplete(size, expected).source(error.without_url()))?;
            let Some(chunk) = chunk else { break };
            size += chunk.len() as u64;
            if size > self.settings.limit {
                return Err(too_large(self.settings.limit));
            }
            file.write_all(&chunk).await?;
        }
        file.flush().await?;
        if expected.is_some_and(|expected| expected != size) {
            return Err(incomplete(size, expected));
        }
        path.keep().map_err(|error| Error::from(error.error))
    }

    async fn send(&self, submission: &Submission) -> Result<Response, Error> {
        let mut url = submission.url.clone();
        if !submission.post && !submission.fields.is_empty() {
            // A form sent by GET replaces the query of its address.
            url.query_pairs_mut().clear().extend_pairs(&submission.fields);
        }
        let mut request = if submission.post { self.client.post(url) } else { self.client.get(url) };
        for (name, value) in &submission.headers {
            request = request.header(name, value);
        }
        let request = match &submission.text {
            Some(text) => request.body(text.clone()),
            None if !submission.post => request,
            None if submission.multipart => {
                let fields = submission.fields.iter().cloned();
                request.multipart(
                    fields.fold(multipart::Form::new(), |form, (name, value)| form.text(name, value)),
                )
            }
            None => request.form(&submission.fields),
        };
        request.send().await.map_err(|error| unreachable(&submission.url, error))
    }
}

/// What came was a page: the login page, an error, or some other.
fn page_instead(page: &Page) -> Error {
    classify::instead_of_file(Seen { url: page.url.as_str(), status: Some(page.status), html: &page.html })
}

async fn read_page(mut response: Response) -> Result<Page, Error> {
    let (url, status) = (response.url().clone(), response.status().as_u16());
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&url, error))? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > PAGE_LIMIT {
            return Err(Error::new(ErrorKind::TooLarge, "the panel's page does not end")
                .context("page", classify::without_query(url.as_str())));
        }
    }
    Ok(Page { url, status, html: String::from_utf8_lossy(&bytes).into_owned() })
}

fn incomplete(size: u64, expected: Option<u64>) -> Error {
    let whole = expected.map_or_else(|| "an unknown number".to_owned(), |expected| expected.to_string());
    Error::new(ErrorKind::DownloadIncomplete, format!("the download broke off after {size} of {whole} bytes"))
}

/// No answer at all. The address in reqwest's own words may hold a query, so it goes.
fn unreachable(url: &Url, error: reqwest::Error) -> Error {
    let message = if error.is_connect() {
        "the panel cannot be reached"
    } else if error.is_redirect() {
        return Error::new(ErrorKind::Blocked, "the panel sent us somewhere we do not go")
            .context("page", classify::without_query(url.as_str()))
            .source(error.without_url());
    } else {
        "the connection to the panel broke off"
    };
    Error::new(ErrorKind::PanelDown, message)
        .context("page", classify::without_query(url.as_str()))
        .source(error.without_url())
        .hint("open the panel in a browser on this machine; check its address in the configuration")
}
