//! The command `exporter`: takes a panel's exports into Google Sheets, unattended.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod args;
mod asking;
mod assemble;
mod bundle;
mod channels;
mod commands;
mod config;
mod execute;
mod exit;
mod forecast;
mod hex;
mod keyring;
mod logging;
mod render;
mod service;
mod state;
mod trail;
mod watch;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};
use exit::Exit;

fn main() -> ExitCode {
    // Known before the words are understood, so that a wrong one is told in the same way.
    if std::env::args_os().take_while(|word| word != "--").any(|word| word == "--json") {
        render::error::as_json();
    }
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return render::error::usage(&error),
    };
    match args.kept_log().map_or(Ok(None), logging::file_of) {
        Ok(file) => logging::init(args.debug(), file),
        Err(error) => return render::error::print(&error, Exit::Config).into(),
    }
    let exit = match runtime() {
        Ok(runtime) => runtime.block_on(dispatch(args.command)),
        Err(error) => render::error::print(&error.into(), Exit::Config),
    };
    logging::flush();
    if exit == Exit::Ok && !render::say::all_said() { Exit::Failed.into() } else { exit.into() }
}

/// Two workers are enough: the work waits for other machines most of the time.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
}

async fn dispatch(command: Command) -> Exit {
    match command {
        Command::Demo(args) => commands::demo::main(args).await,
        Command::Run(args) => commands::run::main(args).await,
        Command::Plan(args) => commands::plan::main(args).await,
        Command::Undo(args) => commands::undo::main(args).await,
        Command::Why(args) => commands::why::main(args).await,
        Command::Table(args) => commands::table::main(args),
        Command::Check(args) => commands::check::main(args).await,
        Command::Init(args) => commands::init::main(args).await,
        Command::Bundle(args) => commands::bundle::main(args).await,
        Command::Replay(args) => commands::replay::main(args).await,
        Command::Record(args) => commands::record::main(args).await,
        Command::Routes(args) => commands::routes::main(&args),
        Command::History(args) => commands::history::main(args).await,
        Command::Show(args) => commands::show::main(args).await,
        Command::Status(args) => commands::status::main(args).await,
        Command::Backfill(args) => commands::backfill::main(args).await,
        Command::Secret(args) => commands::secret::main(&args),
        Command::Schedule(args) => commands::schedule::main(args.what),
        Command::Backup(args) => commands::backup::main(args).await,
        Command::Restore(args) => commands::restore::main(args).await,
        Command::Completions(args) => commands::completions::main(&args),
        Command::Serve(args) => commands::serve::main(args).await,
        Command::Sandbox(args) => commands::sandbox::main(args).await,
    }
}
