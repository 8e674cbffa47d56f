//! Printing: results on stdout, all else on stderr, and a reader who went away stops no run.

use std::fmt::{Arguments, Display};
use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a result could not be printed, as where the disk is full that stdout leads to.
static UNSAID: AtomicBool = AtomicBool::new(false);

/// Whether there was a result to print.
static SAID: AtomicBool = AtomicBool::new(false);

/// Prints a result as it is.
pub fn text(what: impl Display) {
    result(format_args!("{what}"));
}

/// Prints a result as a line.
pub fn line(what: impl Display) {
    result(format_args!("{what}\n"));
}

/// Says a line on stderr. Nobody may be listening, and there is nowhere else to say so.
pub fn note(what: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{what}");
}

/// Whether all results were printed, or their reader had seen enough.
pub fn all_said() -> bool {
    !UNSAID.load(Ordering::Relaxed)
}

/// Whether any result was printed.
pub fn said() -> bool {
    SAID.load(Ordering::Relaxed)
}

fn result(what: Arguments<'_>) {
    SAID.store(true, Ordering::Relaxed);
    let mut out = io::stdout().lock();
    let printed = out.write_fmt(what).and_then(|()| out.flush());
    // Who closed the pipe has seen enough.
    if let Err(error) = printed.or_else(|error| match error.kind() {
        ErrorKind::BrokenPipe => Ok(()),
        _ => Err(error),
    }) && !UNSAID.swap(true, Ordering::Relaxed)
    {
        note(format_args!("error[io]: the result could not be printed: {error}"));
        note("hint: look where the output goes: a full disk, or a file that may not be written");
    }
}
