//! Learning routes: from a browser's trace to a request that is known to bring the same table.

use exporter_core::{Driver, Error, ErrorKind, ExportRequest, ExportSpec, Table};

use super::Panel;
use super::fetch::Fetched;
use super::session::Clients;
use crate::driver::{Download, Recipe};
use crate::route::{Known, Route, Routes, Trace, learn};

/// One export whose route is learned or compared.
pub(super) struct Learner<'a> {
    pub panel: &'a Panel,
    pub spec: &'a ExportSpec,
    pub recipe: &'a Recipe,
    pub request: &'a ExportRequest,
}

impl Learner<'_> {
    /// Learns from what a browser fetched, or compares what a route fetched when it is
    /// time to; what a reader of the report should know.
    pub(super) async fn after(
        &self,
        clients: &mut Clients,
        routes: &mut Routes,
        used: Option<&Route>,
        fetched: &mut Fetched,
    ) -> Result<Option<String>, Error> {
        match used {
            Some(route) if self.is_due(route) => self.compare(clients, routes, route, fetched).await,
            None if fetched.driver == Driver::Browser && self.is_unknown(routes) => {
                let Some(trace) = fetched.download.as_mut().map(|download| download.trace.take()) else {
                    return Ok(None);
                };
                self.learn(clients, routes, trace, &fetched.content.table).await.map(Some)
            }
            _ => Ok(None),
        }
    }

    fn is_unknown(&self, routes: &Routes) -> bool {
        routes.get(&self.recipe.name).is_none_or(|route| !self.panel.fits(route, self.recipe))
    }

    fn is_due(&self, route: &Route) -> bool {
        let options = &self.panel.options;
        let age = (self.panel.now() - route.verified).to_std();
        options.driver == Driver::Auto && age.is_ok_and(|age| age >= options.compare_after)
    }

    /// Tries the requests of a trace until one brings the same table.
    async fn learn(
        &self,
        clients: &mut Clients,
        routes: &mut Routes,
        trace: Option<Trace>,
        table: &Table,
    ) -> Result<String, Error> {
        let Some(trace) = trace else { return Ok(not_learned("the browser does not tell what it sends")) };
        let mut why = "no request was seen".to_owned();
        for observed in &trace.requests {
            let known = Known {
                base: &self.panel.url,
                window: self.request.window,
                format: &self.recipe.format,
                recipe: &self.recipe.fingerprint,
                now: self.panel.now(),
            };
            let verified = match learn(observed, &trace.page, &trace.facts, &known) {
                Ok(route) => self.verify(clients, &route, table).await.map(|()| route),
                Err(reason) => Err(reason),
            };
            match verified {
                Ok(route) => {
                    let note = format!(
                        "learned the request behind the button; no browser is needed for it: {route}"
                    );
                    routes.keep(&self.recipe.name, route)?;
                    return Ok(note);
                }
                Err(reason) => why = reason,
            }
        }
        Ok(not_learned(&why))
    }

    /// Whether the request, sent without the browser, brings the same table.
    async fn verify(&self, clients: &mut Clients, route: &Route, table: &Table) -> Result<(), String> {
        match self.panel.replayed(clients, route, self.spec, self.recipe, self.request).await {
            Ok(again) if again == *table => Ok(()),
            Ok(_) => Err("it brings another table".to_owned()),
            Err(error) => Err(format!("sent again it brings no table: {error}")),
        }
    }

    /// Fetches the table in the browser as well; where the two differ, the browser is right.
    async fn compare(
        &self,
        clients: &mut Clients,
        routes: &mut Routes,
        route: &Route,
        fetched: &mut Fetched,
    ) -> Result<Option<String>, Error> {
        let browsed = self.panel.browsed(clients, self.spec, self.recipe, self.request).await;
        let mut browsed = match browsed {
            Ok(browsed) => browsed,
            Err(error) if error.kind() == ErrorKind::BrowserMissing => {
                return Ok(Some(format!(
                    "the learned request could not be compared with a browser: {}",
                    error.message()
                )));
            }
            Err(error) => {
                return Ok(Some(format!(
                    "the learned request could not be compared with the browser: {error}"
                )));
            }
        };
        if browsed.content.table == fetched.content.table {
            remove(browsed.download.as_ref()).await?;
            routes.keep(&self.recipe.name, Route { verified: self.panel.now(), ..route.clone() })?;
            return Ok(Some("the learned request brings the same table as the browser".to_owned()));
        }
        routes.forget(&self.recipe.name)?;
        let trace = browsed.download.as_mut().and_then(|download| download.trace.take());
        let learned = self.learn(clients, routes, trace, &browsed.content.table).await?;
        remove(fetched.download.as_ref()).await?;
        *fetched = browsed;
        Ok(Some(format!(
            "the learned request brought another table than the browser, whose table is used; {learned}"
        )))
    }
}

/// Removes a file that is not needed.
async fn remove(download: Option<&Download>) -> Result<(), Error> {
    match download {
        Some(download) => Ok(tokio::fs::remove_file(&download.path).await?),
        None => Ok(()),
    }
}

fn not_learned(why: &str) -> String {
    format!("the browser will be needed again: the request behind the button cannot be used alone, {why}")
}
