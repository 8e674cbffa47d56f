//! Configuration, checked: what a driver does for one export.

use chrono::DateTime;
use exporter_core::{Error, ErrorKind, FileKind, Window};
use sha2::{Digest as _, Sha256};

use super::dates::{self, letters};
use crate::panel::{ExportConfig, FieldValue, StepConfig};
use crate::route::{Facts, Wanted, render};
use crate::selector::{Role, Selector};

/// How to get one export. Texts with `{{…}}` are patterns for the days.
#[derive(Debug, Clone)]
pub(crate) struct Recipe {
    pub name: String,
    /// Where the file comes from.
    pub place: Place,
    pub file: Option<FileKind>,
    /// Columns that the file must have, where they are known by name.
    pub columns: Vec<String>,
    /// Columns whose cells are never shown in evidence.
    pub private: Vec<String>,
    /// What shows that the panel has no rows for the days.
    pub empty: Vec<Selector>,
    /// The most days that the panel hands out at once.
    pub max_days: Option<u32>,
    /// The date format of the page's fields, for chrono.
    pub format: String,
    /// Changes when the description of where the file comes from does.
    pub fingerprint: String,
}

/// Where the file of an export comes from.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// From an address of its own.
    Address {
        /// The address, a pattern.
        address: String,
        /// Headers and the patterns of their values.
        headers: Vec<(String, String)>,
        /// Where the answer names its next page, such as `links.next`.
        next: Option<String>,
    },
    /// From a page with something to click on.
    Page {
        /// The page's address, a pattern.
        page: String,
        /// What is done there first.
        steps: Vec<Step>,
        /// What starts the download.
        trigger: Vec<Selector>,
    },
}

/// One thing that is done on a page.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Opens another page; a pattern.
    Goto(String),
    /// Sets a field.
    Set(Set),
    /// Clicks.
    Click(Vec<Selector>),
    /// Waits until something is there.
    WaitFor(Vec<Selector>),
    /// Presses a key in the field that was set last.
    Press(Key),
    /// Goes into a frame.
    Frame(Vec<Selector>),
}

/// Keys that pages listen to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    Enter,
    Tab,
    Escape,
}

/// A field and what is put into it.
#[derive(Debug, Clone)]
pub(crate) struct Set {
    /// What the field is, for messages.
    pub what: String,
    pub at: Vec<Selector>,
    pub fill: Fill,
    /// What it is there for, where the page is to be searched when no selector matches:
    /// a field for days, which must keep its text letter by letter.
    pub role: Option<Role>,
}

impl Set {
    /// The key of its selectors in the configuration.
    pub(crate) fn key(&self) -> &'static str {
        if self.role == Some(Role::LastDay) { "end" } else { "start" }
    }
}

/// What is put into a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fill {
    /// A text, or the option of a list by value or label; a pattern.
    Text(String),
    /// A box ticked or not.
    Check(bool),
}

impl Recipe {
    pub(crate) fn new(name: &str, config: &ExportConfig) -> Result<Self, Error> {
        let written = config.date_format.as_deref().unwrap_or("YYYY-MM-DD");
        let format = letters(written).ok_or_else(|| {
            wrong(name, "its `date_format` cannot be used")
                .hint("write it with YYYY, MM and DD, for instance DD/MM/YYYY")
        })?;
        let pattern = |text: &str| {
            dates::pattern(text, &format).ok_or_else(|| {
                wrong(name, &format!("the day in `{text}` cannot be used"))
                    .hint("write {first}, {last} or {until}, or with a format, {first:DD/MM/YYYY}")
            })
        };
        let place = match (&config.address, &config.page) {
            (Some(_), Some(_)) => return Err(wrong(name, "it has an `address` and a `page`; one is enough")),
            (None, None) => return Err(wrong(name, "it has no `page`")),
            (Some(address), None) => Place::Address {
                address: pattern(address)?,
                headers: pairs(config.headers.as_ref(), pattern)?,
                next: config.next.clone(),
            },
            (None, Some(page)) => page_place(name, config, pattern(page)?, &pattern)?,
        };
        Ok(Self {
            fingerprint: fingerprint(&place),
            name: name.to_owned(),
            place,
            file: config.file,
            columns: config.columns.as_ref().and_then(|columns| columns.names.clone()).unwrap_or_default(),
            private: config.private.clone().unwrap_or_default(),
            empty: Selector::list(config.empty.as_deref().unwrap_or_default())?,
            max_days: config.max_days,
            format,
        })
    }

    /// Whether the page shows no other days than those asked for before the download starts.
    pub(crate) fn is_filtered(&self) -> bool {
        match &self.place {
            Place::Address { .. } => false,
            Place::Page { page, steps, .. } => {
                let sends = |step: &Step| matches!(step, Step::Goto(_) | Step::Click(_) | Step::Press(_));
                page.contains("{{") || steps.iter().any(sends)
            }
        }
    }

    /// A page that only somebody who is logged in sees, as far as one is known.
    pub(crate) fn probe(&self) -> Option<&str> {
        match &self.place {
            Place::Page { page, .. } if !page.contains("{{") => Some(page),
            _ => None,
        }
    }
}

/// The text of a pattern of the configuration for these days.
pub(crate) fn for_days(pattern: &str, window: Window) -> Result<String, Error> {
    // Patterns of the configuration hold nothing but days.
    render(pattern, &Wanted { window, facts: &Facts::default(), now: DateTime::UNIX_EPOCH })
}

fn wrong(name: &str, why: &str) -> Error {
    Error::new(ErrorKind::Config, format!("the export `{name}` cannot be used: {why}"))
}

fn page_place(
    name: &str,
    config: &ExportConfig,
    page: String,
    pattern: &dyn Fn(&str) -> Result<String, Error>,
) -> Result<Place, Error> {
    let mut steps = Vec::new();
    for step in config.steps.iter().flatten() {
        steps.push(step_of(name, step, pattern)?);
    }
    for (at, what, day, role) in [
        (&config.start, "the field for the first day", "{first}", Role::FirstDay),
        (&config.end, "the field for the last day", "{last}", Role::LastDay),
    ] {
        if let Some(at) = at.as_deref().filter(|list| !list.is_empty()) {
            let fill = Fill::Text(pattern(day)?);
            let at = Selector::list(at)?;
            steps.push(Step::Set(Set { what: what.to_owned(), at, fill, role: Some(role) }));
        }
    }
    for (at, value) in config.fields.iter().flatten() {
        let fill = match value {
            FieldValue::Check(on) => Fill::Check(*on),
            FieldValue::Text(text) => Fill::Text(pattern(text)?),
        };
        let what = format!("the field `{at}`");
        steps.push(Step::Set(Set { what, at: vec![Selector::parse(at)?], fill, role: None }));
    }
    let trigger = config.trigger.as_deref().filter(|list| !list.is_empty());
    let trigger = trigger.ok_or_else(|| wrong(name, "it has no `trigger`"))?;
    Ok(Place::Page { page, steps, trigger: Selector::list(trigger)? })
}

fn step_of(
    name: &str,
    config: &StepConfig,
    pattern: &dyn Fn(&str) -> Result<String, Error>,
) -> Result<Step, Error> {
    let set = |at: &[String], fill: Fill| {
        let what = format!("the field {}", at.join(" or "));
        Ok(Step::Set(Set { what, at: Selector::list(at)?, fill, role: None }))
    };
    match config {
        StepConfig { goto: Some(page), .. } => Ok(Step::Goto(pattern(page)?)),
        StepConfig { fill: Some(at), value: Some(FieldValue::Text(text)), .. }
        | StepConfig { select: Some(at), value: Some(FieldValue::Text(text)), .. } => {
            set(at, Fill::Text(pattern(text)?))
        }
        StepConfig { fill: Some(_), .. } | StepConfig { select: Some(_), .. } => {
            Err(wrong(name, "a step that fills or selects needs a `value`"))
        }
        StepConfig { check: Some(at), value, .. } => match value {
            None => set(at, Fill::Check(true)),
            Some(FieldValue::Check(on)) => set(at, Fill::Check(*on)),
            Some(FieldValue::Text(_)) => Err(wrong(name, "a box is ticked with `value = true` or `false`")),
        },
        StepConfig { click: Some(at), .. } => Ok(Step::Click(Selector::list(at)?)),
        StepConfig { wait_for: Some(at), .. } => Ok(Step::WaitFor(Selector::list(at)?)),
        StepConfig { frame: Some(at), .. } => Ok(Step::Frame(Selector::list(at)?)),
        StepConfig { press: Some(key), .. } => match key.as_str() {
            "Enter" => Ok(Step::Press(Key::Enter)),
            "Tab" => Ok(Step::Press(Key::Tab)),
            "Escape" => Ok(Step::Press(Key::Escape)),
            _ => Err(wrong(name, "the keys are `Enter`, `Tab` and `Escape`")),
        },
        _ => Err(wrong(name, "a step has one of goto, fill, select, check, click, wait_for, press, frame")),
    }
}

fn pairs(
    map: Option<&std::collections::BTreeMap<String, String>>,
    pattern: impl Fn(&str) -> Result<String, Error>,
) -> Result<Vec<(String, String)>, Error> {
    map.into_iter().flatten().map(|(name, value)| Ok((name.clone(), pattern(value)?))).collect()
}

/// A short name for a description.
fn fingerprint(place: &Place) -> String {
    use std::fmt::Write as _;
    Sha256::digest(format!("{place:?}")).iter().take(8).fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(text: &str) -> Result<Recipe, Error> {
        Recipe::new("x", &toml::from_str(text).unwrap())
    }

    #[test]
    fn an_export_says_where_it_comes_from() {
        for (text, why) in [
            ("", "no `page`"),
            ("page = '/a'", "no `trigger`"),
            ("page = '/a'\naddress = '/b'", "one is enough"),
            ("address = '/b?d={first:YYYY}'", "the day in"),
            ("page = '/a'\ntrigger = ['b']\nsteps = [{ fill = ['i'] }]", "needs a `value`"),
            ("page = '/a'\ntrigger = ['b']\nsteps = [{}]", "a step has one of"),
            ("page = '/a'\ntrigger = ['b']\nsteps = [{ press = 'F5' }]", "the keys are"),
            ("page = '/a'\ntrigger = ['b']\ndate_format = 'DD/MM'", "date_format"),
        ] {
            let error = recipe(text).unwrap_err();
            assert!(error.to_string().contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn steps_dates_and_fields_become_one_list() {
        let recipe = recipe(
            "page = '/a?day={first}'\ntrigger = ['b']\nstart = ['#s']\ndate_format = 'DD/MM/YYYY'
            fields = { '#all' = true, '#format' = 'xlsx' }
            steps = [{ click = ['#open'] }, { wait_for = ['#s'] }]",
        )
        .unwrap();
        let Place::Page { page, steps, .. } = &recipe.place else { panic!("{recipe:?}") };
        assert_eq!(page, "/a?day={{first %d/%m/%Y}}");
        let kinds: Vec<_> = steps
            .iter()
            .map(|step| match step {
                Step::Set(set) => format!("{:?}", set.fill),
                other => format!("{other:?}").chars().take(5).collect(),
            })
            .collect();
        let set = "Text(\"{{first %d/%m/%Y}}\")";
        assert_eq!(kinds, ["Click", "WaitF", set, "Check(true)", "Text(\"xlsx\")"]);
    }
}
