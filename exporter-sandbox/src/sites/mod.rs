//! More panels: other frameworks, other ways to hand out files, other troubles. Each is a small
//! site at an address of its own and shows the same rows as the panel.

mod api;
mod datatables;
mod django;
mod flask_admin;
mod framed;
mod hostile;
mod redmine;
mod web;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use serde::Serialize;

pub use api::TOKEN as API_TOKEN;
pub use hostile::KINDS as HOSTILE_KINDS;

use crate::faults::Faults;
use crate::panel::data::Data;
use crate::panel::{self, Manner, Panel};
use crate::server::Server;

/// A site and what it is there for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Site {
    /// Its name, also as a service in faults and the log of calls.
    pub name: &'static str,
    /// Its address, without a slash at the end.
    pub url: String,
    /// What is particular about it.
    pub about: &'static str,
}

/// All sites of a sandbox; they stop when this is dropped.
#[derive(Debug)]
pub(crate) struct Sites {
    list: Vec<Site>,
    panels: Vec<Panel>,
    servers: Vec<Server>,
}

type Make = fn(Data) -> Router;

/// Those that are not the panel in another manner.
const OTHERS: [(&str, &str, Make); 7] = [
    (
        "django",
        "Django admin: csrfmiddlewaretoken, filters in the query, an export page with a format",
        django::router,
    ),
    ("datatables", "rows come as JSON, and a script makes the CSV file in the browser", datatables::router),
    ("redmine", "links CSV and PDF below a list whose filters are in the query", redmine::router),
    ("flask_admin", "Flask-Admin: one field for both days, an export link", flask_admin::router),
    (
        "framed",
        "the form is in a frame, without a name, its days filled in, with a select and a box",
        framed::router,
    ),
    ("api", "a bearer token, JSON by pages, CSV, Retry-After", api::router),
    ("hostile", "downloads that are wrong, endless, stalled, bombs or lies", hostile::router),
];

impl Sites {
    /// Starts all of them, each on a free port.
    pub async fn start(data: &Data, faults: &Faults) -> io::Result<Self> {
        let mut sites = Self { list: Vec::new(), panels: Vec::new(), servers: Vec::new() };
        for (name, about, make) in OTHERS {
            sites.serve(name, about, make(data.clone()), faults).await?;
        }
        for manner in Manner::OTHERS {
            let panel = Panel::new(data.clone(), manner);
            sites.serve(manner.name(), manner.about(), panel::router(panel.clone()), faults).await?;
            sites.panels.push(panel);
        }
        Ok(sites)
    }

    async fn serve(
        &mut self,
        name: &'static str,
        about: &'static str,
        router: Router,
        faults: &Faults,
    ) -> io::Result<()> {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = Server::start(free, panel::service(name), router, faults.clone()).await?;
        self.list.push(Site { name, url: server.url(), about });
        self.servers.push(server);
        Ok(())
    }

    pub fn list(&self) -> &[Site] {
        &self.list
    }

    /// The panel behind a site that is the panel in another manner.
    pub fn panel(&self, name: &str) -> Option<&Panel> {
        self.panels.iter().find(|panel| panel.manner().name() == name)
    }
}
