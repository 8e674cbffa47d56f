//! Starts the program anew in its own place, so that what a run took of memory is given back.
//!
//! An allocator keeps what it once had, in pieces too scattered to return: after a run over
//! some thousand rows the service would hold several times what it needs to wait. All that
//! it knows is in the state, and it may be killed at any moment; so between runs it replaces
//! itself by a fresh one: the same process to whoever looks after it, with the same arguments
//! and output, and the same socket, so that nobody who asks finds the door shut.

use std::fs::File;
use std::io;
use std::net::TcpListener;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;

/// Says to the fresh program that it is no first start.
const AGAIN: &str = "EXPORTER_SERVE_AGAIN";

/// Whether the service ran before in this very process.
pub fn is_again() -> bool {
    std::env::var_os(AGAIN).is_some()
}

/// The program's file, unless it was removed or replaced since it was started.
pub fn program() -> Option<PathBuf> {
    std::env::current_exe().ok().filter(|file| file.exists())
}

/// Replaces this process by `program`, called as this one was; `socket` becomes its standard
/// input, which a service has no use for. Returns only when that fails.
#[expect(clippy::disallowed_methods, reason = "this very process becomes it: no child is left behind")]
pub fn begin(program: PathBuf, socket: Option<OwnedFd>) -> io::Error {
    let mut args = std::env::args_os();
    let name = args.next().unwrap_or_else(|| program.clone().into_os_string());
    let mut command = std::process::Command::new(program);
    command.arg0(name).args(args).env(AGAIN, "1");
    if let Some(socket) = socket {
        command.stdin(socket);
    }
    command.exec()
}

/// The socket that [`begin`] handed over.
///
/// # Errors
/// When standard input is none.
pub fn socket() -> io::Result<TcpListener> {
    let socket = TcpListener::from(io::stdin().as_fd().try_clone_to_owned()?);
    // No program that is started from here keeps the port open.
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}
