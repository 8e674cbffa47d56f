//! `exporter replay BUNDLE`: the files of a run, sniffed, read, checked and planned again, offline.

use std::fmt::Write as _;
use std::path::Path;

use exporter_core::{Differ, Error, ErrorReport, FileKind, PlanCounts, Stage};
use exporter_sources::reread;
use serde::Serialize;
use serde_json::json;

use crate::args::ReplayArgs;
use crate::bundle::{LIMIT, Manifest, Packed, unpack};
use crate::exit::{self, Exit};
use crate::render::{self, say};

/// What became of one file.
#[derive(Debug, Default, Serialize)]
struct Replayed {
    name: String,
    file: String,
    kind: Option<FileKind>,
    rows: usize,
    columns: usize,
    /// The rows that the run itself read.
    rows_then: Option<usize>,
    /// What a run would do with an empty tab.
    #[serde(flatten)]
    counts: PlanCounts,
    notes: Vec<String>,
    error: Option<ErrorReport>,
}

/// Replays every file of the bundle.
pub async fn main(args: ReplayArgs) -> Exit {
    match replay(&args).await {
        Ok((manifest, replayed)) => {
            if args.json {
                say::text(render::json(&json!({ "run": manifest.run.id, "files": replayed })));
            } else {
                say::text(text(&manifest, &replayed));
            }
            if replayed.iter().any(|file| file.error.is_some()) { Exit::Failed } else { Exit::Ok }
        }
        Err(error) => render::error::print(&error, exit::for_kind(error.kind())),
    }
}

async fn replay(args: &ReplayArgs) -> Result<(Manifest, Vec<Replayed>), Error> {
    let directory = tempfile::tempdir()?;
    let manifest = unpack(&args.bundle, directory.path())?;
    let mut replayed = Vec::new();
    for packed in &manifest.files {
        let mut about =
            Replayed { name: packed.export.clone(), file: packed.name.clone(), ..Replayed::default() };
        if let Err(error) = one(&manifest, packed, directory.path(), &mut about).await {
            about.error = Some(error.report());
        }
        replayed.push(about);
    }
    Ok((manifest, replayed))
}

async fn one(
    manifest: &Manifest,
    packed: &Packed,
    directory: &Path,
    about: &mut Replayed,
) -> Result<(), Error> {
    let config = manifest.exports.get(&packed.export).cloned().unwrap_or_default();
    let exports = manifest.run.report.iter().flat_map(|report| &report.exports);
    let then = exports.into_iter().find(|export| export.name == packed.export && export.error.is_none());
    about.rows_then = then.map(|export| export.rows);
    let read = reread(&packed.export, &config, &directory.join(&packed.name), LIMIT).await?;
    about.kind = Some(read.kind);
    (about.rows, about.columns) = (read.table.len(), read.table.width());
    about.notes = read.notes;
    let found = manifest.checks.look(&read.table, &read.spec, manifest.run.window, &[]);
    about.notes.extend(found.map_err(|error| error.at(Stage::Check))?);
    about.counts =
        Differ::new(&read.table, &read.spec).map_err(|error| error.at(Stage::Plan))?.finish().counts();
    Ok(())
}

fn text(manifest: &Manifest, replayed: &[Replayed]) -> String {
    let mut out = format!("run {} for {}\n", manifest.run.id, manifest.run.window);
    // Writing to a String cannot fail.
    for file in replayed {
        let _ = writeln!(out, "\n{} ({})", file.name, file.file);
        if let Some(error) = &file.error {
            let _ = write!(out, "  {}", render::error::text(error));
            continue;
        }
        let kind = file.kind.map(|kind| kind.to_string()).unwrap_or_default();
        let then = match file.rows_then {
            Some(then) if then == file.rows => ", as in the run".to_owned(),
            Some(then) => format!("; the run read {then}, perhaps from several files"),
            None => String::new(),
        };
        let _ = writeln!(out, "  {kind}, {} rows × {} columns{then}", file.rows, file.columns);
        let _ = writeln!(
            out,
            "  into an empty tab: {} new, {} duplicates",
            file.counts.new, file.counts.duplicates
        );
        for note in &file.notes {
            let _ = writeln!(out, "  note: {note}");
        }
    }
    if replayed.is_empty() {
        out.push_str("It has no file that could be read again.\n");
    }
    for missing in &manifest.missing {
        let _ = writeln!(out, "not in it: {missing}");
    }
    out
}
