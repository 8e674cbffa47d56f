//! What happened in storms, for the summary.

use std::collections::BTreeMap;
use std::fmt;

#[derive(Debug, Clone, Default)]
pub struct Counts {
    pub calls: usize,
    pub acts: usize,
    pub failures: usize,
    pub late: usize,
    pub kills: usize,
    /// Processes that were really killed, by the number of their last call and whether it had
    /// its effect.
    pub real: BTreeMap<(usize, bool), usize>,
    /// Cells with something in them that nobody had read when a write hit them.
    pub unseen: usize,
}

impl Counts {
    pub fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.acts += other.acts;
        self.failures += other.failures;
        self.late += other.late;
        self.kills += other.kills;
        self.unseen += other.unseen;
        for (call, count) in &other.real {
            *self.real.entry(*call).or_default() += count;
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { calls, acts, failures, late, kills, unseen, real } = self;
        write!(f, "{calls} calls, {acts} acts of people, {failures} failures ({late} came late), ")?;
        write!(
            f,
            "{kills} dead processes, {} of them children killed by the system (",
            real.values().sum::<usize>()
        )?;
        for (index, ((call, after), count)) in real.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            let when = if *after { "after" } else { "before" };
            write!(f, "{comma}{count} {when} the effect of call {call}")?;
        }
        write!(f, "), {unseen} cells hit that nobody had read")
    }
}
