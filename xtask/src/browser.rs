//! The set-up: the browser and driver that the tests drive, and root certificates.

use std::path::Path;

use crate::process::{Result, command, output};
use crate::system::{can_install, found, install};

/// What Debian and its kin call them. The shell is the smaller browser; not every
/// release has it.
const PACKAGES: [&str; 3] = ["chromium", "chromium-driver", "ca-certificates"];
const SHELL: &str = "chromium-headless-shell";

/// Sees to it that browser and driver are there: installs them where that is possible,
/// else says how.
pub fn set_up() -> Result {
    if is_complete() {
        return Ok(());
    }
    if !can_install() {
        return Err(advice());
    }
    install(|| {
        let mut packages = PACKAGES.to_vec();
        if output(command("apt-cache", &["policy", SHELL])).is_ok_and(|policy| has_candidate(&policy)) {
            packages.push(SHELL);
        }
        packages
    })?;
    if is_complete() { Ok(()) } else { Err(advice()) }
}

/// A browser and its driver, wherever the search path finds them.
fn is_complete() -> bool {
    let any = |programs: &[&str]| programs.iter().any(|program| found(program));
    let roots = Path::new("/etc/ssl/certs/ca-certificates.crt").exists() || !cfg!(target_os = "linux");
    let browsers =
        ["chromium", "chromium-browser", "chromium-headless-shell", "chrome-headless-shell", "google-chrome"];
    roots && any(&browsers) && any(&["chromedriver"])
}

/// Whether this release of Debian has the package.
fn has_candidate(policy: &str) -> bool {
    policy
        .lines()
        .any(|line| line.trim().strip_prefix("Candidate: ").is_some_and(|version| version != "(none)"))
}

/// What to type on this system.
fn advice() -> String {
    let install = [
        ("apt-get", "sudo apt-get install chromium chromium-driver ca-certificates"),
        ("dnf", "sudo dnf install chromium chromedriver ca-certificates"),
        ("pacman", "sudo pacman -S chromium ca-certificates"),
        ("apk", "sudo apk add chromium chromium-chromedriver ca-certificates"),
        ("zypper", "sudo zypper install chromium chromedriver ca-certificates"),
        ("brew", "brew install --cask chromium chromedriver"),
        ("winget", "winget install Google.Chrome, and chromedriver of the same version"),
    ];
    let known = install.iter().find(|(program, _)| found(program));
    let how = known.map_or("install Chromium and its chromedriver of the same version", |(_, how)| how);
    format!("the tests drive a real browser, and chromium or chromedriver is missing here\nhint: {how}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_package_with_a_candidate_is_installed() {
        assert!(has_candidate("x:\n  Installed: (none)\n  Candidate: 156.0-1\n"));
        assert!(!has_candidate("x:\n  Installed: (none)\n  Candidate: (none)\n"));
        assert!(!has_candidate(""));
    }

    #[test]
    fn the_advice_names_the_driver() {
        assert!(advice().contains("chromedriver") || advice().contains("chromium-driver"));
    }
}
