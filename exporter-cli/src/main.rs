//! The command `exporter`: tables out of the files that a panel hands out.

mod args;
mod commands;
mod exit;
mod render;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};

fn main() -> ExitCode {
    match Args::try_parse() {
        Ok(Args { command: Command::Table(args) }) => commands::table::main(args).into(),
        Err(error) => exit::usage(&error),
    }
}
