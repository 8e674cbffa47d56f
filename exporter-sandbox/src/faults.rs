//! Faults to inject into the imitated services, and the log of the calls made to them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

/// How many calls are kept, the newest ones.
const KEPT: usize = 10_000;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FaultKind {
    /// The call is not carried out; this status and body are the answer.
    Status {
        /// HTTP status.
        code: u16,
        /// Body; when not given, an error has the body that the real service sends with it.
        #[serde(default)]
        body: String,
        /// Header `Retry-After`, in seconds.
        #[serde(default)]
        retry_after: Option<u32>,
    },
    /// The call is carried out after this pause.
    Delay {
        /// Milliseconds.
        ms: u64,
    },
    /// The connection is cut; the call is not carried out.
    CutBefore,
    /// The call is carried out; the connection is cut instead of an answer.
    CutAfter,
    /// The connection is cut; the call is carried out later.
    ApplyLate {
        /// Milliseconds until then.
        ms: u64,
    },
}

/// A fault and where it strikes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// `panel`, `sheets` or `telegram`.
    pub service: String,
    /// Name of the endpoint, such as `batchUpdate` or `/login`; `*` for any.
    pub endpoint: String,
    /// What goes wrong.
    #[serde(flatten)]
    pub what: FaultKind,
    /// How many calls it strikes.
    #[serde(default = "once")]
    pub times: u32,
    /// How many calls go by before it does.
    #[serde(default)]
    pub skip: u32,
}

fn once() -> u32 {
    1
}

/// A call that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Call {
    /// The service.
    pub service: &'static str,
    /// Name of the endpoint.
    pub endpoint: String,
    /// HTTP method.
    pub method: String,
    /// Path without the query; a bot's token is not in it.
    pub path: String,
    /// Bytes of the request's body.
    pub bytes: usize,
    /// Status of the answer; nothing when the connection was cut.
    pub status: Option<u16>,
    /// Bytes of the answer's body; nothing when that is not known beforehand.
    pub answer_bytes: Option<u64>,
    /// Milliseconds until the answer was ready.
    pub ms: u64,
}

/// The faults to come and the calls so far. Clones share both.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    faults: Vec<Fault>,
    calls: VecDeque<Call>,
}

impl Faults {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a fault; those added first strike first.
    pub fn add(&self, fault: Fault) {
        self.state().faults.push(fault);
    }

    /// Adds a fault that strikes once.
    pub fn once(&self, service: &str, endpoint: &str, what: FaultKind) {
        self.add(Fault { service: service.into(), endpoint: endpoint.into(), what, times: 1, skip: 0 });
    }

    /// Takes all faults back.
    pub fn clear(&self) {
        self.state().faults.clear();
    }

    /// The faults that have not struck as often as they are to.
    pub fn pending(&self) -> Vec<Fault> {
        self.state().faults.clone()
    }

    /// The latest 10,000 calls, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.iter().cloned().collect()
    }

    /// Forgets the calls so far.
    pub fn forget_calls(&self) {
        self.state().calls.clear();
    }

    /// The fault that strikes this call, if one does.
    pub(crate) fn strike(&self, service: &str, endpoint: &str) -> Option<FaultKind> {
        let mut state = self.state();
        let fits =
            |fault: &Fault| fault.service == service && (fault.endpoint == "*" || fault.endpoint == endpoint);
        let index = state.faults.iter().position(fits)?;
        let fault = &mut state.faults[index];
        if fault.skip > 0 {
            fault.skip -= 1;
            return None;
        }
        fault.times = fault.times.saturating_sub(1);
        let what = fault.what.clone();
        if fault.times == 0 {
            state.faults.remove(index);
        }
        Some(what)
    }

    pub(crate) fn log(&self, call: Call) {
        let mut state = self.state();
        if state.calls.len() == KEPT {
            state.calls.pop_front();
        }
        state.calls.push_back(call);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_calls_are_kept() {
        let faults = Faults::default();
        for number in 0..=KEPT {
            faults.log(Call {
                service: "panel",
                endpoint: number.to_string(),
                method: "GET".into(),
                path: String::new(),
                bytes: 0,
                status: None,
                answer_bytes: None,
                ms: 0,
            });
        }
        let calls = faults.calls();
        assert_eq!((calls.len(), calls[0].endpoint.as_str()), (KEPT, "1"));
        assert_eq!(calls[KEPT - 1].endpoint, KEPT.to_string());
    }
}
