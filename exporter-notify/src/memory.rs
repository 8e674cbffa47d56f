//! An outbox in memory, for runs that have no state to keep letters in: what is not
//! delivered when the program ends is lost, and the run's report says so.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use exporter_core::{Fate, Letter, Mail, Mark, Outbox, Result, Waiting};

/// Letters, marks and the turn to deliver, as long as the program runs.
#[derive(Debug, Default)]
pub struct MemoryOutbox(Mutex<Inside>);

#[derive(Debug, Default)]
struct Inside {
    letters: Vec<Kept>,
    marks: BTreeMap<String, String>,
    turn: Option<(String, DateTime<Utc>)>,
}

/// A letter and what became of it.
#[derive(Debug)]
struct Kept {
    waiting: Waiting,
    /// The service's id of its first part.
    first: Option<String>,
    fate: Option<Settled>,
}

#[derive(Debug, PartialEq)]
enum Settled {
    Delivered(Option<String>),
    Overtaken,
    Refused,
}

impl MemoryOutbox {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    fn put(&mut self, letter: &Letter) {
        let same = |kept: &Kept| {
            let known = &kept.waiting.letter;
            known.channel == letter.channel && known.once == letter.once
        };
        if self.letters.iter().any(same) {
            return;
        }
        for kept in self.letters.iter_mut().filter(|kept| kept.fate.is_none() && letter.slot.is_some()) {
            let known = &kept.waiting.letter;
            if known.channel == letter.channel && known.slot == letter.slot {
                kept.fate = Some(Settled::Overtaken);
            }
        }
        let id = i64::try_from(self.letters.len()).unwrap_or(i64::MAX);
        let waiting = Waiting {
            id,
            letter: letter.clone(),
            attempts: 0,
            not_before: None,
            why: None,
            replaces: None,
            parts: 0,
        };
        self.letters.push(Kept { waiting, first: None, fate: None });
    }

    /// The service's id of the letter delivered last in the slot of this one.
    fn replaced_by(&self, letter: &Letter) -> Option<String> {
        letter.slot.as_ref()?;
        self.letters.iter().rev().find_map(|kept| match &kept.fate {
            Some(Settled::Delivered(Some(id)))
                if kept.waiting.letter.channel == letter.channel
                    && kept.waiting.letter.slot == letter.slot =>
            {
                Some(id.clone())
            }
            _ => None,
        })
    }
}

#[async_trait]
impl Outbox for MemoryOutbox {
    async fn post(&self, letters: &[Letter], marks: &[Mark], _now: DateTime<Utc>) -> Result<()> {
        let mut inside = self.inside();
        for letter in letters {
            inside.put(letter);
        }
        for Mark { name, value } in marks {
            match value {
                Some(value) => inside.marks.insert(name.clone(), value.clone()),
                None => inside.marks.remove(name),
            };
        }
        Ok(())
    }

    async fn marks(&self) -> Result<BTreeMap<String, String>> {
        Ok(self.inside().marks.clone())
    }

    async fn take_turn(&self, who: &str, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<bool> {
        let mut inside = self.inside();
        if inside.turn.as_ref().is_some_and(|(holder, end)| holder != who && *end > now) {
            return Ok(false);
        }
        inside.turn = Some((who.to_owned(), until));
        Ok(true)
    }

    async fn end_turn(&self, who: &str) -> Result<()> {
        self.inside().turn.take_if(|(holder, _)| holder == who);
        Ok(())
    }

    async fn next(&self) -> Result<Vec<Waiting>> {
        let inside = self.inside();
        let mut heads: Vec<Waiting> = Vec::new();
        for kept in inside.letters.iter().filter(|kept| kept.fate.is_none()) {
            if heads.iter().all(|head| head.letter.channel != kept.waiting.letter.channel) {
                let replaces = inside.replaced_by(&kept.waiting.letter);
                heads.push(Waiting { replaces, ..kept.waiting.clone() });
            }
        }
        Ok(heads)
    }

    async fn settle(&self, id: i64, fate: &Fate, _now: DateTime<Utc>) -> Result<()> {
        let mut inside = self.inside();
        let Some(kept) = inside.letters.iter_mut().find(|kept| kept.waiting.id == id) else { return Ok(()) };
        match fate {
            Fate::Delivered(delivery) => {
                kept.first = kept.first.take().or_else(|| delivery.id.clone());
                if delivery.more {
                    let letter = kept.waiting.letter.clone();
                    let parts = kept.waiting.parts + 1;
                    kept.waiting = Waiting {
                        id,
                        letter,
                        attempts: 0,
                        not_before: None,
                        why: None,
                        replaces: None,
                        parts,
                    };
                } else {
                    kept.fate = Some(Settled::Delivered(kept.first.clone()));
                }
            }
            Fate::Refused(why) => {
                kept.fate = Some(Settled::Refused);
                kept.waiting.why = Some(why.clone());
            }
            Fate::Postponed(until, why) => {
                kept.waiting.attempts += 1;
                kept.waiting.not_before = Some(*until);
                kept.waiting.why = Some(why.clone());
            }
        }
        Ok(())
    }

    fn lasts(&self) -> bool {
        false
    }

    async fn mail(&self, run: &str) -> Result<(Mail, Option<String>)> {
        let inside = self.inside();
        let (mut mail, mut why) = (Mail::default(), None);
        for kept in inside.letters.iter().filter(|kept| kept.waiting.letter.message.run == run) {
            mail.given += 1;
            match kept.fate {
                Some(Settled::Delivered(_) | Settled::Overtaken) => mail.told += 1,
                Some(Settled::Refused) => mail.refused += 1,
                None => {}
            }
            if matches!(kept.fate, None | Some(Settled::Refused)) {
                why = kept.waiting.why.clone().or(why);
            }
        }
        Ok((mail, why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_keeps_the_contract() {
        exporter_core::testing::contract::outbox(async || MemoryOutbox::default()).await;
    }
}
