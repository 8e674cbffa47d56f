//! Asking whoever sits at the terminal.

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use exporter_core::{Asker, Error, ErrorKind, Question, Secret};
use tokio::sync::oneshot;

use super::{missed, patience};
use crate::config::Config;
use crate::render::progress::Progress;
use crate::render::say;

/// Asks on stderr and reads a line of stdin.
#[derive(Debug)]
struct AtTerminal {
    progress: Progress,
    patience: Duration,
}

/// Who sits at the terminal, if somebody does and is to be asked; the progress makes room
/// for the question.
pub fn here(config: &Config, progress: &Progress) -> Option<Arc<dyn Asker>> {
    let somebody = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    let patience = patience(config).filter(|_| somebody)?;
    Some(Arc::new(AtTerminal { progress: progress.clone(), patience }))
}

#[async_trait]
impl Asker for AtTerminal {
    async fn ask(&self, question: &Question) -> Result<Secret, Error> {
        self.progress.hide();
        if question.again {
            say::note("the panel did not take that code");
        }
        say::note(format_args!("{} wants a one-time code; type it and press Enter:", question.panel));
        let line = tokio::time::timeout(self.patience, line()).await;
        self.progress.show();
        let code: String = line.map_err(|_| missed(self.patience))??.split_whitespace().collect();
        if code.is_empty() {
            return Err(Error::new(ErrorKind::SecondFactor, "no one-time code was given")
                .hint("start another run, and type the code that the panel sends then"));
        }
        Ok(Secret::new(code))
    }
}

/// One line of stdin, read on a thread of its own: nothing waits for it at the end.
async fn line() -> Result<String, Error> {
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = std::io::stdin().read_line(&mut line).map(|_| line);
        // Who asked may have lost patience.
        let _ = sender.send(read);
    });
    let read = receiver.await;
    Ok(read.map_err(|_| Error::new(ErrorKind::Internal, "the terminal cannot be read"))??)
}
