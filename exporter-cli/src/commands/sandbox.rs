//! `exporter sandbox`: the stand-ins alone, until interrupted.

use std::io::Write as _;

use exporter_core::{Error, ErrorKind};
use exporter_sandbox::{Options, Sandbox};
use serde_json::{Map, Value, json};

use crate::args::SandboxArgs;
use crate::exit::Exit;
use crate::render::{self, say};

/// Starts, prints the addresses as one JSON line, serves.
pub async fn main(args: SandboxArgs) -> Exit {
    let options = Options {
        panel_addr: args.panel_addr,
        sheets_addr: args.sheets_addr,
        telegram_addr: args.telegram_addr,
        data: args.data,
        ..Options::default()
    };
    match Sandbox::start(options).await {
        Ok(sandbox) => {
            let exit = serve(&sandbox).await;
            match sandbox.stop().await {
                Ok(()) => exit,
                Err(error) => {
                    let error = Error::new(ErrorKind::Io, "the spreadsheets could not be kept").source(error);
                    render::error::print(&error, Exit::Failed)
                }
            }
        }
        Err(error) => {
            let error = Error::new(ErrorKind::Io, "the sandbox cannot start")
                .source(error)
                .hint("is the address taken?");
            render::error::print(&error, Exit::Failed)
        }
    }
}

/// Prints where everything is and waits until it is asked to end.
pub async fn serve(sandbox: &Sandbox) -> Exit {
    let sites: Map<String, Value> =
        sandbox.sites().iter().map(|site| (site.name.to_owned(), site.url.clone().into())).collect();
    let line = json!({
        "panel": sandbox.panel_url(),
        "sheets": sandbox.sheets_url(),
        "token": sandbox.token_url(),
        "telegram": sandbox.telegram_url(),
        "config": sandbox.config_path(),
        "control": sandbox.control_url(),
        "sites": sites,
    });
    // Listening for the signal begins first: whoever reads the line may send it at once.
    let (interrupted, ()) = tokio::join!(asked_to_end(), async {
        say::line(&line);
        // Who reads the line through a pipe waits for it.
        let _ = std::io::stdout().flush();
    });
    match interrupted {
        Ok(()) => Exit::Ok,
        Err(error) => render::error::print(&error.into(), Exit::Failed),
    }
}

/// An interrupt, or the signal by which a system ends its services.
async fn asked_to_end() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let mut terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = terminated.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
