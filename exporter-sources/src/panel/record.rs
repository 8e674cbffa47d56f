//! From an export that a person made by hand to a description that makes it again.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::NaiveDate;
use exporter_core::{Driver, Error, ErrorKind, ExportRequest, Session as _, Window};
use reqwest::Url;

use super::survey::name_of;
use super::{ExportConfig, FieldValue, LoginConfig, Panel, PanelConfig, PanelOptions, StepConfig, Surveyed};
use crate::browser::{Act, Field, Recorder};

/// Ways to write a day, for chrono and for a configuration. Where more than one fits, the first
/// is taken.
const FORMATS: [(&str, &str); 6] = [
    ("%Y-%m-%d", "YYYY-MM-DD"),
    ("%d/%m/%Y", "DD/MM/YYYY"),
    ("%m/%d/%Y", "MM/DD/YYYY"),
    ("%d-%m-%Y", "DD-MM-YYYY"),
    ("%d.%m.%Y", "DD.MM.YYYY"),
    ("%Y/%m/%d", "YYYY/MM/DD"),
];

/// A browser that watches a person make one export.
pub struct Recording {
    recorder: Recorder,
    options: PanelOptions,
}

/// What was watched, made again and found to work.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// How to log in.
    pub login: LoginConfig,
    /// The export.
    pub export: Surveyed,
}

impl Recording {
    /// Opens the panel in a browser, with a window unless the options say otherwise.
    ///
    /// # Errors
    /// [`ErrorKind::BrowserMissing`], [`ErrorKind::BrowserFailed`], [`ErrorKind::PanelDown`].
    pub async fn start(options: &PanelOptions) -> Result<Self, Error> {
        Ok(Self { recorder: Recorder::start(options).await?, options: options.clone() })
    }

    /// The address of the WebDriver session behind the window, for who drives it otherwise.
    pub fn webdriver(&self) -> String {
        self.recorder.webdriver()
    }

    /// Waits until a file is downloaded, closes the browser, makes the same export in a browser
    /// of our own with the days that the person chose, and learns the request behind it.
    ///
    /// # Errors
    /// As an export in a browser; [`ErrorKind::Timeout`] when no file came;
    /// [`ErrorKind::ElementNotFound`] when no field held a day.
    pub async fn finish(self, patience: Duration) -> Result<Recorded, Error> {
        let acts = self.recorder.finish(patience).await?;
        let url = Url::parse(&self.options.url).map_err(|error| {
            Error::new(ErrorKind::Config, "the panel's `url` is no web address").source(error)
        })?;
        let told = describe(&acts, &url)?;
        let mut options = self.options;
        options.driver = Driver::Browser;
        options.browser.headless = true;
        let name = name_of(told.export.page.as_deref().unwrap_or_default());
        let exports = BTreeMap::from([(name.clone(), told.export.clone())]);
        let config = PanelConfig { login: told.login.clone(), order: None, exports };
        let panel = Panel::new(&config, options)?;
        let source = panel.sources().into_iter().next();
        let source = source.ok_or_else(|| Error::new(ErrorKind::Internal, "the panel has no export"))?;
        let request = ExportRequest { window: told.window, run: "record".to_owned(), attempt: 1 };
        let export = source.export(&request).await;
        panel.close().await?;
        let again =
            |error: Error| error.hint("the export was watched, but could not be made again in the same way");
        Ok(Recorded { login: told.login, export: Surveyed::new(name, told.export, export.map_err(again)?) })
    }
}

/// What the clicks of a person come to.
struct Told {
    login: LoginConfig,
    export: ExportConfig,
    window: Window,
}

fn describe(acts: &[Act], base: &Url) -> Result<Told, Error> {
    let nothing = |what: &str| {
        Error::new(ErrorKind::ElementNotFound, what.to_owned())
            .hint("record again, from the login to the file; or describe it by hand: docs/panels.md")
    };
    let (trigger, before) =
        acts.split_last().ok_or_else(|| nothing("a file came, but nothing was clicked on for it"))?;
    let inside = before.iter().rposition(|act| act.secret).map_or(0, |last| last + 1);
    let login = login(&before[..inside], base);
    let page = path(&trigger.url, base);
    // Where the person came from does not matter: the page is opened by its address.
    let here = before[inside..].iter().rev().take_while(|act| same_page(&act.url, &trigger.url)).count();
    let clicks = &before[before.len() - here..];
    let held =
        clicks.iter().map(|act| &act.fields).chain([&trigger.fields]).find_map(|fields| days_of(fields));
    let days = held.ok_or_else(|| nothing("no field of the page held a day"))?;
    let filtered = days_of(&trigger.fields).is_none();
    let first = days.at.first().cloned();
    let mut export = ExportConfig {
        page: Some(page.split('?').next().unwrap_or_default().to_owned()),
        date_format: Some(days.written.to_owned()),
        trigger: Some(trigger.at.clone()),
        ..ExportConfig::default()
    };
    let mut fills: Vec<StepConfig> = Vec::new();
    let click = |act: &Act| StepConfig { click: Some(act.at.clone()), ..StepConfig::default() };
    if filtered {
        // The days were filled in for a click that made another page of it: all are steps.
        for (at, day) in days.at.iter().zip(["{first}", "{last}"]) {
            let value = Some(FieldValue::Text(day.to_owned()));
            fills.push(StepConfig { fill: Some(at.clone()), value, ..StepConfig::default() });
        }
    } else {
        export.start = first;
        export.end = days.at.get(1).cloned();
        let fields: BTreeMap<String, FieldValue> = others(&trigger.fields, &days).collect();
        export.fields = Some(fields).filter(|fields| !fields.is_empty());
    }
    let mut inside = Frames::default();
    let mut steps: Vec<StepConfig> = Vec::new();
    for act in clicks {
        steps.extend(inside.enter(&act.frames)?);
        if days_of(&act.fields).is_some() {
            steps.append(&mut fills);
        }
        steps.push(click(act));
    }
    steps.extend(inside.enter(&trigger.frames)?);
    export.steps = Some(steps).filter(|steps| !steps.is_empty());
    Ok(Told { login, export, window: days.window })
}

/// The frames that the steps are in so far.
#[derive(Default)]
struct Frames(Vec<Vec<String>>);

impl Frames {
    /// The steps from here into these frames.
    fn enter(&mut self, frames: &[Vec<String>]) -> Result<Vec<StepConfig>, Error> {
        let deeper = frames.strip_prefix(self.0.as_slice()).ok_or_else(|| {
            Error::new(ErrorKind::ElementNotFound, "the export was made in two frames, one after the other")
                .hint("record again, with clicks in one frame alone; or describe it by hand: docs/panels.md")
        })?;
        let steps =
            deeper.iter().map(|at| StepConfig { frame: Some(at.clone()), ..StepConfig::default() }).collect();
        self.0 = frames.to_vec();
        Ok(steps)
    }
}

/// The fields for days, how they are written, and which days they held.
struct Days {
    at: Vec<Vec<String>>,
    written: &'static str,
    window: Window,
}

fn days_of(fields: &[Field]) -> Option<Days> {
    FORMATS.iter().find_map(|(format, written)| {
        let day = |field: &Field| {
            let day = NaiveDate::parse_from_str(&field.value, format).ok()?;
            Some((field.at.clone(), day))
        };
        let found: Vec<(Vec<String>, NaiveDate)> = fields.iter().filter_map(day).take(2).collect();
        let (first, last) = (found.first()?.1, found.last()?.1);
        let window = Window::inclusive(first, last).ok()?;
        Some(Days { at: found.into_iter().map(|(at, _)| at).collect(), written, window })
    })
}

/// What else the person changed, by the best selector of each field.
fn others<'a>(fields: &'a [Field], days: &'a Days) -> impl Iterator<Item = (String, FieldValue)> + 'a {
    fields.iter().filter(|field| field.changed && !days.at.contains(&field.at)).filter_map(|field| {
        let value = match field.kind.as_str() {
            "checkbox" | "radio" => FieldValue::Check(field.checked),
            _ => FieldValue::Text(field.value.clone()),
        };
        Some((field.at.first()?.clone(), value))
    })
}

/// The login form, where the person went through one.
fn login(acts: &[Act], base: &Url) -> LoginConfig {
    let Some(sent) = acts.iter().rev().find(|act| act.secret) else { return LoginConfig::default() };
    let of = |act: &Act, password: bool| {
        let is = |field: &&Field| (field.kind == "password") == password && !field.kind.contains("box");
        act.fields.iter().find(is).map(|field| field.at.clone())
    };
    // The user name on a page of its own before it.
    let name_page = acts.iter().rev().find(|act| !act.secret && of(act, false).is_some());
    let first = name_page.filter(|_| of(sent, false).is_none());
    LoginConfig {
        page: Some(path(&first.unwrap_or(sent).url, base)),
        username: first.and_then(|act| of(act, false)).or_else(|| of(sent, false)),
        password: of(sent, true),
        submit: Some(sent.at.clone()),
        next: first.map(|act| act.at.clone()),
        ..LoginConfig::default()
    }
}

fn same_page(one: &str, other: &str) -> bool {
    let place = |url: &str| url.split(['?', '#']).next().map(str::to_owned);
    place(one) == place(other)
}

/// The address below the panel's own.
fn path(url: &str, base: &Url) -> String {
    match Url::parse(url) {
        Ok(url) if url.origin() == base.origin() => {
            url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
        }
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(at: &str, kind: &str, value: &str, changed: bool) -> Field {
        Field { at: vec![at.into()], kind: kind.into(), value: value.into(), checked: changed, changed }
    }

    fn act(path: &str, at: &str, secret: bool, fields: Vec<Field>) -> Act {
        let url = format!("http://p.test{path}");
        Act { url, frames: Vec::new(), at: vec![at.into()], says: String::new(), secret, fields }
    }

    fn told(acts: &[Act]) -> Result<Told, Error> {
        describe(acts, &Url::parse("http://p.test").unwrap())
    }

    #[test]
    fn login_page_fields_and_trigger_are_told_apart() {
        let told = told(&[
            act(
                "/login",
                "#in",
                true,
                vec![field("#u", "email", "", true), field("#p", "password", "", true)],
            ),
            act("/home", "a.report", false, Vec::new()),
            act("/report?x=1", "#more", false, Vec::new()),
            act(
                "/report?x=1",
                "#go",
                false,
                vec![
                    field("#q", "text", "", false),
                    field("#a", "text", "05/01/2026", true),
                    field("#b", "text", "26/01/2026", true),
                    field("#format", "select-one", "xlsx", true),
                    field("#all", "checkbox", "", true),
                ],
            ),
        ])
        .unwrap();
        assert_eq!(told.login.page.as_deref(), Some("/login"));
        assert_eq!(told.login.username, Some(vec!["#u".to_owned()]));
        assert_eq!(told.login.password, Some(vec!["#p".to_owned()]));
        assert_eq!(told.export.page.as_deref(), Some("/report"));
        assert_eq!(told.export.date_format.as_deref(), Some("DD/MM/YYYY"));
        assert_eq!(told.export.start, Some(vec!["#a".to_owned()]));
        assert_eq!(told.export.trigger, Some(vec!["#go".to_owned()]));
        assert_eq!(told.export.fields.as_ref().unwrap().len(), 2);
        assert_eq!(told.export.steps.as_ref().unwrap().len(), 1, "the click that opened more");
        assert_eq!(told.window.last_day().to_string(), "2026-01-26");
    }

    #[test]
    fn a_filter_before_the_button_becomes_steps_and_two_login_pages_are_two() {
        let told = told(&[
            act("/who", "#next", false, vec![field("#u", "text", "", true)]),
            act("/pass", "#in", true, vec![field("#p", "password", "", true)]),
            act(
                "/list",
                "#filter",
                false,
                vec![field("#a", "date", "2026-01-05", true), field("#b", "date", "2026-01-06", true)],
            ),
            act("/list?from=2026-01-05", "#csv", false, Vec::new()),
        ])
        .unwrap();
        assert_eq!(told.login.page.as_deref(), Some("/who"));
        assert_eq!(told.login.next, Some(vec!["#next".to_owned()]));
        let steps = told.export.steps.unwrap();
        assert_eq!(steps.len(), 3, "{steps:?}");
        assert_eq!(steps[1].value, Some(FieldValue::Text("{last}".to_owned())));
        assert!(told.export.start.is_none());
    }

    #[test]
    fn frames_are_entered_before_what_is_in_them() {
        let within = |frames: &[&str], act: Act| {
            let frames = frames.iter().map(|frame| vec![(*frame).to_owned()]).collect();
            Act { frames, ..act }
        };
        let days = || vec![field("#a", "text", "05.01.2026", false), field("#b", "text", "06.01.2026", true)];
        let open = act("/main", "#open", false, Vec::new());
        let go = within(&["#outer", "#inner"], act("/main", "#go", false, days()));
        let told = told(&[open.clone(), go.clone()]).unwrap();
        let steps = told.export.steps.unwrap();
        let frames: Vec<_> = steps.iter().filter_map(|step| step.frame.as_deref()).flatten().collect();
        assert_eq!(frames, ["#outer", "#inner"]);
        assert!(steps[0].click.is_some() && steps.len() == 3, "{steps:?}");
        assert_eq!(told.export.start, Some(vec!["#a".to_owned()]));
        let elsewhere = within(&["#menu"], open);
        let error = describe(&[elsewhere, go], &Url::parse("http://p.test").unwrap()).err().unwrap();
        assert!(error.to_string().contains("two frames"), "{error}");
    }

    #[test]
    fn without_a_day_there_is_nothing_to_describe() {
        assert!(told(&[]).is_err());
        let error = told(&[act("/x", "#go", false, Vec::new())]).err().unwrap();
        assert!(error.to_string().contains("held a day"), "{error}");
    }
}
