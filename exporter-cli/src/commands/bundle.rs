//! `exporter bundle RUN`: all that a run left behind, in one private file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use exporter_core::{Error, ErrorReport, FileKind, RunReport, Value};
use exporter_sources::{ExportConfig, reread};
use exporter_store::RunQuery;

use crate::args::BundleArgs;
use crate::assemble::described;
use crate::bundle::{self, Contents, LIMIT, Manifest, Packed, VERSION};
use crate::commands::show::find;
use crate::config::load;
use crate::exit::{self, Exit};
use crate::render::say;
use crate::{execute, render, state};

/// Packs a run and says where.
pub async fn main(args: BundleArgs) -> Exit {
    match pack(&args).await {
        Ok((out, manifest)) => {
            say::line(format_args!("Packed: {}", out.display()));
            for missing in &manifest.missing {
                say::line(format_args!("Not in it: {missing}"));
            }
            say::line(format_args!("Look at it anywhere with `exporter replay {}`.", out.display()));
            Exit::Ok
        }
        Err(error) => render::error::print(&error, exit::for_kind(error.kind())),
    }
}

async fn pack(args: &BundleArgs) -> Result<(PathBuf, Manifest), Error> {
    let loaded = load(&args.config)?;
    let store = state::look(&loaded).await?;
    let query = RunQuery { account: Some(execute::account(&loaded)?), ..RunQuery::default() };
    let run = find(store.runs(&query).await?, &args.run)?;
    let stages = store.stages(&run.id).await?;
    let directory = &loaded.directory;
    let downloads =
        directory.join(loaded.config.files.downloads.as_deref().unwrap_or(Path::new("downloads")));
    let out = args.out.clone().unwrap_or_else(|| downloads.join(format!("bundle_{}.zip", run.id)));
    let panel = described(&loaded)?;
    let mut packing = Packing::new(&panel.exports)?;
    if let Some(report) = &run.report {
        packing.take(report).await?;
    }
    let Packing { exports, files, contents, missing, masked, .. } = packing;
    let manifest = Manifest {
        version: VERSION,
        exporter: env!("CARGO_PKG_VERSION").to_owned(),
        run,
        stages,
        checks: loaded.config.checks,
        exports,
        files,
        missing,
    };
    bundle::write(&out, &manifest, &contents)?;
    // What was masked for the bundle is in it now.
    drop(masked);
    Ok((out, manifest))
}

/// Collects what goes into a bundle.
struct Packing {
    exports: BTreeMap<String, ExportConfig>,
    files: Vec<Packed>,
    contents: Contents,
    missing: Vec<String>,
    /// Copies without the private columns.
    masked: tempfile::TempDir,
    names: BTreeSet<String>,
}

impl Packing {
    fn new(exports: &BTreeMap<String, ExportConfig>) -> Result<Self, Error> {
        Ok(Self {
            exports: exports.iter().map(|(name, config)| (name.clone(), expected(config))).collect(),
            files: Vec::new(),
            contents: Vec::new(),
            missing: Vec::new(),
            masked: tempfile::tempdir()?,
            names: BTreeSet::new(),
        })
    }

    /// The files and the evidence that the report names.
    async fn take(&mut self, report: &RunReport) -> Result<(), Error> {
        for export in &report.exports {
            if let Some(file) = &export.file {
                self.file(&export.name, Path::new(file)).await?;
            }
            if let Some(error) = &export.error {
                self.evidence(Some(&export.name), error).await?;
            }
        }
        if let Some(error) = &report.error {
            self.evidence(None, error).await?;
        }
        Ok(())
    }

    /// Pages and pictures, which are masked; and a file that could not be read, which is the
    /// export's own.
    async fn evidence(&mut self, export: Option<&str>, error: &ErrorReport) -> Result<(), Error> {
        for file in &error.evidence {
            let ending = file.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
            let shown = matches!(ending, "har" | "html" | "json" | "png")
                && file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("failed_"));
            match export {
                Some(export) if !shown => self.file(export, file).await?,
                _ => {
                    self.add("evidence", file, file);
                }
            }
        }
        Ok(())
    }

    async fn file(&mut self, export: &str, file: &Path) -> Result<(), Error> {
        let config = self.exports.get(export).cloned().unwrap_or_default();
        if config.private.as_ref().is_none_or(Vec::is_empty) {
            if let Some(name) = self.add("files", file, file) {
                self.files.push(Packed { export: export.to_owned(), name });
            }
            return Ok(());
        }
        // Only a table can be taken apart; what cannot be read stays here.
        match self.without_private(export, &config, file).await {
            Ok(copy) => {
                if let Some(name) = self.add("files", &copy, &copy) {
                    self.files.push(Packed { export: export.to_owned(), name });
                }
                if let Some(config) = self.exports.get_mut(export) {
                    config.file = Some(FileKind::Csv);
                }
            }
            Err(error) => {
                self.missing.push(format!(
                    "{}: it has private columns, and without them it cannot be packed: {error}",
                    file.display()
                ));
            }
        }
        Ok(())
    }

    /// A copy as CSV with `***` in the private columns.
    async fn without_private(
        &self,
        export: &str,
        config: &ExportConfig,
        file: &Path,
    ) -> Result<PathBuf, Error> {
        let table = reread(export, config, file, LIMIT).await?.table;
        let private = config.private.as_deref().unwrap_or_default();
        let hidden: Vec<bool> =
            table.columns().iter().map(|column| private.iter().any(|name| **name == *column.name)).collect();
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        let path = self.masked.path().join(format!("{stem}.csv"));
        let failed = |error: csv::Error| Error::from(std::io::Error::other(error));
        let mut out = csv::Writer::from_path(&path).map_err(failed)?;
        out.write_record(table.columns().iter().map(|column| &*column.name)).map_err(failed)?;
        for row in 0..table.len() {
            let cells = table.row(row).iter().zip(&hidden).map(|(cell, hidden)| match cell {
                Value::Empty => String::new(),
                _ if *hidden => "***".to_owned(),
                cell => cell.to_string(),
            });
            out.write_record(cells).map_err(failed)?;
        }
        out.flush()?;
        Ok(path)
    }

    /// Adds a file under a name of its own; what has been removed by age is told.
    fn add(&mut self, folder: &str, file: &Path, source: &Path) -> Option<String> {
        if !source.is_file() {
            self.missing.push(format!("{}: it is no longer there", file.display()));
            return None;
        }
        let plain = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let name = format!("{folder}/{plain}");
        if self.names.insert(name.clone()) {
            self.contents.push((name.clone(), source.to_path_buf()));
            return Some(name);
        }
        None
    }
}

/// What says how a file is to be read; addresses, headers and steps are nobody's business.
fn expected(config: &ExportConfig) -> ExportConfig {
    let config = config.clone();
    ExportConfig {
        file: config.file,
        columns: config.columns,
        key: config.key,
        edits: config.edits,
        ignore: config.ignore,
        long_texts: config.long_texts,
        private: config.private,
        types: config.types,
        tab: config.tab,
        tab_date: config.tab_date,
        ..ExportConfig::default()
    }
}
