//! What this system has, and installing what it lacks where we may.

use std::env;

use crate::process::{Result, command, output, run};

/// Somebody else may be installing just now: wait five minutes for them.
const WAIT: &str = "DPkg::Lock::Timeout=300";

/// Whether packages can be installed without asking.
pub fn can_install() -> bool {
    found("apt-get") && output(command("id", &["-u"])).is_ok_and(|id| id.trim() == "0")
}

/// Installs packages, which are chosen when it is known what there is.
pub fn install(packages: impl FnOnce() -> Vec<&'static str>) -> Result {
    apt(&["-o", WAIT, "update"])?;
    let mut install = vec!["-o", WAIT, "install", "--yes", "--no-install-recommends"];
    install.extend(packages());
    apt(&install)
}

fn apt(arguments: &[&str]) -> Result {
    let mut apt = command("apt-get", arguments);
    apt.env("DEBIAN_FRONTEND", "noninteractive");
    run(apt)
}

/// Whether the search path has the program.
pub fn found(program: &str) -> bool {
    let name = format!("{program}{}", env::consts::EXE_SUFFIX);
    env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|folder| folder.join(&name).is_file()))
}
