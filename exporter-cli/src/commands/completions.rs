//! `exporter completions SHELL`: what a shell needs to complete the commands.

use clap::CommandFactory as _;

use crate::args::{Args, CompletionsArgs};
use crate::exit::Exit;

/// Prints the script; each shell's manual says where it belongs.
pub fn main(args: &CompletionsArgs) -> Exit {
    clap_complete::generate(args.shell, &mut Args::command(), "exporter", &mut std::io::stdout());
    Exit::Ok
}
