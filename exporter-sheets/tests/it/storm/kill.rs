//! Processes that really die: a child of this test, killed at each call, before and after
//! the call's effect, with people at work. The next process makes up for it.

use exporter_sandbox::person::{Act, act};

use super::model;
use super::process::Processes;
use super::rng::Rng;
use super::world::{Weather, World};
use crate::bench::ID;

/// More calls than a run makes while nothing fails.
const CALLS: usize = 7;

/// A process that dies at this call of its first fill or of a later run.
/// How many were killed, and what is wrong in the end.
async fn trial(seed: u64, call: usize, after: bool, first_fill: bool) -> (usize, Vec<String>) {
    let world = World::start(seed).await;
    let processes = Processes::new(true);
    let mut rng = Rng::new(seed);
    let mut table = {
        let mut storm = world.storm.lock().unwrap();
        while storm.model.panel.len() < 5 {
            storm.model.pass(&mut rng);
        }
        storm.kill_in = first_fill.then_some((call, after));
        storm.model.table()
    };
    while !processes.run(&world, &table).await.unwrap() {}
    world.storm.lock().unwrap().model.came_through();
    let header = Act::Type { tab: "orders".into(), cell: "D1".into(), text: model::THEIRS.into() };
    act(&world.sheets, ID, &header).unwrap();
    if !first_fill {
        {
            let mut storm = world.storm.lock().unwrap();
            storm.model.pass(&mut rng);
            storm.weather = Weather { people: 60, failures: 0 };
            storm.kill_in = Some((call, after));
            table = storm.model.table();
        }
        while !processes.run(&world, &table).await.unwrap() {}
    }
    {
        let mut storm = world.storm.lock().unwrap();
        (storm.weather, storm.kill_in) = (Weather { people: 0, failures: 0 }, None);
    }
    assert!(processes.run(&world, &table).await.unwrap());
    let faults = world.faults_at_the_end();
    (world.storm.lock().unwrap().counts.kills, faults)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_killed_at_any_call_is_made_up_for() {
    let (mut killed, mut wrong) = (0, Vec::new());
    for seed in 1..=super::number("EXPORTER_STORM_KILLS", 3) {
        for call in 1..=CALLS {
            for (after, first_fill) in [(false, true), (true, true), (false, false), (true, false)] {
                if first_fill && call > 2 {
                    continue;
                }
                let (kills, faults) = trial(seed, call, after, first_fill).await;
                killed += kills;
                if !faults.is_empty() {
                    wrong.push(format!("seed {seed}, call {call}, after {after}, first fill {first_fill}:"));
                    wrong.extend(faults);
                }
            }
        }
    }
    println!("{killed} processes killed");
    assert!(killed > 20, "the calls that were to be the last were never made");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
