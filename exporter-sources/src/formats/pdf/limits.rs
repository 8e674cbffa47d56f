//! Bounds on what one file may cost: bytes, unpacked bytes, pages, objects, nesting, time.

use std::time::{Duration, Instant};

use super::error::PdfError;

/// The largest file, and the most work, that [`super::read`] accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Sum of all unpacked content and font streams, in bytes.
    pub unpacked_bytes: u64,
    /// Number of pages.
    pub pages: u32,
    /// Number of indirect objects.
    pub objects: u64,
    /// Depth of forms within forms and of pages within page trees.
    pub nesting: u32,
    /// Glyphs, lines and boxes on one page.
    pub marks_per_page: u64,
    /// Time for the whole file.
    pub time: Duration,
}

impl Default for Limits {
    /// Generous for an export of a panel (100,000 rows), small for a machine.
    fn default() -> Self {
        Self {
            bytes: 256 << 20,
            unpacked_bytes: 1 << 30,
            pages: 10_000,
            objects: 4_000_000,
            nesting: 24,
            marks_per_page: 500_000,
            time: Duration::from_mins(1),
        }
    }
}

/// What is left of the limits while one file is read.
#[derive(Debug)]
pub(super) struct Budget {
    limits: Limits,
    started: Instant,
    unpacked: u64,
}

impl Budget {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, started: Instant::now(), unpacked: 0 }
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// How many bytes one more stream may unpack to.
    pub(super) fn unpacked_left(&self) -> usize {
        usize::try_from(self.limits.unpacked_bytes.saturating_sub(self.unpacked)).unwrap_or(usize::MAX)
    }

    /// Accounts for an unpacked stream.
    pub(super) fn unpack(&mut self, bytes: usize) -> Result<(), PdfError> {
        self.unpacked = self.unpacked.saturating_add(bytes as u64);
        check("the unpacked content", self.unpacked, self.limits.unpacked_bytes)
    }

    /// Fails once the time is used up.
    pub(super) fn tick(&self) -> Result<(), PdfError> {
        if self.started.elapsed() > self.limits.time {
            return Err(PdfError::Time { seconds: self.limits.time.as_secs() });
        }
        Ok(())
    }
}

/// Fails with [`PdfError::Limit`] if `value` is above `limit`.
pub(super) fn check(what: &'static str, value: u64, limit: u64) -> Result<(), PdfError> {
    if value > limit {
        return Err(PdfError::Limit { what, limit });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unpacked_bytes_add_up() {
        let mut budget = Budget::new(Limits { unpacked_bytes: 10, ..Limits::default() });
        assert!(budget.unpack(6).is_ok());
        assert_eq!(budget.unpacked_left(), 4);
        assert!(matches!(budget.unpack(5), Err(PdfError::Limit { limit: 10, .. })));
    }

    #[test]
    fn time_runs_out() {
        let budget = Budget::new(Limits { time: Duration::ZERO, ..Limits::default() });
        std::hint::black_box(vec![0_u8; 4096]);
        assert!(matches!(budget.tick(), Err(PdfError::Time { .. })));
    }
}
