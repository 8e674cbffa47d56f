//! Leases: never two at once, heartbeat, fencing, and holders that died.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use exporter_core::testing::MockSink;
use exporter_core::{Changes, Clock, ErrorKind, FixedClock, PLAN_VERSION, Plan, Sink, Table};
use exporter_store::{Fenced, Grant, Holder, Kept, Store};

use crate::samples::{at, on_each, state};

const MINUTE: Duration = Duration::from_mins(1);

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A holder on another machine.
fn far(id: &str) -> Holder {
    Holder { id: id.into(), host: "elsewhere".into(), process: 1, system: String::new() }
}

#[tokio::test]
async fn all_names_are_taken_or_none_and_the_fence_grows() {
    on_each(async |store| {
        let (now, until) = (at("2026-01-05T02:00:00Z"), at("2026-01-05T02:01:00Z"));
        let Grant::Given(first) =
            store.acquire(&names(&["account:a", "sheet:s"]), &far("one"), now, until).await.unwrap()
        else {
            panic!("both are free")
        };
        let Grant::Taken(taken) =
            store.acquire(&names(&["account:b", "sheet:s"]), &far("two"), now, until).await.unwrap()
        else {
            panic!("the sheet is taken")
        };
        assert_eq!((taken.name.as_str(), taken.holder.id.as_str(), taken.until), ("sheet:s", "one", until));
        // Nothing of the second was taken.
        let grant = store.acquire(&names(&["account:b"]), &far("three"), now, until).await.unwrap();
        assert!(matches!(grant, Grant::Given(_)));
        let holder = async |name: &str, at| store.held(name, at).await.unwrap().map(|taken| taken.holder.id);
        assert_eq!(holder("sheet:s", now).await.as_deref(), Some("one"));
        assert_eq!((holder("sheet:s", until).await, holder("sheet:t", now).await), (None, None));

        assert!(store.renew(&first, until + TimeDelta::minutes(1)).await.unwrap());
        store.release(&first).await.unwrap();
        assert!(!store.renew(&first, until).await.unwrap(), "what was let go is not kept on");
        let Grant::Given(again) = store.acquire(&names(&["sheet:s"]), &far("two"), now, until).await.unwrap()
        else {
            panic!("the sheet was let go")
        };
        assert!(again.names[0].1 > first.names[1].1);
    })
    .await;
}

#[tokio::test]
async fn the_second_run_is_refused_in_clear_words() {
    on_each(async |store| {
        let clock: Arc<dyn Clock> = Arc::new(FixedClock::at(at("2026-01-05T02:00:00Z")));
        let wanted = names(&["panel account:x"]);
        let take = |id: &str| Kept::take(store.clone(), clock.clone(), &wanted, Holder::here(id), MINUTE);
        let first = take("20260105T020000").await.unwrap();
        let error = take("20260105T020001").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Busy);
        assert!(
            error
                .to_string()
                .starts_with("another run uses the same panel account: 20260105T020000 (process "),
            "{error}"
        );
        assert!(error.hints()[0].contains("60 seconds"), "{:?}", error.hints());
        first.release().await.unwrap();
        take("20260105T020002").await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_holder_that_was_killed_on_this_machine_is_not_waited_for() {
    on_each(async |store| {
        let clock = FixedClock::at(at("2026-01-05T02:00:00Z"));
        // A process that has ended: its number is free, as after kill -9.
        let mut child = tokio::process::Command::new("true").spawn().unwrap();
        let process = child.id().unwrap();
        child.wait().await.unwrap();
        let dead = Holder { process, ..Holder::here("dead") };
        let now = clock.now();
        let grant = store.acquire(&names(&["a"]), &dead, now, now + TimeDelta::hours(1)).await.unwrap();
        assert!(matches!(grant, Grant::Given(_)));
        // Numbers of another container say nothing here, though it has the same name.
        let beside = Holder { system: "another container".into(), ..dead };
        let grant = store.acquire(&names(&["b"]), &beside, now, now + TimeDelta::hours(1)).await.unwrap();
        assert!(matches!(grant, Grant::Given(_)));
        let (clock, next): (Arc<dyn Clock>, _) = (Arc::new(clock.clone()), Holder::here("next"));
        let taken = Kept::take(store.clone(), clock.clone(), &names(&["b"]), next, MINUTE).await;
        assert_eq!(taken.unwrap_err().kind(), ErrorKind::Busy);
        let kept = Kept::take(store, clock, &names(&["a"]), Holder::here("next"), MINUTE).await;
        kept.unwrap().verify().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_run_that_was_taken_over_writes_nothing_more() {
    on_each(async |store| {
        let clock = FixedClock::at(at("2026-01-05T02:00:00Z"));
        let sheet = names(&["s"]);
        let kept = Kept::take(store.clone(), Arc::new(clock.clone()), &sheet, Holder::here("one"), MINUTE);
        let mut sink = MockSink::new();
        sink.expect_apply().times(1).returning(|_| Ok(exporter_core::Receipt::default()));
        let sink = Fenced::new(Arc::new(sink), Arc::new(kept.await.unwrap()));
        let plan = Plan {
            version: PLAN_VERSION,
            export: "a".into(),
            run: String::new(),
            file: None,
            target: "a tab".into(),
            table: Arc::new(Table::with_names(["ID"])),
            changes: Changes::default(),
            calls: 0,
            expected_calls: 1,
            notes: Vec::new(),
            state: serde_json::Value::Null,
        };
        sink.apply(&plan).await.unwrap();

        // Frozen for an hour; meanwhile another machine took over.
        clock.advance(TimeDelta::hours(1));
        let now = clock.now();
        let grant =
            store.acquire(&names(&["s"]), &far("two"), now, now + TimeDelta::minutes(1)).await.unwrap();
        assert!(matches!(grant, Grant::Given(_)));
        let error = sink.apply(&plan).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Busy);
        assert!(error.to_string().contains("another run has taken over"), "{error}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_heartbeat_keeps_a_lease_beyond_its_life() {
    let (_directory, store) = state().await;
    let clock = FixedClock::at(at("2026-01-05T02:00:00Z"));
    let store: Arc<dyn Store> = Arc::new(store);
    let kept =
        Kept::take(store.clone(), Arc::new(clock.clone()), &names(&["s"]), Holder::here("one"), MINUTE)
            .await
            .unwrap();
    for _ in 0..6 {
        clock.advance(TimeDelta::seconds(20));
        tokio::time::sleep(Duration::from_secs(21)).await;
    }
    let now = clock.now();
    let grant = store.acquire(&names(&["s"]), &far("two"), now, now).await.unwrap();
    assert!(matches!(grant, Grant::Taken(_)), "two minutes later it is still held");
    drop(kept);
}
