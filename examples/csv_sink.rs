//! A sink into CSV files: one file a tab, upserted by key, written whole or not at all.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use exporter_core::fit::{self, Fitted};
use exporter_core::{
    Changes, Differ, Error, ErrorKind, ExportSpec, PLAN_VERSION, Plan, Receipt, Result, Sink, Table, Value,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Keeps each tab as `TAB.csv` in a directory.
///
/// Columns are found by name, so people may add columns of their own and reorder them;
/// what they typed stays. A plan remembers the file it was made from, and is refused
/// when the file has changed since.
#[derive(Debug, Clone)]
pub struct CsvSink {
    directory: PathBuf,
}

/// What a plan remembers of the file it was made from.
#[derive(Debug, Serialize, Deserialize)]
struct State {
    /// The tab's file.
    path: PathBuf,
    /// SHA-256 of its bytes; nothing when there was no file.
    digest: Option<String>,
}

/// A CSV file in memory: header and rows as text.
#[derive(Debug, Default)]
struct Stored {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    digest: Option<String>,
}

impl CsvSink {
    /// Keeps its files in this directory, which must exist.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into() }
    }

    /// The file of a tab. Characters that a file name cannot hold become `_`.
    pub fn path(&self, tab: &str) -> PathBuf {
        let safe: String =
            tab.chars().map(|c| if c.is_alphanumeric() || "-_ .".contains(c) { c } else { '_' }).collect();
        self.directory.join(format!("{safe}.csv"))
    }

    /// Header and rows of a tab as they are stored; nothing when there is no file yet.
    pub fn rows(&self, tab: &str) -> Result<(Vec<String>, Vec<Vec<String>>)> {
        let stored = Stored::read(&self.path(tab))?;
        Ok((stored.header, stored.rows))
    }
}

#[async_trait]
impl Sink for CsvSink {
    async fn check(&self) -> Result<()> {
        let there = self.directory.is_dir();
        let missing = || {
            Error::new(ErrorKind::Config, "the directory for the CSV files is not there")
                .context("directory", self.directory.display().to_string())
                .hint(format!("create it: mkdir -p {}", self.directory.display()))
        };
        there.then_some(()).ok_or_else(missing)
    }

    async fn plan(&self, table: &Arc<Table>, spec: &ExportSpec) -> Result<Plan> {
        let path = self.path(&spec.tab);
        let stored = Stored::read(&path)?;
        // A CSV file holds text only, so text is what is compared and written.
        let table = Arc::new(as_text(table));
        let is_there = |column: usize| {
            stored.header.is_empty() || stored.position(&table.columns()[column].name).is_some()
        };
        let Fitted { table, notes } = fit::columns(&table, spec, is_there);
        let places: Vec<_> = table.columns().iter().map(|column| stored.position(&column.name)).collect();
        let mut differ = Differ::new(&table, spec)?;
        for (number, row) in (1..).zip(&stored.rows) {
            let cell = |place: &Option<usize>| {
                place.and_then(|place| row.get(place)).map_or(Value::Empty, Value::text)
            };
            let cells: Vec<_> = places.iter().map(cell).collect();
            differ.stored(number, |column| &cells[column]);
        }
        let changes = differ.finish();
        let state = State { path: path.clone(), digest: stored.digest };
        Ok(Plan {
            version: PLAN_VERSION,
            export: spec.name.clone(),
            run: String::new(),
            file: None,
            target: path.display().to_string(),
            table,
            changes,
            calls: 0,
            expected_calls: 0,
            notes,
            state: serde_json::to_value(state).map_err(internal)?,
        })
    }

    async fn apply(&self, plan: &Plan) -> Result<Receipt> {
        let state: State = serde_json::from_value(plan.state.clone()).map_err(internal)?;
        let mut stored = Stored::read(&state.path)?;
        if stored.digest != state.digest {
            return Err(Error::new(ErrorKind::SheetMoved, "the file has changed since the plan was made")
                .context("file", state.path.display().to_string()));
        }
        stored.take(&plan.table, &plan.changes);
        let bytes = stored.write(&state.path)?;
        let again = Stored::read(&state.path)?;
        Ok(Receipt {
            inserted: plan.changes.inserts.len(),
            updated: plan.changes.updates.len(),
            cells: plan.changes.updates.iter().map(|update| update.cells.len()).sum(),
            calls: 0,
            bytes,
            verified: again.rows == stored.rows,
            notes: Vec::new(),
        })
    }
}

impl Stored {
    fn read(path: &Path) -> Result<Self> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(Error::from(error).context("file", path.display().to_string())),
        };
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(&*bytes);
        let texts = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect::<Vec<_>>();
        let damaged = |error| {
            Error::new(ErrorKind::CorruptFile, "the CSV file cannot be read")
                .source(error)
                .context("file", path.display().to_string())
        };
        let header = texts(reader.headers().map_err(damaged)?);
        let rows =
            reader.records().map(|record| Ok(texts(&record.map_err(damaged)?))).collect::<Result<_>>()?;
        Ok(Self { header, rows, digest: Some(digest(&bytes)) })
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|header| header == name)
    }

    /// Makes the changes: missing columns go to the right end, new rows to the bottom.
    fn take(&mut self, table: &Table, changes: &Changes) {
        let places: Vec<usize> = table
            .columns()
            .iter()
            .map(|column| {
                self.position(&column.name).unwrap_or_else(|| {
                    self.header.push(column.name.to_string());
                    self.header.len() - 1
                })
            })
            .collect();
        for row in &mut self.rows {
            row.resize(self.header.len().max(row.len()), String::new());
        }
        for update in &changes.updates {
            for cell in &update.cells {
                self.rows[update.stored_row as usize - 1][places[cell.column as usize]] =
                    cell.after.to_string();
            }
        }
        for &insert in &changes.inserts {
            let mut row = vec![String::new(); self.header.len()];
            for (&place, value) in places.iter().zip(table.row(insert as usize)) {
                row[place] = value.to_string();
            }
            self.rows.push(row);
        }
    }

    /// Writes beside the file and renames over it, so that a crash leaves the old or the new.
    fn write(&self, path: &Path) -> Result<u64> {
        let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
        for row in std::iter::once(&self.header).chain(&self.rows) {
            writer.write_record(row).map_err(internal)?;
        }
        let bytes = writer.into_inner().map_err(internal)?;
        let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
        file.write_all(&bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| Error::from(error.error))?;
        Ok(bytes.len() as u64)
    }
}

/// The same table with every cell as its text.
fn as_text(table: &Table) -> Table {
    let mut text = Table::with_names(table.columns().iter().map(|column| &column.name));
    for index in 0..table.len() {
        text.push(table.row(index).iter().map(|value| Value::text(value.to_string())), table.origin(index));
    }
    text
}

fn digest(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn internal(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Internal, "a plan or file could not be put into its form").source(error)
}
