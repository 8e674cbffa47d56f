//! The way to an export's file in a browser: its page, its steps, its trigger.

use std::time::Instant;

use exporter_core::{Error, ErrorKind, Window};
use scraper::Html;
use serde_json::json;

use super::driver::Browser;
use super::{BrowserClient, GLANCE, download};
use crate::driver::{Answer, Fill, Place, Recipe, Set, Step, classify, expired, for_days, not_found};
use crate::selector::{Role, Selector, written};

/// How long a page may go on after a click before the next step is taken.
const SETTLE: u32 = 3;

impl BrowserClient {
    /// Opens the page, does the steps, starts the download and takes the file.
    pub(super) async fn walk(&self, recipe: &Recipe, window: Window) -> Result<Answer, Error> {
        let browser = self.browser()?;
        let Place::Page { page, steps, trigger } = &recipe.place else {
            return Err(Error::new(ErrorKind::Config, "an export with an `address` needs no browser")
                .hint("use `--driver http` or `--driver auto`"));
        };
        browser.tidy().await?;
        self.open(browser, &for_days(page, window)?).await?;
        let mut notes = Vec::new();
        for step in steps {
            notes.extend(self.step(browser, recipe, step, window).await?);
        }
        // Where the page is filtered by now, what it shows is about the days asked for.
        if recipe.is_filtered()
            && let Some(said) = browser.shows(&recipe.empty).await?
        {
            return Ok(Answer::Nothing { said });
        }
        let what = "the button that starts the export";
        let role = Some(Role::Trigger(recipe.file));
        let (trigger, note) = mended(browser, recipe, trigger, role, (what, "trigger")).await?;
        let place = download::Place { directory: &self.directory, limit: self.limit, watches: self.watches };
        let mut answer = download::take(browser, recipe, &trigger, place, self.deadlines).await?;
        if let Answer::File(download) = &mut answer {
            download.notes.extend(notes.into_iter().chain(note));
        }
        Ok(answer)
    }

    /// Opens a page of the panel, or says why it is not the one asked for.
    async fn open(&self, browser: &Browser, path: &str) -> Result<(), Error> {
        let look = browser.open(&self.url(path)?).await?;
        if let Some(error) = classify::refusal(look.seen()) {
            return Err(error);
        }
        if classify::is_login_page(&look.html) {
            return Err(expired(&look.url));
        }
        browser.dismiss().await
    }

    /// Does one step; what a reader of the report should know.
    async fn step(
        &self,
        browser: &Browser,
        recipe: &Recipe,
        step: &Step,
        window: Window,
    ) -> Result<Option<String>, Error> {
        match step {
            Step::Goto(page) => self.open(browser, &for_days(page, window)?).await?,
            Step::Set(set) => {
                let (at, note) = mended(browser, recipe, &set.at, set.role, (&set.what, set.key())).await?;
                self.set(browser, &Set { at, ..set.clone() }, window).await?;
                return Ok(note);
            }
            Step::Click(at) => {
                if !browser.click(at).await? {
                    return Err(missing(browser, "what a step clicks on", at).await);
                }
                self.settle(browser).await?;
            }
            Step::WaitFor(at) => {
                if !self.appears(at).await? {
                    return Err(missing(browser, "what a step waits for", at).await);
                }
            }
            Step::Press(key) => {
                browser.press(*key).await?;
                self.settle(browser).await?;
            }
            Step::Frame(at) => {
                if !browser.enter(at).await? {
                    return Err(missing(browser, "the frame", at).await);
                }
            }
        }
        Ok(None)
    }

    /// Sets a field and makes sure that the page took it.
    async fn set(&self, browser: &Browser, set: &Set, window: Window) -> Result<(), Error> {
        let value = match &set.fill {
            Fill::Text(pattern) => json!(for_days(pattern, window)?),
            Fill::Check(on) => json!(on),
        };
        let taken = browser.fill(&set.at, value.clone()).await?;
        match taken {
            None => Err(missing(browser, &set.what, &set.at).await),
            Some(taken) if taken == value || (set.role.is_none() && !taken.is_null()) => Ok(()),
            Some(taken) => Err(Error::new(
                ErrorKind::ElementNotFound,
                format!("{} does not take what is put into it", set.what),
            )
            .context("set", value.to_string())
            .context("shows", taken.to_string())
            .hint("correct the export's `date_format`, or the value, in the configuration")),
        }
    }

    /// Gives the page time to go on after a click: until the next page has loaded, or,
    /// when none comes, for a few glances.
    async fn settle(&self, browser: &Browser) -> Result<(), Error> {
        let begun = Instant::now();
        let mut glances = 0;
        loop {
            tokio::time::sleep(GLANCE).await;
            glances += 1;
            // Between two pages there is nothing to ask.
            match browser.look().await {
                Ok(look) if look.ready && (!look.marked || glances >= SETTLE) => return Ok(()),
                Err(error) if begun.elapsed() > self.deadlines.page => return Err(error),
                Ok(_) if begun.elapsed() > self.deadlines.page => return Ok(()),
                _ => {}
            }
        }
    }
}

/// The selectors, or one for what they no longer find with a note about it.
async fn mended(
    browser: &Browser,
    recipe: &Recipe,
    at: &[Selector],
    role: Option<Role>,
    (what, key): (&str, &str),
) -> Result<(Vec<Selector>, Option<String>), Error> {
    if let Some(role) = role.filter(|_| !at.is_empty())
        && !browser.has(at).await?
    {
        let look = browser.look().await?;
        let healed = role.find(&Html::parse_document(&look.html), at);
        if let Some(healed) = healed {
            let section = format!("exports.{}", recipe.name);
            let note = healed.note(what, at, (&section, key));
            return Ok((vec![healed.selector], Some(note)));
        }
    }
    Ok((at.to_vec(), None))
}

/// An element that is not there, with the page's address where it can be asked for.
async fn missing(browser: &Browser, what: &str, at: &[Selector]) -> Error {
    let page = browser.look().await.map(|look| look.url).unwrap_or_default();
    not_found(what, &written(at), &page)
}
