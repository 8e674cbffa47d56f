//! The connection: cookies, redirects that stay at home, downloads that are whole.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use exporter_core::{Clock, Error, ErrorKind};
use percent_encoding::percent_decode_str;
use reqwest::header::{
    AUTHORIZATION, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER,
};
use reqwest::{Client, Response, StatusCode, Url, multipart, redirect};
use tokio::io::AsyncWriteExt as _;

use super::disposition::file_name;
use super::form::Submission;
use super::jar::Jar;
use crate::driver::classify;
use crate::driver::{Credentials, Download, Login, too_large};
use crate::evidence::{Exchange, Log, millis_of};
use crate::panel::LoginKind;

/// Pages longer than this are no pages for people.
const PAGE_LIMIT: usize = 16 << 20;

/// A pause that is worth waiting for in the middle of an export, and how often.
const SHORT: Duration = Duration::from_secs(20);
const PATIENCE: usize = 3;

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
    /// The pause that the panel asks for.
    pub pause: Option<Duration>,
    pub html: String,
}

/// What came of asking for a file.
pub(super) enum Saved {
    File(Download),
    /// A page, or an answer that says no.
    Page(Page),
}

/// One browser's worth of cookies.
pub(super) struct Connection {
    client: Client,
    jar: Arc<Jar>,
    settings: Settings,
    /// Sent with each request to the panel itself.
    authorisation: Option<HeaderValue>,
    /// What was sent, and the page that came last: for the evidence of a failure.
    log: Log,
    last_page: Mutex<Option<String>>,
    clock: Arc<dyn Clock>,
}

impl Connection {
    pub(super) fn new(
        settings: &Settings,
        login: &Login,
        credentials: &Credentials,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        crate::panel::install_tls();
        let mut hosts = login.hosts.clone();
        hosts.extend(settings.url.host_str().map(str::to_owned));
        let policy = redirect::Policy::custom(move |attempt| {
            let known = |host: &str| hosts.iter().any(|known| known.eq_ignore_ascii_case(host));
            if !attempt.url().host_str().is_some_and(known) {
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
        let authorisation = authorisation(login.kind, credentials)?;
        Ok(Self {
            client,
            jar,
            settings: settings.clone(),
            authorisation,
            log: Log::default(),
            last_page: Mutex::default(),
            clock,
        })
    }

    /// The most bytes that a file may have.
    pub(super) fn limit(&self) -> u64 {
        self.settings.limit
    }

    /// The cookies.
    pub(super) fn jar(&self) -> &Jar {
        &self.jar
    }

    /// What was sent.
    pub(super) fn log(&self) -> &Log {
        &self.log
    }

    /// The page that came last.
    pub(super) fn last_page(&self) -> Option<String> {
        self.last_page.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn read_page(&self, response: Response) -> Result<Page, Error> {
        let page = read_page(response).await?;
        *self.last_page.lock().unwrap_or_else(PoisonError::into_inner) = Some(page.html.clone());
        Ok(page)
    }

    pub(super) async fn get(&self, url: Url) -> Result<Page, Error> {
        self.submit(&Submission::get(url)).await
    }

    /// Sends a form and takes the page that comes.
    pub(super) async fn submit(&self, submission: &Submission) -> Result<Page, Error> {
        let answer = async {
            let response = self.send(submission).await?;
            self.read_page(response).await
        };
        tokio::time::timeout(self.settings.idle, answer).await.map_err(|_| {
            Error::new(ErrorKind::PanelDown, "the panel does not answer in time")
                .context("page", classify::without_query(submission.url.as_str()))
                .context("seconds", self.settings.idle.as_secs().to_string())
        })?
    }

    /// Sends what the export's trigger sends and saves the file that comes.
    pub(super) async fn save(
        &self,
        submission: &Submission,
        directory: &Path,
        wants_page: bool,
    ) -> Result<Saved, Error> {
        let saving = self.save_now(submission, directory, wants_page);
        tokio::time::timeout(self.settings.download, saving)
            .await
            .map_err(|_| self.too_slow(&submission.url))?
    }

    fn too_slow(&self, url: &Url) -> Error {
        Error::new(ErrorKind::Timeout, "the download takes longer than allowed")
            .context("page", classify::without_query(url.as_str()))
            .context("seconds", self.settings.download.as_secs().to_string())
    }

    async fn save_now(
        &self,
        submission: &Submission,
        directory: &Path,
        wants_page: bool,
    ) -> Result<Saved, Error> {
        let response = self.send(submission).await?;
        // Names in UTF-8 or Latin-1 are not allowed there, and common all the same.
        let header = |name| {
            response.headers().get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let media_type = header(CONTENT_TYPE);
        let attached = header(CONTENT_DISPOSITION);
        let named = attached.as_deref().and_then(file_name);
        let is_page = attached.is_none()
            && !wants_page
            && media_type.as_deref().is_some_and(|kind| kind.starts_with("text/html"));
        if is_page || !response.status().is_success() {
            return Ok(Saved::Page(self.read_page(response).await?));
        }
        let name =
            named.unwrap_or_else(|| response.url().path().rsplit('/').next().unwrap_or_default().to_owned());
        let path = self.stream(response, directory).await?;
        Ok(Saved::File(Download { path, file_name: name, media_type, notes: Vec::new(), trace: None }))
    }

    /// The body, piece by piece, into a private file; whole or an error.
    async fn stream(&self, mut response: Response, directory: &Path) -> Result<std::path::PathBuf, Error> {
        let (expected, url) = (response.content_length(), response.url().clone());
        let (file, path) = tempfile::Builder::new().prefix(".part-").tempfile_in(directory)?.into_parts();
        let mut file = tokio::fs::File::from_std(file);
        let mut size = 0_u64;
        loop {
            // Whichever of the two deadlines is noticed first, it is the same news.
            let chunk = response.chunk().await.map_err(|error| {
                if error.is_timeout() {
                    self.too_slow(&url)
                } else {
                    incomplete(size, expected).source(error.without_url())
                }
            })?;
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

    /// Sends, and once more after the pause that a panel asks for when we are too fast.
    async fn send(&self, submission: &Submission) -> Result<Response, Error> {
        for _ in 0..PATIENCE {
            let response = self.send_now(submission).await?;
            let asked = pause(&response).filter(|pause| {
                response.status() == StatusCode::TOO_MANY_REQUESTS && !submission.post && *pause <= SHORT
            });
            let Some(pause) = asked else { return Ok(response) };
            tokio::time::sleep(pause).await;
        }
        self.send_now(submission).await
    }

    async fn send_now(&self, submission: &Submission) -> Result<Response, Error> {
        let mut url = submission.url.clone();
        if !submission.post && !submission.fields.is_empty() {
            // A form sent by GET replaces the query of its address.
            url.query_pairs_mut().clear().extend_pairs(&submission.fields);
        }
        let mut request = if submission.post { self.client.post(url) } else { self.client.get(url) };
        for (name, value) in &submission.headers {
            request = request.header(name, value);
        }
        if submission.post {
            // Frameworks whose forms are sent by script look for their cookie in a header.
            for (cookie, header) in [("XSRF-TOKEN", "x-xsrf-token"), ("csrftoken", "x-csrftoken")] {
                if let Some((_, value)) =
                    self.jar.values(&submission.url).into_iter().find(|(name, _)| name == cookie)
                {
                    let value = percent_decode_str(&value).decode_utf8_lossy().into_owned();
                    request = request.header(header, value);
                }
            }
        }
        if let Some(value) = &self.authorisation
            && submission.url.origin() == self.settings.url.origin()
        {
            request = request.header(AUTHORIZATION, value.clone());
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
        let request = request.build().map_err(|error| unreachable(&submission.url, error))?;
        let seen = Exchange::new(
            self.clock.now(),
            request.method().as_str(),
            request.url().as_str(),
            texts(request.headers()),
        );
        let seen = seen.form(if submission.post { &submission.fields } else { &[] });
        let begun = Instant::now();
        let answer = self.client.execute(request).await;
        let seen = Exchange { millis: millis_of(begun.elapsed()), ..seen };
        match answer {
            Ok(response) => {
                self.log.push(seen.answered(response.status().as_u16(), texts(response.headers())));
                Ok(response)
            }
            Err(error) => {
                let error = unreachable(&submission.url, error);
                self.log.push(Exchange { error: Some(error.to_string()), ..seen });
                Err(error)
            }
        }
    }
}

/// Headers as texts; one that is none cannot be shown.
fn texts(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap_or("***")))
}

/// The header that says who we are, for panels without a form.
fn authorisation(kind: LoginKind, credentials: &Credentials) -> Result<Option<HeaderValue>, Error> {
    let password = credentials.password.expose();
    let text = match kind {
        LoginKind::Bearer => format!("Bearer {password}"),
        LoginKind::Basic => {
            format!("Basic {}", BASE64.encode(format!("{}:{password}", credentials.username.expose())))
        }
        LoginKind::Form | LoginKind::None => return Ok(None),
    };
    let mut value = HeaderValue::from_str(&text)
        .map_err(|_| Error::new(ErrorKind::Config, "the token holds letters that no header can carry"))?;
    value.set_sensitive(true);
    Ok(Some(value))
}

/// What came was a page: the login page, an error, or some other. An `address` that was
/// asked directly says by its status alone that it does not know us.
pub(super) fn page_instead(page: &Page, direct: bool) -> Error {
    if direct && page.status == 401 {
        return classify::not_authorised(page.seen());
    }
    classify::instead_of_file(page.seen())
}

async fn read_page(mut response: Response) -> Result<Page, Error> {
    let (url, status) = (response.url().clone(), response.status().as_u16());
    let pause = pause(&response);
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&url, error))? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > PAGE_LIMIT {
            return Err(Error::new(ErrorKind::TooLarge, "the panel's page does not end")
                .context("page", classify::without_query(url.as_str())));
        }
    }
    Ok(Page { url, status, pause, html: String::from_utf8_lossy(&bytes).into_owned() })
}

/// `Retry-After` in seconds (RFC 9110, 10.2.3); a date is what servers do not send.
fn pause(response: &Response) -> Option<Duration> {
    let header = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    header.trim().parse().ok().map(Duration::from_secs)
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
