//! What the server or the way to it says, as an error of ours: what to do follows from its code.

use std::error::Error as _;
use std::io;

use exporter_core::{Error, ErrorKind};
use tokio_postgres::error::{Severity, SqlState};

use super::address::Server;
use super::text::Failure;

/// Whether the connection ended, or the server asks to come again: nothing was done.
pub fn is_lost(failure: &Failure) -> bool {
    let Failure::Server(error) = failure else { return false };
    match error.as_db_error() {
        Some(said) => {
            matches!(said.parsed_severity(), Some(Severity::Fatal | Severity::Panic))
                || [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED]
                    .contains(said.code())
        }
        None => error.is_closed() || io_kind(error).is_some(),
    }
}

/// Whether the server is not there (yet): it may come up again.
pub fn is_away(failure: &Failure) -> bool {
    let Failure::Server(error) = failure else { return false };
    match error.as_db_error() {
        Some(said) => {
            *said.code() == SqlState::CANNOT_CONNECT_NOW || *said.code() == SqlState::ADMIN_SHUTDOWN
        }
        None => error.is_closed() || (io_kind(error).is_some() && !is_tls(error)),
    }
}

/// A failure as an error of ours.
pub fn explain(failure: &Failure, server: &Server) -> Error {
    let what = |text: &str| {
        Error::new(ErrorKind::Io, format!("the state in PostgreSQL ({}) {text}", server.place()))
            .source(failure.to_string())
    };
    let Failure::Server(error) = failure else {
        return what("holds something that cannot be read")
            .hint("was it changed by hand? `exporter restore` brings back the last backup; the sheet itself is not touched");
    };
    match error.as_db_error() {
        Some(said) => {
            let (user, database) = server.names();
            let code = said.code();
            let (text, hint) = refusal(code, user, database);
            what(text).hint(hint)
        }
        None if is_tls(error) => what("cannot be reached in secret")
            .hint("if its certificate is signed by a private authority, add `sslrootcert=FILE` to the address after `?`")
            .hint("if the network between is private and the server speaks no TLS, add `sslmode=disable`"),
        None => what("cannot be reached")
            .hint("is the server running, and may this machine reach it? try: pg_isready -h HOST -p PORT")
            .hint("the address is what `[state] url` in the configuration refers to"),
    }
}

/// The error of somebody who may not begin a state.
pub fn no_right(server: &Server) -> Error {
    let (user, database) = server.names();
    let (text, hint) = refusal(&SqlState::INSUFFICIENT_PRIVILEGE, user, database);
    Error::new(ErrorKind::Io, format!("the state in PostgreSQL ({}) {text}", server.place()))
        .source("a schema may not be made there")
        .hint(hint)
}

/// What a refusal means and what to do about it.
fn refusal(code: &SqlState, user: &str, database: &str) -> (&'static str, String) {
    let refused = "refuses us";
    if *code == SqlState::INVALID_PASSWORD || *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION {
        (refused, format!("user name or password of the address is wrong: it asks as {user}"))
    } else if *code == SqlState::INVALID_CATALOG_NAME {
        ("is not there", format!("make the database: createdb --owner={user} {database}"))
    } else if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        (
            refused,
            format!(
                "let its owner give the right to make a schema: GRANT CREATE ON DATABASE {database} TO {user}; \
                 or make it: CREATE SCHEMA exporter AUTHORIZATION {user}"
            ),
        )
    } else if *code == SqlState::READ_ONLY_SQL_TRANSACTION {
        (
            "cannot be written",
            "the address is that of a copy that is only read: name the primary server".into(),
        )
    } else if *code == SqlState::DISK_FULL {
        (
            "cannot be written",
            "make room on the server's disk; nothing that was written before is lost".into(),
        )
    } else if *code == SqlState::TOO_MANY_CONNECTIONS {
        (refused, "the server has no connection left: end others, or raise max_connections".into())
    } else if *code == SqlState::LOCK_NOT_AVAILABLE || *code == SqlState::QUERY_CANCELED {
        (
            "is held by another program for long",
            "see which: SELECT pid, state, query FROM pg_stat_activity WHERE application_name = 'exporter'"
                .into(),
        )
    } else {
        (
            "could not be read or written",
            "look into the server's log at this time; the sheet itself is not touched".into(),
        )
    }
}

/// The kind of the network's error beneath, where there is one.
fn io_kind(error: &tokio_postgres::Error) -> Option<io::ErrorKind> {
    Some(error.source()?.downcast_ref::<io::Error>()?.kind())
}

/// Whether encryption is what failed. The library tells it by words alone.
fn is_tls(error: &tokio_postgres::Error) -> bool {
    error.to_string().starts_with("error performing TLS handshake")
}
