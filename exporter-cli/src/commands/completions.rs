//! `exporter completions SHELL`: what a shell needs to complete the commands.

use clap::CommandFactory as _;

use crate::args::{Args, CompletionsArgs};
use crate::exit::Exit;
use crate::render::say;

/// Prints the script; each shell's manual says where it belongs.
pub fn main(args: &CompletionsArgs) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "exporter", &mut script);
    say::text(String::from_utf8_lossy(&script));
    Exit::Ok
}
