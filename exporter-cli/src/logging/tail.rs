//! The last lines of the log in memory, for whoever is told of a failure.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

/// So many lines are kept.
const LINES: usize = 40;

static LAST: Mutex<VecDeque<String>> = Mutex::new(VecDeque::new());

/// Takes whole lines, as a layer of the log writes them.
pub struct Tail;

impl Write for Tail {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() == LINES {
            last.pop_front();
        }
        last.push_back(String::from_utf8_lossy(line).into_owned());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The last lines, oldest first.
pub fn end() -> String {
    LAST.lock().unwrap_or_else(PoisonError::into_inner).iter().map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_lines_are_kept() {
        for number in 0..100 {
            Tail.write_all(format!("line {number}\n").as_bytes()).unwrap();
        }
        let end = end();
        assert_eq!(end.lines().count(), LINES);
        assert!(end.ends_with("line 99\n") && !end.contains("line 59\n"), "{end}");
    }
}
