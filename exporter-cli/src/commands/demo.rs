//! `exporter demo`: a whole run against a sandbox in this process.

use exporter_core::{Error, ErrorKind, RunStatus};
use exporter_sandbox::{Options, SPREADSHEET, Sandbox};

use crate::args::{DemoArgs, RunArgs};
use crate::commands::{run, sandbox};
use crate::exit::Exit;
use crate::render::{self, say, table::boxed};

/// How many days are fetched, and how much of the sheets is shown.
const DAYS: u32 = 3;
const ROWS: usize = 5;
const COLUMNS: usize = 8;

/// Starts the sandbox, runs the four exports, prints the report and the sheets.
pub async fn main(args: DemoArgs) -> Exit {
    let stand_ins = match Sandbox::start(Options::default()).await {
        Ok(sandbox) => sandbox,
        Err(error) => {
            let error = Error::new(ErrorKind::Io, "the sandbox cannot start").source(error);
            return render::error::print(&error, Exit::Failed);
        }
    };
    let run_args = RunArgs {
        config: stand_ins.config_path(),
        from: None,
        to: None,
        day: None,
        last: Some(DAYS),
        only: Vec::new(),
        dry_run: false,
        plan_file: None,
        json: false,
        driver: Some(args.driver),
        individual_sessions: false,
        debug: args.debug,
    };
    let outcome = match run::run(&run_args).await {
        Ok(outcome) => outcome,
        Err(error) => return render::error::print(&error, Exit::Failed),
    };
    run::print(&outcome, false);
    show_sheets(&stand_ins);
    say::line(format_args!(
        "Logins to the panel: {}. Messages in the chat: {}.",
        stand_ins.panel().logins(),
        stand_ins.telegram().messages().len()
    ));
    if args.keep {
        say::line(format_args!(
            "The sandbox stays up; once more: exporter run --config {} --last {DAYS}",
            stand_ins.config_path().display()
        ));
        return sandbox::serve(&stand_ins).await;
    }
    if outcome.report.status == RunStatus::Ok { Exit::Ok } else { Exit::Failed }
}

/// The first rows and columns of each tab, as a person sees them.
fn show_sheets(stand_ins: &Sandbox) {
    for tab in stand_ins.sheets().tabs(SPREADSHEET) {
        let rows = stand_ins.sheets().rows(SPREADSHEET, &tab).unwrap_or_default();
        let Some((header, body)) = rows.split_first().filter(|(header, _)| !header.is_empty()) else {
            continue;
        };
        say::line(format_args!("\nTab `{tab}`: {} rows, {} columns", body.len(), header.len()));
        let cut = |row: &Vec<String>| row.iter().take(COLUMNS).cloned().collect::<Vec<_>>();
        say::line(boxed(header.iter().take(COLUMNS).map(String::as_str), body.iter().take(ROWS).map(cut)));
    }
}
