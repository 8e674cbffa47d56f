//! Looking at a panel for the first time: its login form, its export pages, and what comes
//! out of them, as a description that works.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use exporter_core::{Error, ErrorKind, Export, ExportRequest, FileKind, Session as _, Table, Value, Window};
use scraper::Html;

use super::{Columns, ExportConfig, FieldValue, Panel, PanelConfig, PanelOptions, StepConfig};
use crate::driver::Client as _;
use crate::selector::Role;

/// Ways to write a day that are tried where a page does not say which it wants.
const FORMATS: [&str; 4] = ["YYYY-MM-DD", "DD/MM/YYYY", "MM/DD/YYYY", "DD-MM-YYYY"];

/// An export that was found and tried.
#[derive(Debug, Clone)]
pub struct Surveyed {
    /// A name made of the page's path.
    pub name: String,
    /// The description that worked.
    pub config: ExportConfig,
    /// The names of the file's columns.
    pub header: Vec<String>,
    /// How many rows came for the days that were tried.
    pub rows: usize,
    /// What fetching it told, such as the request behind the button.
    pub notes: Vec<String>,
}

/// Logs in over HTTP, looks for the fields and the button on each of these pages, and
/// fetches each export once.
///
/// # Errors
/// As logging in and exporting; [`ErrorKind::ElementNotFound`] for a page without fields
/// for days or without a button that exports.
pub async fn survey(
    options: &PanelOptions,
    pages: &[String],
    window: Window,
) -> Result<(BTreeMap<&'static str, String>, Vec<Surveyed>), Error> {
    let panel = Panel::new(&PanelConfig::default(), options.clone())?;
    let mut client = panel.http_client()?;
    let login_page = client.html("/login").await?;
    client.login().await?;
    let mut found = Vec::new();
    for page in pages {
        let html = client.html(page).await?;
        for config in candidates(&html, page)? {
            found.push(attempt(options, config, page, window).await?);
        }
    }
    client.logout().await?;
    Ok((login(&login_page), found))
}

/// The login form's selectors by their keys in the configuration.
fn login(html: &str) -> BTreeMap<&'static str, String> {
    let page = Html::parse_document(html);
    let roles = [("username", Role::Username), ("password", Role::Password), ("submit", Role::Submit)];
    let find =
        |(key, role): (&'static str, Role)| Some((key, role.find(&page, &[])?.selector.written().to_owned()));
    roles.into_iter().filter_map(find).collect()
}

/// What may be exported from a page: one for each button.
fn candidates(html: &str, page: &str) -> Result<Vec<ExportConfig>, Error> {
    let document = Html::parse_document(html);
    let find = |role: Role| role.find(&document, &[]).map(|healed| healed.selector.written().to_owned());
    let missing = |what: &str| {
        Error::new(ErrorKind::ElementNotFound, format!("{what} was not found on the page"))
            .context("page", page)
            .hint("describe this export by hand: docs/panels.md")
    };
    let start = find(Role::FirstDay).ok_or_else(|| missing("a field for the first day"))?;
    let end = find(Role::LastDay).ok_or_else(|| missing("a field for the last day"))?;
    let mut triggers: Vec<String> = find(Role::Trigger(None)).into_iter().collect();
    if triggers.is_empty() {
        let kinds = [FileKind::Xlsx, FileKind::Pdf, FileKind::Csv];
        triggers.extend(kinds.into_iter().filter_map(|kind| find(Role::Trigger(Some(kind)))));
        triggers.dedup();
    }
    if triggers.is_empty() {
        return Err(missing("a button that exports"));
    }
    let config = |trigger| ExportConfig {
        page: Some(page.to_owned()),
        start: Some(vec![start.clone()]),
        end: Some(vec![end.clone()]),
        trigger: Some(vec![trigger]),
        ..ExportConfig::default()
    };
    Ok(triggers.into_iter().map(config).collect())
}

/// Fetches the export once, with one way to write days after the other until rows come.
async fn attempt(
    options: &PanelOptions,
    config: ExportConfig,
    page: &str,
    window: Window,
) -> Result<Surveyed, Error> {
    let name = name_of(page);
    let mut best: Option<(ExportConfig, Export)> = None;
    let mut last = None;
    for format in FORMATS {
        let config = ExportConfig { date_format: Some(format.to_owned()), ..config.clone() };
        match fetch(options, &name, &config, window).await {
            Ok(export) => {
                let enough = !export.table.is_empty();
                if enough || best.is_none() {
                    best = Some((config, export));
                }
                if enough {
                    break;
                }
            }
            Err(error) => last = Some(error),
        }
    }
    let Some((config, export)) = best else {
        return Err(last.unwrap_or_else(|| Error::new(ErrorKind::Internal, "no format was tried")));
    };
    Ok(Surveyed::new(name, config, export))
}

/// A name for what a page exports, made of its path.
pub(super) fn name_of(page: &str) -> String {
    let path = page.split('?').next().unwrap_or_default().trim_matches('/');
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '_' };
    Some(path.chars().map(plain).collect())
        .filter(|name: &String| !name.is_empty())
        .unwrap_or("export".into())
}

async fn fetch(
    options: &PanelOptions,
    name: &str,
    config: &ExportConfig,
    window: Window,
) -> Result<Export, Error> {
    let exports = BTreeMap::from([(name.to_owned(), config.clone())]);
    let panel: Arc<Panel> = Panel::new(&PanelConfig { exports, ..PanelConfig::default() }, options.clone())?;
    let source = panel.sources().into_iter().next();
    let source = source.ok_or_else(|| Error::new(ErrorKind::Internal, "the panel has no export"))?;
    let export = source.export(&ExportRequest { window, run: "init".to_owned(), attempt: 1 }).await;
    panel.close().await?;
    export
}

/// The column that tells rows apart: the first without gaps and without repetition that is
/// no running number, among at least two rows.
fn key(table: &Table) -> Option<String> {
    let unique = |column: &usize| {
        let mut seen = std::collections::HashSet::new();
        let texts: Vec<String> = table.column_values(*column).map(text).collect();
        let running = texts.iter().zip(1..).all(|(text, number)| *text == number.to_string());
        !running && texts.iter().all(|text| !text.is_empty() && seen.insert(text.as_str()))
    };
    let column = (0..table.width()).find(unique).filter(|_| table.len() > 1)?;
    Some(table.columns()[column].name.to_string())
}

fn text(value: &Value) -> String {
    if *value == Value::Empty { String::new() } else { value.to_string() }
}

impl Surveyed {
    /// A description that brought this, with what is known of the file now.
    pub(super) fn new(name: String, config: ExportConfig, export: Export) -> Self {
        let table = &export.table;
        let config = ExportConfig {
            file: export.artifact.as_ref().map(|artifact| artifact.kind),
            columns: Some(Columns::count(table.width())),
            key: key(table).map(|name| vec![name]),
            ..config
        };
        let header = table.columns().iter().map(|column| column.name.to_string()).collect();
        Self { name, config, header, rows: table.len(), notes: export.notes }
    }

    /// Its section of a configuration.
    pub fn toml(&self) -> String {
        let mut out = String::new();
        let list = |list: &Option<Vec<String>>| {
            list.iter().flatten().map(|text| quoted(text)).collect::<Vec<_>>().join(", ")
        };
        let plain = |text: &Option<String>| quoted(text.as_deref().unwrap_or_default());
        let config = &self.config;
        // Writing to a String cannot fail.
        let _ = writeln!(out, "# {} rows came. Columns: {}", self.rows, self.header.join(", "));
        let _ = writeln!(out, "[exports.{}]\npage = {}", self.name, plain(&config.page));
        if let Some(steps) = &config.steps {
            let steps: Vec<String> = steps.iter().map(step).collect();
            let _ = writeln!(out, "steps = [\n  {},\n]", steps.join(",\n  "));
        }
        for (key, at) in [("start", &config.start), ("end", &config.end)] {
            if at.is_some() {
                let _ = writeln!(out, "{key} = [{}]", list(at));
            }
        }
        let _ = writeln!(out, "date_format = {}", plain(&config.date_format));
        if let Some(fields) = &config.fields {
            let fields: Vec<String> =
                fields.iter().map(|(at, value)| format!("{} = {}", quoted(at), value_of(value))).collect();
            let _ = writeln!(out, "fields = {{ {} }}", fields.join(", "));
        }
        let _ = writeln!(out, "trigger = [{}]", list(&config.trigger));
        if let Some(file) = config.file {
            let _ = writeln!(out, "file = {}", quoted(&file.to_string()));
        }
        let _ = writeln!(out, "columns = {}", self.header.len());
        match &config.key {
            Some(_) => {
                let _ = writeln!(
                    out,
                    "# The first column that tells all rows apart; correct it if another one does.\nkey = [{}]",
                    list(&config.key)
                );
            }
            None => {
                out.push_str("# No column tells the rows apart: whole rows are compared, and only added.\n");
            }
        }
        out
    }
}

/// A step as TOML writes it.
fn step(step: &StepConfig) -> String {
    let list = |list: &[String]| list.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ");
    let mut parts = Vec::new();
    for (verb, at) in [
        ("fill", &step.fill),
        ("select", &step.select),
        ("check", &step.check),
        ("click", &step.click),
        ("frame", &step.frame),
    ] {
        parts.extend(at.as_deref().map(|at| format!("{verb} = [{}]", list(at))));
    }
    parts.extend(step.value.as_ref().map(|value| format!("value = {}", value_of(value))));
    format!("{{ {} }}", parts.join(", "))
}

fn value_of(value: &FieldValue) -> String {
    match value {
        FieldValue::Check(on) => on.to_string(),
        FieldValue::Text(text) => quoted(text),
    }
}

/// A text as TOML writes it.
pub(super) fn quoted(text: &str) -> String {
    if text.contains('\'') { format!("{text:?}") } else { format!("'{text}'") }
}
