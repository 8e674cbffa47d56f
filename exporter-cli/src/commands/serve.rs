//! `exporter serve`: the process around the service: its signals, its socket, how it ends.

use std::os::fd::{AsFd as _, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;

use chrono::TimeDelta;
use exporter_core::{AheadClock, Clock, Error, ErrorKind};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::args::ServeArgs;
use crate::exit::{self, Exit};
use crate::render::say;
use crate::service::door::Door;
use crate::service::health::Health;
use crate::service::{LOOK, Service, afresh, http};
use crate::{logging, render};

/// Serves until a signal to stop; a run that goes on is finished first, unless a second
/// signal comes.
pub async fn main(args: ServeArgs) -> Exit {
    match Box::pin(serve(&args)).await {
        Ok(Ending::Stopped) => Exit::Ok,
        Ok(Ending::Worn(program, socket)) => {
            logging::flush();
            let error =
                Error::from(afresh::begin(program, socket)).context("doing", "starting the service anew");
            render::error::print(&error, exit::for_kind(error.kind()))
        }
        Err(error) => render::error::print(&error, exit::for_kind(error.kind())),
    }
}

/// Why the service came to an end.
enum Ending {
    /// Somebody stopped it.
    Stopped,
    /// A run has left its memory behind: this program is to start anew, with this socket.
    Worn(PathBuf, Option<OwnedFd>),
}

/// The signals by which somebody stops the service.
struct Signals {
    term: Signal,
    int: Signal,
}

impl Signals {
    async fn next(&mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.int.recv() => {}
        }
    }
}

async fn serve(args: &ServeArgs) -> Result<Ending, Error> {
    // First of all: whoever starts us may stop us at once.
    let mut signals =
        Signals { term: signal(SignalKind::terminate())?, int: signal(SignalKind::interrupt())? };
    let clock: Arc<dyn Clock> = Arc::new(AheadClock(TimeDelta::seconds(args.clock_ahead)));
    let health = Arc::new(Health::new(clock.now()));
    let (asks, door) = (Arc::default(), Arc::new(Door::default()));
    let service = loop {
        let driver = args.driver.map(Into::into);
        match Service::load(&args.config, driver, &clock, &health, &asks, &door).await {
            Ok(service) => break service,
            // What is wrong from the start is told to who starts it.
            Err(error) if !afresh::is_again() => return Err(error),
            // A service that has run does not go because somebody edits its files.
            Err(error) => tracing::error!(%error, "the service cannot start anew yet"),
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = signals.next() => return Ok(Ending::Stopped),
        }
    };
    let mut socket = None;
    if let Some(listener) = listener(args).await? {
        socket = Some(listener.as_fd().try_clone_to_owned()?);
        tokio::spawn(http::serve(listener, Arc::new(service.watch())));
    } else if service.is_posted_to() {
        return Err(Error::new(ErrorKind::Config, "Telegram cannot post to a service that listens nowhere")
            .hint("take `[telegram.webhook]` out of the configuration, or give --listen an address"));
    }
    let (stop, stopping) = watch::channel(false);
    let work = service.work(stopping);
    tokio::pin!(work);
    for signal in ["first", "second"] {
        tokio::select! {
            program = &mut work => return Ok(match program {
                Some(program) if !*stop.borrow() => Ending::Worn(program, socket),
                _ => Ending::Stopped,
            }),
            () = signals.next() => {}
        }
        tracing::info!(signal, "stopping");
        health.note(|facts| facts.stopping = true);
        if signal == "first" && health.facts().running.is_some() {
            say::note("stopping when the run is over; a second signal stops at once");
        }
        stop.send_replace(true);
    }
    Ok(Ending::Stopped)
}

/// Where those are answered who watch from outside, if anywhere.
async fn listener(args: &ServeArgs) -> Result<Option<TcpListener>, Error> {
    if args.listen == "off" {
        return Ok(None);
    }
    if afresh::is_again() {
        return Ok(Some(TcpListener::from_std(afresh::socket()?)?));
    }
    let address = args.listen.parse().map_err(|_| {
        Error::new(ErrorKind::Config, format!("`{}` is no address", args.listen))
            .hint("an address is written 127.0.0.1:9464; `off` answers nobody")
    })?;
    let listener = http::listen(address).await?;
    say::note(format_args!("health and metrics at http://{}/", listener.local_addr()?));
    Ok(Some(listener))
}
