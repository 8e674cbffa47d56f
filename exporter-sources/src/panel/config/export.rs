//! `[exports.NAME]`: where an export is, how it is asked for, what comes.

use std::collections::BTreeMap;

use exporter_core::{ColumnType, EditRules, FileKind, LongTexts, NewColumns};
use serde::{Deserialize, Serialize};

/// One export. Texts may hold the days asked for: `{first}`, `{last}` and `{until}`, the
/// day after the last; in the export's `date_format`, or in one of their own as in
/// `{first:DD/MM/YYYY}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExportConfig {
    /// Path of the export's page, perhaps with filters: `/orders?from={first}`.
    pub page: Option<String>,
    /// Address of the file itself, instead of a page with something to click on.
    pub address: Option<String>,
    /// Headers sent to the `address`.
    pub headers: Option<BTreeMap<String, String>>,
    /// Where the JSON from the `address` names its next page, such as `links.next`.
    pub next: Option<String>,
    /// What is done on the page before the date fields are set.
    pub steps: Option<Vec<StepConfig>>,
    /// Selectors of the field for the first day.
    pub start: Option<Vec<String>>,
    /// Selectors of the field for the last day.
    pub end: Option<Vec<String>>,
    /// How the fields want a day, in the letters `YYYY`, `MM` and `DD`.
    pub date_format: Option<String>,
    /// Other fields by selector: a text, the option of a list, or `true` for a box.
    pub fields: Option<BTreeMap<String, FieldValue>>,
    /// Selectors of what starts the download: a button, a link or a form.
    pub trigger: Option<Vec<String>>,
    /// The kind of file that must come.
    pub file: Option<FileKind>,
    /// How many columns the file must have, or their names; and what becomes of new ones.
    pub columns: Option<Columns>,
    /// Selectors of what the panel shows when it has no rows for the days.
    pub empty: Option<Vec<String>>,
    /// The most days that the panel hands out at once; longer spans are cut and joined.
    pub max_days: Option<u32>,
    /// The columns that identify a row.
    pub key: Option<Vec<String>>,
    /// What becomes of cells that people edited in the sheet.
    pub edits: Option<EditRules>,
    /// Columns that are written but never compared, such as a running number.
    pub ignore: Option<Vec<String>>,
    /// What becomes of texts that are longer than the 50,000 characters of a cell.
    pub long_texts: Option<LongTexts>,
    /// Columns that nobody may see who looks into a failure: masked in pictures, pages and bundles.
    pub private: Option<Vec<String>>,
    /// Declared types by column name.
    pub types: Option<BTreeMap<String, ColumnType>>,
    /// The tab of the spreadsheet; the export's own name unless given. `{yyyy}` and `{mm}`
    /// in it make a tab for each month.
    pub tab: Option<String>,
    /// The column whose day says which month's tab a row goes to.
    pub tab_date: Option<String>,
}

/// What is put into a field.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum FieldValue {
    /// A box ticked or not.
    Check(bool),
    /// A text, or the option of a list by its value or label.
    Text(String),
}

/// What the header must be, and what becomes of columns that the tab does not have yet.
///
/// Written as a number, a list of names, `"add"` or `"freeze"`, or as a table of `count`,
/// `names` and `new`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(from = "ColumnsForm")]
pub struct Columns {
    /// This many columns.
    pub count: Option<usize>,
    /// At least these.
    pub names: Option<Vec<String>>,
    /// What becomes of new ones.
    pub new: Option<NewColumns>,
}

/// The ways to write [`Columns`].
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "a number of columns, a list of names, \"add\" or \"freeze\", or a table of `count`, `names` and `new`"
)]
enum ColumnsForm {
    Count(usize),
    Names(Vec<String>),
    New(NewColumns),
    Table(ColumnsTable),
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ColumnsTable {
    count: Option<usize>,
    names: Option<Vec<String>>,
    new: Option<NewColumns>,
}

impl From<ColumnsForm> for Columns {
    fn from(form: ColumnsForm) -> Self {
        match form {
            ColumnsForm::Count(count) => Self::count(count),
            ColumnsForm::Names(names) => Self { names: Some(names), ..Self::default() },
            ColumnsForm::New(new) => Self { new: Some(new), ..Self::default() },
            ColumnsForm::Table(ColumnsTable { count, names, new }) => Self { count, names, new },
        }
    }
}

impl Columns {
    /// This many columns.
    pub fn count(count: usize) -> Self {
        Self { count: Some(count), ..Self::default() }
    }

    /// These settings under those of `over`: what the header must be is one of the two.
    fn overlay(self, over: Self) -> Self {
        let new = over.new.or(self.new);
        let header = if over.count.is_some() || over.names.is_some() { over } else { self };
        Self { new, ..header }
    }
}

/// One step on a page: exactly one of its verbs, some with a `value`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct StepConfig {
    /// Opens another page.
    pub goto: Option<String>,
    /// Puts the `value` into the field with these selectors.
    pub fill: Option<Vec<String>>,
    /// Chooses the option `value`, by value or label, in the list with these selectors.
    pub select: Option<Vec<String>>,
    /// Ticks the box with these selectors, or takes the tick away with `value = false`.
    pub check: Option<Vec<String>>,
    /// Clicks.
    pub click: Option<Vec<String>>,
    /// Waits until something is there.
    pub wait_for: Option<Vec<String>>,
    /// Presses `Enter`, `Tab` or `Escape`.
    pub press: Option<String>,
    /// Goes into a frame; everything after it happens there.
    pub frame: Option<Vec<String>>,
    /// What to fill in, select or tick.
    pub value: Option<FieldValue>,
}

impl ExportConfig {
    /// These settings under those of `over`.
    #[must_use]
    pub fn overlay(self, over: Self) -> Self {
        // One of the two says where the file is: the override's kind of place wins.
        let (page, address) = match (over.page, over.address) {
            (None, None) => (self.page, self.address),
            (page, address) => (page, address),
        };
        Self {
            page,
            address,
            headers: over.headers.or(self.headers),
            next: over.next.or(self.next),
            steps: over.steps.or(self.steps),
            start: over.start.or(self.start),
            end: over.end.or(self.end),
            date_format: over.date_format.or(self.date_format),
            fields: over.fields.or(self.fields),
            trigger: over.trigger.or(self.trigger),
            file: over.file.or(self.file),
            columns: match (self.columns, over.columns) {
                (Some(under), Some(over)) => Some(under.overlay(over)),
                (under, over) => over.or(under),
            },
            empty: over.empty.or(self.empty),
            max_days: over.max_days.or(self.max_days),
            key: over.key.or(self.key),
            edits: over.edits.or(self.edits),
            ignore: over.ignore.or(self.ignore),
            long_texts: over.long_texts.or(self.long_texts),
            private: over.private.or(self.private),
            types: over.types.or(self.types),
            tab: over.tab.or(self.tab),
            tab_date: over.tab_date.or(self.tab_date),
        }
    }

    /// How many columns the file must have, where that is known.
    pub(in crate::panel) fn width(&self) -> Option<usize> {
        self.columns.as_ref().and_then(|columns| columns.count)
    }
}
