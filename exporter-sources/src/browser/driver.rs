//! The browser behind WebDriver: started, asked, stopped.

use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use exporter_core::{Error, ErrorKind};
use serde::Deserialize;
use serde_json::Value;
use thirtyfour::error::WebDriverError;
use thirtyfour::{WebDriver, WebElement};

use super::capabilities::{NO_SANDBOX, capabilities};
use super::diary::Diary;
use super::installed;
use super::process::DriverProcess;
use crate::driver::classify::{self, Seen};
use crate::driver::{Cookie, Key};
use crate::panel::{BrowserKind, BrowserOptions};
use crate::selector::{Selector, written};

/// The page's side of every question.
const PAGE: &str = include_str!("page.js");

/// A browser with one window.
pub(super) struct Browser {
    // Dropped first: the tear-down of a session whose driver is gone does not wait.
    process: Option<DriverProcess>,
    driver: WebDriver,
    diary: Diary,
    kind: BrowserKind,
}

/// The page as it is now.
#[derive(Debug, Deserialize)]
pub(super) struct Look {
    pub url: String,
    /// Whether it is still the page that was marked before a click.
    pub marked: bool,
    /// Whether it has loaded.
    pub ready: bool,
    /// The HTTP status, where the browser tells.
    pub status: Option<u16>,
    /// Its media type.
    pub kind: String,
    pub html: String,
}

impl Look {
    pub(super) fn seen(&self) -> Seen<'_> {
        Seen { url: &self.url, status: self.status, pause: None, html: &self.html }
    }
}

impl Browser {
    /// Starts driver and browser, or has a grid start them.
    pub(super) async fn start(options: &BrowserOptions, zone: &str, page: Duration) -> Result<Self, Error> {
        crate::panel::install_tls();
        let mut client = reqwest::Client::builder().timeout(page + Duration::from_secs(10));
        let (process, installed, address) = if let Some(remote) = &options.remote {
            (None, None, remote.clone())
        } else {
            // The driver is on loopback, where a proxy of the environment cannot reach it.
            client = client.no_proxy();
            let installed = installed::find(options)?;
            let process = DriverProcess::start(installed.kind, &installed.driver, zone).await?;
            let address = process.address().to_owned();
            (Some(process), Some(installed), address)
        };
        let kind =
            installed.as_ref().map(|found| found.kind).or(options.kind).unwrap_or(BrowserKind::Chromium);
        let binary = installed.as_ref().map(|found| found.binary.as_path());
        let capabilities = capabilities(kind, binary, options.headless)
            .map_err(|error| failed("cannot be set up", &error))?;
        let client = client.build().map_err(|error| {
            Error::new(ErrorKind::Internal, "the HTTP client cannot be made").source(error)
        })?;
        let driver = WebDriver::builder(&address, capabilities).client(client).await;
        let driver = driver.map_err(|error| not_started(&error, kind, binary, options))?;
        let diary = Diary::start(driver.bidi().await.ok().as_ref()).await;
        let browser = Self { process, driver, diary, kind };
        let set = async {
            browser.driver.set_page_load_timeout(page).await?;
            browser.driver.set_script_timeout(page).await
        };
        set.await.map_err(|error| failed("does not answer", &error))?;
        Ok(browser)
    }

    /// Whether the browser is on another machine, as far as anybody can tell.
    pub(super) fn is_remote(&self) -> bool {
        self.process.is_none()
    }

    /// Its name and version.
    pub(super) fn name(&self) -> String {
        let told = self.driver.handle().capabilities();
        let told = |name: &str| told.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        format!("{} {}", told("browserName"), told("browserVersion"))
    }

    /// Bytes of memory that it and its driver take, where that can be seen.
    pub(super) fn memory(&self) -> Option<u64> {
        self.process.as_ref()?.memory()
    }

    /// What happened so far.
    pub(super) fn diary(&self) -> &Diary {
        &self.diary
    }

    pub(super) fn driver(&self) -> &WebDriver {
        &self.driver
    }

    /// The address of the session, for who else may drive it.
    pub(super) fn session_url(&self) -> String {
        let server = self.driver.handle().server_url().as_str();
        format!("{}/session/{}", server.trim_end_matches('/'), self.driver.handle().session_id())
    }

    /// Opens a page and looks at it.
    pub(super) async fn open(&self, url: &str) -> Result<Look, Error> {
        self.diary.step(format!("open {}", classify::without_query(url)));
        if let Err(error) = self.driver.goto(url).await {
            return Err(down(url, &error));
        }
        let look = self.look().await?;
        // Without a connection Chromium shows a page of its own.
        if look.url.starts_with("chrome-error:") {
            return Err(down(url, &"the browser shows its error page"));
        }
        Ok(look)
    }

    /// The page as it is now.
    pub(super) async fn look(&self) -> Result<Look, Error> {
        serde_json::from_value(self.ask("return look();", Vec::new()).await?)
            .map_err(|error| Error::new(ErrorKind::BrowserFailed, "the page does not answer").source(error))
    }

    /// Sets a field to a text or a box to a tick; what it holds then, or nothing without
    /// such a field.
    pub(super) async fn fill(&self, selectors: &[Selector], value: Value) -> Result<Option<Value>, Error> {
        self.diary.step(format!("fill in {}", written(selectors)));
        let answer =
            self.ask("return fill(arguments[0], arguments[1]);", vec![as_data(selectors), value]).await?;
        Ok(Some(answer).filter(|answer| !answer.is_null()))
    }

    /// Whether any of these is on the page.
    pub(super) async fn has(&self, selectors: &[Selector]) -> Result<bool, Error> {
        let answer = self.ask("return find(arguments[0]) !== null;", vec![as_data(selectors)]).await?;
        Ok(answer == Value::Bool(true))
    }

    /// The text of the first of these that can be seen.
    pub(super) async fn shows(&self, selectors: &[Selector]) -> Result<Option<String>, Error> {
        if selectors.is_empty() {
            return Ok(None);
        }
        let answer = self.ask("return shows(arguments[0]);", vec![as_data(selectors)]).await?;
        Ok(answer.as_str().map(str::to_owned))
    }

    /// Closes dialogues that lie over the page.
    pub(super) async fn dismiss(&self) -> Result<(), Error> {
        self.ask("return dismiss();", Vec::new()).await.map(|_| ())
    }

    /// Sends a form or clicks on what logs out; whether there was any.
    pub(super) async fn leave(&self, selectors: &[Selector]) -> Result<bool, Error> {
        let answer = self.ask("return leave(arguments[0]);", vec![as_data(selectors)]).await?;
        Ok(answer == Value::Bool(true))
    }

    /// Presses a key where the cursor is.
    pub(super) async fn press(&self, key: Key) -> Result<(), Error> {
        let key = match key {
            Key::Enter => thirtyfour::Key::Enter,
            Key::Tab => thirtyfour::Key::Tab,
            Key::Escape => thirtyfour::Key::Escape,
        };
        self.mark().await?;
        let pressed = self.driver.action_chain().send_keys(key).perform().await;
        pressed.map_err(|error| failed("takes no key", &error))
    }

    /// Goes into a frame; whether there is such a frame.
    pub(super) async fn enter(&self, selectors: &[Selector]) -> Result<bool, Error> {
        let Some(frame) = self.element(selectors).await? else { return Ok(false) };
        frame.enter_frame().await.map_err(|error| failed("does not go into the frame", &error))?;
        Ok(true)
    }

    /// Back to the one window and its whole page, whatever the export before left open.
    pub(super) async fn tidy(&self) -> Result<(), Error> {
        let lost = |error: thirtyfour::error::WebDriverError| failed("lost its window", &error);
        let windows = self.driver.windows().await.map_err(lost)?;
        if let [first, others @ ..] = windows.as_slice() {
            for window in others {
                self.driver.switch_to_window(window.clone()).await.map_err(lost)?;
                self.driver.close_window().await.map_err(lost)?;
            }
            self.driver.switch_to_window(first.clone()).await.map_err(lost)?;
        }
        self.driver.enter_default_frame().await.map_err(lost)
    }

    /// Looks at the window that was opened last, if one was.
    pub(super) async fn newest_window(&self) -> Result<bool, Error> {
        let lost = |error: thirtyfour::error::WebDriverError| failed("lost its window", &error);
        let windows = self.driver.windows().await.map_err(lost)?;
        let Some(newest) = windows.get(1..).and_then(<[_]>::last) else { return Ok(false) };
        self.driver.switch_to_window(newest.clone()).await.map_err(lost)?;
        Ok(true)
    }

    /// The bytes of the document that the page is.
    pub(super) async fn document(&self) -> Result<Vec<u8>, Error> {
        let script = "const [done] = [...arguments].slice(-1);
            fetch(location.href, { credentials: 'include' }).then(answer => answer.blob()).then(blob => {
              const reader = new FileReader();
              reader.onload = () => done(reader.result.split(',', 2)[1] || '');
              reader.readAsDataURL(blob);
            }).catch(() => done(null));";
        let answer = self.driver.execute_async(script, Vec::new()).await;
        let answer = answer.map_err(|error| failed("does not hand out the document", &error))?;
        let text = answer.json().as_str().map(str::to_owned);
        text.and_then(|text| BASE64.decode(text).ok())
            .ok_or_else(|| failed("does not hand out the document", &"its address cannot be asked twice"))
    }

    /// Clicks as a person does, or says that there is nothing to click on. The page is
    /// marked before, so that one sees when another has come.
    pub(super) async fn click(&self, selectors: &[Selector]) -> Result<bool, Error> {
        self.diary.step(format!("click on {}", written(selectors)));
        self.mark().await?;
        let Some(element) = self.element(selectors).await? else { return Ok(false) };
        let form = element.tag_name().await.is_ok_and(|name| name == "form");
        let clicked = if form { Err(String::new()) } else { self.click_on(&element).await };
        if let Err(error) = clicked {
            // A form has no button of its own, or something lies over the button: what the
            // page does on a click still works.
            tracing::debug!(%error, "by script");
            let script = "const found = find(arguments[0]);
                if (found instanceof HTMLFormElement) found.requestSubmit(); else found.click();
                return true;";
            self.ask(script, vec![as_data(selectors)]).await?;
        }
        Ok(true)
    }

    async fn click_on(&self, element: &WebElement) -> Result<(), String> {
        let clicked = if self.kind == BrowserKind::Firefox {
            // Its own click waits five seconds for the page that a download does not bring.
            async {
                element.scroll_into_view().await?;
                self.driver.action_chain().click_element(element).perform().await
            }
            .await
        } else {
            element.click().await
        };
        clicked.map_err(|error| error.to_string())
    }

    /// Leaves a mark on the page that the next one does not have.
    async fn mark(&self) -> Result<(), Error> {
        self.ask("window.exporterMark = true; return true;", Vec::new()).await.map(|_| ())
    }

    async fn element(&self, selectors: &[Selector]) -> Result<Option<WebElement>, Error> {
        let script = format!("{PAGE}\nreturn find(arguments[0]);");
        let found = self.driver.execute(script, vec![as_data(selectors)]).await;
        let found = found.map_err(|error| failed("does not answer", &error))?;
        if found.json().is_null() {
            return Ok(None);
        }
        found.element().map(Some).map_err(|error| failed("lost the element", &error))
    }

    /// Takes cookies over for the page that is open; opens `url` with them.
    pub(super) async fn adopt(&self, cookies: &[Cookie], url: &str) -> Result<Look, Error> {
        // A cookie can only be set for a page that is there.
        self.open(url).await?;
        for cookie in cookies {
            let mut own = thirtyfour::Cookie::new(cookie.name.clone(), cookie.value.clone());
            own.set_path(cookie.path.clone());
            own.set_secure(cookie.secure);
            if let Some(domain) = &cookie.domain {
                own.set_domain(domain.clone());
            }
            self.driver.add_cookie(own).await.map_err(|error| failed("takes no cookie", &error))?;
        }
        self.open(url).await
    }

    /// The cookies of the session.
    pub(super) async fn cookies(&self) -> Result<Vec<Cookie>, Error> {
        let cookies = self.driver.get_all_cookies().await;
        let cookies = cookies.map_err(|error| failed("does not tell its cookies", &error))?;
        let plain = |cookie: thirtyfour::Cookie| Cookie {
            name: cookie.name,
            value: cookie.value,
            // A leading point says that it is for the hosts below as well.
            domain: cookie.domain.and_then(|domain| domain.strip_prefix('.').map(str::to_owned)),
            path: cookie.path.unwrap_or_else(|| "/".to_owned()),
            secure: cookie.secure.unwrap_or_default(),
        };
        Ok(cookies.into_iter().map(plain).collect())
    }

    /// Runs a piece of script on the page.
    pub(super) async fn ask(&self, script: &str, arguments: Vec<Value>) -> Result<Value, Error> {
        let answer = self.driver.execute(format!("{PAGE}\n{script}"), arguments).await;
        answer.map(|answer| answer.json().clone()).map_err(|error| failed("does not answer", &error))
    }

    /// Ends browser and driver.
    pub(super) async fn stop(self) -> Result<(), Error> {
        let Self { process, driver, diary, .. } = self;
        diary.end().await;
        // The process group is killed either way; quitting first spares the browser that.
        if let Err(error) = driver.quit().await {
            tracing::debug!(%error, "the browser did not quit by itself");
        }
        match process {
            Some(process) => process.stop().await,
            None => Ok(()),
        }
    }
}

/// No session: the grid is not there, or driver and browser do not fit each other.
fn not_started(
    error: &WebDriverError,
    kind: BrowserKind,
    binary: Option<&Path>,
    options: &BrowserOptions,
) -> Error {
    let said = error.to_string();
    if let Some(remote) = &options.remote {
        return failed("of the grid does not start", error)
            .context("grid", classify::without_query(remote))
            .hint("check `[browser] remote`, and that the grid has a free browser of the `kind` asked for");
    }
    let error = if said.contains("only supports") {
        Error::new(ErrorKind::BrowserMissing, "the browser and its driver have different versions")
            .context("it says", first_line(&said))
            .hint(format!("bring both to one version: {}", installed::upgrade(kind)))
            .hint("or name a pair that fits in `[browser] binary` and `driver`")
    } else {
        failed("does not start", error)
            .hint("look whether the machine has memory left: `exporter check`")
            .hint(format!(
                "in a container, whose rules forbid the browser's own sandbox, set the variable {NO_SANDBOX}=1"
            ))
    };
    match binary {
        Some(binary) => error.context("browser", binary.display().to_string()),
        None => error,
    }
}

fn as_data(selectors: &[Selector]) -> Value {
    selectors.iter().map(Selector::as_data).collect()
}

/// The browser failed; only the first line of what WebDriver says, the rest is a stack trace.
pub(super) fn failed(what: &str, error: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::BrowserFailed, format!("the browser {what}"))
        .context("it says", first_line(&error.to_string()))
}

fn first_line(said: &str) -> String {
    said.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned()
}

fn down(url: &str, error: &dyn std::fmt::Display) -> Error {
    let said = error.to_string();
    let reason = said
        .split_whitespace()
        .find(|word| word.contains("ERR_") || word.contains("timeout"))
        .unwrap_or("no answer");
    Error::new(ErrorKind::PanelDown, "the panel cannot be reached with the browser")
        .context("page", classify::without_query(url))
        .context("reason", reason.to_owned())
        .hint("open the panel in a browser on this machine; check its address in the configuration")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_that_do_not_fit_are_told_with_the_command_that_mends_them() {
        let said = "session not created: This version of ChromeDriver only supports Chrome version 140\n\
                    Current browser version is 156.0.8137.11";
        let error = WebDriverError::HttpError(said.to_owned());
        let binary = Path::new("/usr/bin/chromium");
        let told = not_started(&error, BrowserKind::Chromium, Some(binary), &BrowserOptions::default());
        assert_eq!(told.kind(), ErrorKind::BrowserMissing);
        assert!(told.to_string().contains("different versions"), "{told}");
        assert!(told.hints()[0].ends_with(installed::upgrade(BrowserKind::Chromium)), "{told:?}");
    }
}
