//! Browsers and drivers of this machine: where they lie, and what to install when they do not.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use exporter_core::{Error, ErrorKind};

use crate::panel::{BrowserKind, BrowserOptions};

/// A browser and the driver that goes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Installed {
    pub kind: BrowserKind,
    pub binary: PathBuf,
    pub driver: PathBuf,
}

/// Where programs lie, as far as it differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Os {
    /// Linux and its kin.
    Unix,
    Mac,
    Windows,
}

impl Os {
    fn here() -> Self {
        if cfg!(windows) {
            Self::Windows
        } else if cfg!(target_os = "macos") {
            Self::Mac
        } else {
            Self::Unix
        }
    }
}

/// The light ones first; the first whose driver is there as well is taken.
const KINDS: [BrowserKind; 3] = [BrowserKind::Chromium, BrowserKind::Edge, BrowserKind::Firefox];

/// A variable of the environment.
type Variable<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// Finds the browser of the options, or the first that is complete, with its driver.
///
/// # Errors
/// [`ErrorKind::BrowserMissing`] that says what to install.
pub(super) fn find(options: &BrowserOptions) -> Result<Installed, Error> {
    let variable: Variable<'_> = &|name| std::env::var_os(name);
    let os = Os::here();
    let named = options.kind.or_else(|| {
        let given = options.binary.as_deref().map(kind_of);
        given.or_else(|| options.driver.as_deref().and_then(kind_of_driver))
    });
    let kinds = named.map_or_else(|| KINDS.to_vec(), |kind| vec![kind]);
    let mut alone = None;
    for &kind in &kinds {
        let usable = |path: &PathBuf| options.headless || !is_shell(path);
        let usual = binaries(kind, os, variable).into_iter().filter(usable);
        let Some(binary) = existing(options.binary.as_deref(), usual) else { continue };
        match existing(options.driver.as_deref(), drivers(kind, os, variable).into_iter()) {
            Some(driver) => return Ok(Installed { kind, binary, driver }),
            None => {
                alone.get_or_insert(kind);
            }
        }
    }
    let lacking = alone.or(named).unwrap_or(BrowserKind::Chromium);
    Err(match alone {
        Some(_) => missing("browser driver", "driver", options.driver.as_deref(), lacking),
        None => missing("browser", "binary", options.binary.as_deref(), lacking),
    })
}

/// That there is none, and what to do: install one, or mend the place that somebody named, where
/// installing another would change nothing.
fn missing(what: &str, setting: &str, given: Option<&Path>, kind: BrowserKind) -> Error {
    let error = Error::new(ErrorKind::BrowserMissing, format!("no {what} was found"));
    match given {
        Some(path) => error.context("path", path.display().to_string()).hint(format!(
            "set `{setting}` under [browser] to the file that is there, or leave it out to have it looked for"
        )),
        None => error.hint(format!("install one ({}), or use `--driver http`", install(kind, Os::here()))),
    }
}

/// The command that brings browser and driver to one version.
pub(super) fn upgrade(kind: BrowserKind) -> &'static str {
    match (kind, Os::here()) {
        (BrowserKind::Chromium, Os::Unix) => "apt-get install --only-upgrade chromium chromium-driver",
        (BrowserKind::Chromium, Os::Mac) => "brew upgrade --cask chromium chromedriver",
        (BrowserKind::Chromium, Os::Windows) => "winget upgrade Google.Chrome Chromium.ChromeDriver",
        (BrowserKind::Edge, Os::Windows) => "winget upgrade Microsoft.Edge Microsoft.EdgeDriver",
        (BrowserKind::Edge, _) => "put the msedgedriver of the browser's version on the PATH",
        (BrowserKind::Firefox, Os::Unix) => {
            "apt-get install --only-upgrade firefox-esr, and cargo install geckodriver"
        }
        (BrowserKind::Firefox, Os::Mac) => "brew upgrade firefox geckodriver",
        (BrowserKind::Firefox, Os::Windows) => "winget upgrade Mozilla.Firefox Mozilla.GeckoDriver",
    }
}

/// Chromium without what draws windows.
pub(super) fn is_shell(binary: &Path) -> bool {
    binary.file_name().is_some_and(|name| name.to_string_lossy().contains("headless-shell"))
}

/// What a browser of this name is.
fn kind_of(binary: &Path) -> BrowserKind {
    let name = binary.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    if name.contains("firefox") {
        BrowserKind::Firefox
    } else if name.contains("edge") {
        BrowserKind::Edge
    } else {
        BrowserKind::Chromium
    }
}

/// What a driver of this name drives.
fn kind_of_driver(driver: &Path) -> Option<BrowserKind> {
    let name = driver.file_name()?.to_string_lossy();
    KINDS.into_iter().find(|kind| name.contains(driver_name(*kind)))
}

fn driver_name(kind: BrowserKind) -> &'static str {
    match kind {
        BrowserKind::Chromium => "chromedriver",
        BrowserKind::Edge => "msedgedriver",
        BrowserKind::Firefox => "geckodriver",
    }
}

fn install(kind: BrowserKind, os: Os) -> &'static str {
    match (kind, os) {
        (BrowserKind::Chromium, Os::Unix) => "apt-get install chromium chromium-driver",
        (BrowserKind::Chromium, Os::Mac) => "brew install --cask chromium chromedriver",
        (BrowserKind::Chromium, Os::Windows) => "winget install Google.Chrome Chromium.ChromeDriver",
        (BrowserKind::Edge, Os::Windows) => "winget install Microsoft.Edge Microsoft.EdgeDriver",
        (BrowserKind::Edge, _) => "Microsoft Edge, and the msedgedriver of its version on the PATH",
        (BrowserKind::Firefox, Os::Unix) => {
            "apt-get install firefox-esr, and cargo install geckodriver, which is on the PATH then"
        }
        (BrowserKind::Firefox, Os::Mac) => "brew install firefox geckodriver",
        (BrowserKind::Firefox, Os::Windows) => "winget install Mozilla.Firefox Mozilla.GeckoDriver",
    }
}

/// Where browsers are, the light ones first.
fn binaries(kind: BrowserKind, os: Os, variable: Variable<'_>) -> Vec<PathBuf> {
    let below = |roots: &[&str], path: &str| {
        roots.iter().filter_map(|root| Some(PathBuf::from(variable(root)?).join(path))).collect::<Vec<_>>()
    };
    let programs = ["ProgramFiles", "ProgramFiles(x86)", "LocalAppData"];
    match os {
        Os::Unix => {
            let places: &[&str] = match kind {
                BrowserKind::Chromium => &[
                    "/usr/lib/chromium/chromium-headless-shell",
                    "/usr/lib/chromium/chromium",
                    "/usr/bin/chromium-headless-shell",
                    "/usr/bin/chromium",
                    "/usr/bin/chromium-browser",
                    "/usr/bin/google-chrome-stable",
                    "/usr/bin/google-chrome",
                    "/opt/google/chrome/chrome",
                    "/snap/bin/chromium",
                ],
                BrowserKind::Edge => &[
                    "/usr/bin/microsoft-edge",
                    "/usr/bin/microsoft-edge-stable",
                    "/opt/microsoft/msedge/msedge",
                ],
                BrowserKind::Firefox => {
                    &["/usr/bin/firefox-esr", "/usr/bin/firefox", "/snap/bin/firefox", "/opt/firefox/firefox"]
                }
            };
            places.iter().map(PathBuf::from).collect()
        }
        Os::Mac => {
            let applications: &[&str] = match kind {
                BrowserKind::Chromium => &[
                    "Chromium.app/Contents/MacOS/Chromium",
                    "Google Chrome.app/Contents/MacOS/Google Chrome",
                ],
                BrowserKind::Edge => &["Microsoft Edge.app/Contents/MacOS/Microsoft Edge"],
                BrowserKind::Firefox => &["Firefox.app/Contents/MacOS/firefox"],
            };
            let own = variable("HOME").map(|home| PathBuf::from(home).join("Applications"));
            let roots: Vec<PathBuf> = [PathBuf::from("/Applications")].into_iter().chain(own).collect();
            applications.iter().flat_map(|path| roots.iter().map(move |root| root.join(path))).collect()
        }
        Os::Windows => match kind {
            BrowserKind::Chromium => {
                let mut places = below(&["LocalAppData"], "Chromium/Application/chrome.exe");
                places.extend(below(&programs, "Google/Chrome/Application/chrome.exe"));
                places
            }
            BrowserKind::Edge => below(&programs, "Microsoft/Edge/Application/msedge.exe"),
            BrowserKind::Firefox => below(&programs, "Mozilla Firefox/firefox.exe"),
        },
    }
}

/// Where drivers are: on the search path, then in the usual places.
fn drivers(kind: BrowserKind, os: Os, variable: Variable<'_>) -> Vec<PathBuf> {
    let name = driver_name(kind);
    let file = if os == Os::Windows { format!("{name}.exe") } else { name.to_owned() };
    let paths = variable("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&paths).map(|directory| directory.join(&file));
    let usual: &[&str] = match os {
        Os::Unix => &["/usr/bin", "/usr/lib/chromium", "/usr/local/bin", "/snap/bin"],
        Os::Mac => &["/opt/homebrew/bin", "/usr/local/bin"],
        Os::Windows => &[],
    };
    let usual = usual.iter().map(|directory| Path::new(directory).join(&file));
    let snap = (os == Os::Unix && kind == BrowserKind::Chromium)
        .then(|| PathBuf::from("/snap/bin/chromium.chromedriver"));
    on_path.chain(usual).chain(snap).collect()
}

fn existing(given: Option<&Path>, mut usual: impl Iterator<Item = PathBuf>) -> Option<PathBuf> {
    match given {
        Some(path) => Some(path.to_path_buf()).filter(|path| path.is_file()),
        None => usual.find(|path| path.is_file()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_browser_says_what_to_install_or_to_mend() {
        for kind in KINDS {
            let error = missing("browser", "binary", None, kind);
            assert!(error.hints()[0].contains(install(kind, Os::here())), "{error:?}");
        }
        let named = BrowserOptions { binary: Some("/nowhere/firefox".into()), ..BrowserOptions::default() };
        let error = find(&named).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrowserMissing);
        assert!(error.to_string().contains("/nowhere/firefox"), "{error}");
        assert!(error.hints()[0].starts_with("set `binary` under [browser]"), "{error:?}");
    }

    #[test]
    fn a_browser_without_its_driver_is_told_as_such() {
        let directory = tempfile::tempdir().unwrap();
        let binary = directory.path().join("microsoft-edge");
        std::fs::write(&binary, "").unwrap();
        let driver = Some(directory.path().join("msedgedriver"));
        let mut options =
            BrowserOptions { binary: Some(binary.clone()), driver, ..BrowserOptions::default() };
        let error = find(&options).unwrap_err();
        assert!(error.to_string().contains("no browser driver was found"), "{error}");
        assert!(error.hints()[0].starts_with("set `driver` under [browser]"), "{error:?}");
        std::fs::write(options.driver.as_ref().unwrap(), "").unwrap();
        let found = find(&options).unwrap();
        assert_eq!((found.kind, found.binary), (BrowserKind::Edge, binary));
        options.kind = Some(BrowserKind::Chromium);
        assert_eq!(find(&options).unwrap().kind, BrowserKind::Chromium, "what is said wins over the name");
    }

    #[test]
    fn each_system_has_places_of_its_own() {
        let variable: Variable<'_> = &|name| match name {
            "ProgramFiles" => Some("C:/Program Files".into()),
            "HOME" => Some("/Users/budi".into()),
            _ => None,
        };
        let places = |kind, os| binaries(kind, os, variable);
        assert_eq!(
            places(BrowserKind::Firefox, Os::Windows),
            [Path::new("C:/Program Files/Mozilla Firefox/firefox.exe")]
        );
        assert!(places(BrowserKind::Edge, Os::Mac).contains(&PathBuf::from(
            "/Users/budi/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge"
        )));
        assert!(places(BrowserKind::Chromium, Os::Unix)[0].ends_with("chromium-headless-shell"));
        assert!(
            drivers(BrowserKind::Firefox, Os::Mac, variable)
                .contains(&PathBuf::from("/opt/homebrew/bin/geckodriver"))
        );
    }

    #[test]
    fn a_driver_tells_what_it_drives() {
        assert_eq!(kind_of_driver(Path::new("/opt/geckodriver")), Some(BrowserKind::Firefox));
        assert_eq!(kind_of_driver(Path::new("C:/x/msedgedriver.exe")), Some(BrowserKind::Edge));
        assert_eq!(kind_of_driver(Path::new("/opt/driver")), None);
    }
}
