//! `exporter routes`: the requests that were learned from a browser: list, show, forget.

use std::path::Path;

use exporter_core::{Error, ErrorKind};
use exporter_sources::Routes;

use crate::args::{RoutesArgs, RoutesVerb};
use crate::config::load;
use crate::exit::{self, Exit};
use crate::render::table::boxed;
use crate::render::{self, say};

/// Lists, shows or forgets.
pub fn main(args: &RoutesArgs) -> Exit {
    match run(args) {
        Ok(()) => Exit::Ok,
        Err(error) => render::error::print(&error, exit::for_kind(error.kind())),
    }
}

fn run(args: &RoutesArgs) -> Result<(), Error> {
    let mut routes = Routes::load(&load(Path::new(&args.config))?.state())?;
    match &args.verb {
        RoutesVerb::List => list(&routes),
        RoutesVerb::Show { export } => {
            let route = routes.get(export).ok_or_else(|| unknown(export, &routes))?;
            say::line(route.explained());
        }
        RoutesVerb::Forget { export: Some(export) } => {
            if !routes.forget(export)? {
                return Err(unknown(export, &routes));
            }
            say::line(format_args!(
                "Forgotten: {export}. The next run asks the panel's page, or a browser, again."
            ));
        }
        RoutesVerb::Forget { export: None } => {
            let names: Vec<String> = routes.iter().map(|(name, _)| name.to_owned()).collect();
            for name in &names {
                routes.forget(name)?;
            }
            say::line(format_args!("Forgotten: {} routes.", names.len()));
        }
    }
    Ok(())
}

fn list(routes: &Routes) {
    let rows: Vec<Vec<String>> = routes
        .iter()
        .map(|(name, route)| {
            let day = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d").to_string();
            vec![name.to_owned(), route.to_string(), day(route.learned), day(route.verified)]
        })
        .collect();
    if rows.is_empty() {
        say::line("No route is known. One is learned when an export is fetched with a browser.");
    } else {
        say::line(boxed(["export", "request", "learned", "compared"], rows));
    }
}

fn unknown(export: &str, routes: &Routes) -> Error {
    let known: Vec<&str> = routes.iter().map(|(name, _)| name).collect();
    let error = Error::new(ErrorKind::Config, format!("no route is known for `{export}`"));
    if known.is_empty() {
        return error.hint("one is learned when an export is fetched with a browser");
    }
    error.hint(format!("routes are known for {}", known.join(", ")))
}
