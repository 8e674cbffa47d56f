//! `exporter secret NAME`: keep a secret in the keyring of the system, or take it away.

use std::io::{BufRead as _, IsTerminal as _};

use exporter_core::{Error, ErrorKind, Secret};

use crate::args::SecretArgs;
use crate::exit::Exit;
use crate::keyring;
use crate::render::{self, say};

/// Reads the secret from standard input and keeps it.
pub fn main(args: &SecretArgs) -> Exit {
    let done = if args.forget { forget(&args.name) } else { keep(&args.name) };
    match done {
        Ok(said) => {
            say::line(said);
            Exit::Ok
        }
        Err(error) => render::error::print(&error, Exit::Config),
    }
}

fn keep(name: &str) -> Result<String, Error> {
    if std::io::stdin().is_terminal() {
        return Err(Error::new(
            ErrorKind::Config,
            "the secret is read from standard input, so that nobody sees it",
        )
        .hint(format!("type it unseen: read -rs SECRET; printf %s \"$SECRET\" | exporter secret {name}"))
        .hint(format!("or bring it from a file: exporter secret {name} < FILE")));
    }
    let mut text = String::new();
    std::io::stdin().lock().read_line(&mut text)?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(Error::new(ErrorKind::Config, "nothing came on standard input"));
    }
    keyring::put(name, &Secret::new(text))?;
    Ok(format!("Kept. Refer to it in the configuration as \"keyring:{name}\"."))
}

fn forget(name: &str) -> Result<String, Error> {
    let said = if keyring::forget(name)? { "Forgotten." } else { "There was none of this name." };
    Ok(said.to_owned())
}
