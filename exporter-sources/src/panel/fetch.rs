//! Which ways an export is tried, in which order, and what is done when one fails.

use std::path::Path;

use chrono::{DateTime, Utc};
use exporter_core::{Driver, Error, ErrorKind, ExportRequest, ExportSpec, Stage, Table};

use super::content::{self, Content, Unread};
use super::session::Clients;
use super::{LoginKind, Panel, downloads, learning};
use crate::driver::{Answer, Client as _, Download, Place, Recipe};
use crate::route::{Route, Routes};

/// One way to a file.
#[derive(Debug, Clone)]
enum Way {
    /// The learned request.
    Route(Box<Route>),
    /// The page, read without a browser.
    Http,
    /// A browser.
    Browser,
}

/// What came by one of the ways: a file and what is in it, or the panel's word that
/// there is nothing.
pub(super) struct Fetched {
    pub download: Option<Download>,
    pub content: Content,
    pub driver: Driver,
    /// What a reader of the report should know.
    pub notes: Vec<String>,
}

impl Panel {
    /// Tries one way after the other until one brings the table of the window.
    pub(super) async fn fetch(
        &self,
        spec: &ExportSpec,
        recipe: &Recipe,
        request: &ExportRequest,
    ) -> Result<Fetched, Error> {
        let mut clients = self.open.lock().await;
        let mut routes = self.routes()?;
        let mut ways = self.ways(recipe, routes.as_ref()).into_iter().peekable();
        let mut notes = Vec::new();
        let mut before: Option<Error> = None;
        while let Some(way) = ways.next() {
            let error = match self.go(&mut clients, &way, spec, recipe, request).await {
                Ok(mut fetched) => {
                    if let Some(routes) = routes.as_mut() {
                        let learner = learning::Learner { panel: self, spec, recipe, request };
                        notes.extend(learner.after(&mut clients, routes, way.route(), &mut fetched).await?);
                    }
                    notes.append(&mut fetched.notes);
                    return Ok(Fetched { notes, ..fetched });
                }
                Err(error) => error,
            };
            if error.kind() == ErrorKind::SessionExpired {
                self.forget_session();
            }
            // Without a browser, what went wrong before it is what a person has to mend.
            if error.kind() == ErrorKind::BrowserMissing
                && let Some(before) = before
            {
                return Err(before.hint(format!("a browser may manage it: {}", error.message())));
            }
            if ways.peek().is_none() || !way.gives_way(&error, request.attempt) {
                return Err(match &clients.http {
                    Some(http) if !matches!(way, Way::Browser) && error.evidence_files().next().is_none() => {
                        http.witness(error, &recipe.name, &recipe.private).await
                    }
                    _ => error,
                });
            }
            notes.push(way.note(&error));
            if let (Way::Route(_), Some(routes)) = (&way, routes.as_mut()) {
                routes.forget(&recipe.name)?;
            }
            before = Some(error);
        }
        Err(Error::new(ErrorKind::Internal, "no way to the export was left"))
    }

    /// The ways in their order; a route only while the panel and the description are
    /// those that it was learned with.
    fn ways(&self, recipe: &Recipe, routes: Option<&Routes>) -> Vec<Way> {
        let route = routes
            .and_then(|routes| routes.get(&recipe.name))
            .filter(|route| self.fits(route, recipe))
            .map(|route| Way::Route(Box::new(route.clone())));
        if self.login.kind != LoginKind::Form || matches!(recipe.place, Place::Address { .. }) {
            // Such a panel has no pages that a browser could help with.
            return vec![Way::Http];
        }
        match self.options.driver {
            Driver::Browser => vec![Way::Browser],
            Driver::Http => route.into_iter().chain([Way::Http]).collect(),
            Driver::Auto => route.into_iter().chain([Way::Http, Way::Browser]).collect(),
        }
    }

    /// Whether the route was learned with this panel and description.
    pub(super) fn fits(&self, route: &Route, recipe: &Recipe) -> bool {
        route.recipe == recipe.fingerprint && route.origin == self.url.origin().ascii_serialization()
    }

    async fn go(
        &self,
        clients: &mut Clients,
        way: &Way,
        spec: &ExportSpec,
        recipe: &Recipe,
        request: &ExportRequest,
    ) -> Result<Fetched, Error> {
        let window = request.window;
        let answer = match way {
            Way::Route(route) => self.http(clients).await?.replay(route, recipe, window, self.now()).await,
            Way::Http => self.http(clients).await?.download(recipe, window).await,
            Way::Browser => self.browser(clients).await?.download(recipe, window).await,
        };
        let driver = if matches!(way, Way::Browser) { Driver::Browser } else { Driver::Http };
        let (download, content) = match answer.map_err(|error| error.at(Stage::Download))? {
            Answer::File(download) => {
                match content::read(&download.path, self.options.limit, recipe, spec).await {
                    Ok(content) => (Some(download), content),
                    Err(unread) => {
                        let error = self.set_aside(&download.path, recipe, unread);
                        return Err(match way {
                            Way::Browser => {
                                let browser = self.browser(clients).await?;
                                browser.witness(error, &recipe.name, &recipe.private).await
                            }
                            _ => error,
                        });
                    }
                }
            }
            Answer::Nothing { said } => (None, Content::nothing(recipe, spec, &said)),
        };
        Ok(Fetched { download, content, driver, notes: Vec::new() })
    }

    /// The error of a file that could not be read. The file is kept as evidence where it is
    /// of the expected kind; a page that came instead may hold tokens, and goes.
    fn set_aside(&self, path: &Path, recipe: &Recipe, unread: Unread) -> Error {
        let now = self.now().with_timezone(&self.options.timezone);
        let done = match unread.kind {
            Some(kind) => {
                downloads::set_aside(path, kind, &recipe.name, &self.options.downloads, now).map(Some)
            }
            None => std::fs::remove_file(path).map(|()| None).map_err(Error::from),
        };
        match done {
            Ok(Some(kept)) => unread.error.evidence(kept),
            Ok(None) => unread.error,
            Err(error) => unread.error.context("the file could not be put aside", error.to_string()),
        }
    }

    /// What a learned request brings for the window, read and thrown away.
    pub(super) async fn replayed(
        &self,
        clients: &mut Clients,
        route: &Route,
        spec: &ExportSpec,
        recipe: &Recipe,
        request: &ExportRequest,
    ) -> Result<Table, Error> {
        let client = self.borrowed(clients).await?;
        match client.replay(route, recipe, request.window, self.now()).await? {
            Answer::File(download) => {
                let read = content::read(&download.path, self.options.limit, recipe, spec).await;
                tokio::fs::remove_file(&download.path).await?;
                read.map(|content| content.table).map_err(|unread| unread.error)
            }
            Answer::Nothing { said } => Ok(Content::nothing(recipe, spec, &said).table),
        }
    }

    /// What the browser brings for the window.
    pub(super) async fn browsed(
        &self,
        clients: &mut Clients,
        spec: &ExportSpec,
        recipe: &Recipe,
        request: &ExportRequest,
    ) -> Result<Fetched, Error> {
        self.go(clients, &Way::Browser, spec, recipe, request).await
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.options.clock.now()
    }

    /// What was learned so far, where anything is kept between runs.
    fn routes(&self) -> Result<Option<Routes>, Error> {
        self.options.state.as_deref().map(Routes::load).transpose()
    }
}

impl Way {
    fn route(&self) -> Option<&Route> {
        match self {
            Self::Route(route) => Some(route),
            _ => None,
        }
    }

    /// Whether another way may bring what this one could not.
    fn gives_way(&self, error: &Error, attempt: u32) -> bool {
        match (self, error.kind()) {
            (Self::Http, kind) => matches!(kind, ErrorKind::ElementNotFound | ErrorKind::WrongFile),
            (Self::Route(_), kind) if is_answer(kind) => true,
            // Once is bad luck; a request that fails twice has changed.
            (Self::Route(_), ErrorKind::SessionExpired | ErrorKind::PanelDown) => attempt > 1,
            _ => false,
        }
    }

    fn note(&self, error: &Error) -> String {
        match self {
            Self::Route(_) => format!("the learned request no longer works and was forgotten: {error}"),
            _ => format!("fetched with the browser, because over HTTP: {error}"),
        }
    }
}

/// Whether the panel did answer, with something else than the file that was wanted.
fn is_answer(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ElementNotFound
            | ErrorKind::WrongFile
            | ErrorKind::EmptyFile
            | ErrorKind::CorruptFile
            | ErrorKind::UnreadableFile
            | ErrorKind::NoTable
            | ErrorKind::MissingColumn
            | ErrorKind::Contradiction
    )
}
