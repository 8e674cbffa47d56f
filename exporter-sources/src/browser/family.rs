//! Driver and browser as one family of processes, which ends with us, however we end.

#[cfg(not(unix))]
pub(super) use elsewhere::Family;
#[cfg(unix)]
pub(super) use unix::Family;

#[cfg(unix)]
mod unix {
    use std::path::Path;
    use std::process::Stdio;

    use exporter_core::{Error, ErrorKind};
    use rustix::process::{Pid, Signal, kill_process_group};
    use tokio::process::{Child, Command};

    /// A process group led by a guard: a shell that reads from a pipe of ours. When we are gone,
    /// killed or not, the kernel closes the pipe, and the guard kills the group, itself included.
    /// (The death signal of Linux would do for the driver, but not for the browser below it, and
    /// comes when the *thread* that started the driver ends.)
    pub(in crate::browser) struct Family {
        guard: Child,
        group: Option<Pid>,
    }

    impl Family {
        /// A group with its guard alone.
        ///
        /// # Errors
        /// [`ErrorKind::BrowserFailed`] without a shell.
        pub(in crate::browser) fn found() -> Result<Self, Error> {
            let guard = Command::new("/bin/sh")
                .args(["-c", "read -r line; kill -KILL 0"])
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .process_group(0)
                .kill_on_drop(true)
                .spawn();
            let guard = guard.map_err(|error| {
                Error::new(ErrorKind::BrowserFailed, "the guard of the browser cannot be started")
                    .context("program", "/bin/sh")
                    .source(error)
                    .hint("install a shell, or use `--driver http`")
            })?;
            let group = guard.id().and_then(|id| Pid::from_raw(id.cast_signed()));
            Ok(Self { guard, group })
        }

        /// What this command starts, and what that starts, is of the family.
        pub(in crate::browser) fn adopt(&self, command: &mut Command) {
            if let Some(group) = self.group {
                command.process_group(group.as_raw_nonzero().get());
            }
        }

        /// Kills all of it at once.
        pub(in crate::browser) fn kill(&self, _driver: Option<u32>) {
            if let Some(group) = self.group {
                // Fails only when the group is gone, which is what is wanted.
                let _ = kill_process_group(group, Signal::KILL);
            }
        }

        /// Bytes of memory of all of it, each shared page counted once (proc(5):
        /// `smaps_rollup`); nothing where there is no `/proc`.
        pub(in crate::browser) fn memory(&self) -> Option<u64> {
            let group = self.group?.as_raw_nonzero().get();
            let processes = std::fs::read_dir("/proc").ok()?.flatten().map(|entry| entry.path());
            // Who is gone meanwhile takes none.
            let kilobytes =
                processes.filter(|process| group_of(process) == Some(group)).filter_map(|process| {
                    let text = std::fs::read_to_string(process.join("smaps_rollup")).ok()?;
                    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
                    line.split_whitespace().next()?.parse::<u64>().ok()
                });
            Some(kilobytes.sum::<u64>() << 10).filter(|bytes| *bytes > 0)
        }

        /// Waits until the guard is gone as well.
        pub(in crate::browser) async fn gone(&mut self) -> Result<(), Error> {
            self.guard.wait().await?;
            // Its number may be another's from now on.
            self.group = None;
            Ok(())
        }
    }

    /// The group of a process (proc(5): the third field after the name in `stat`).
    fn group_of(process: &Path) -> Option<i32> {
        let stat = std::fs::read_to_string(process.join("stat")).ok()?;
        stat.rsplit_once(')')?.1.split_whitespace().nth(2)?.parse().ok()
    }
}

#[cfg(not(unix))]
mod elsewhere {
    use exporter_core::Error;
    use tokio::process::Command;

    /// Windows knows no process groups: the tree below the driver is ended by `taskkill`. When we
    /// are killed, Chromium still ends with its driver's pipe, and the driver stays.
    pub(in crate::browser) struct Family;

    impl Family {
        pub(in crate::browser) fn found() -> Result<Self, Error> {
            Ok(Self)
        }

        pub(in crate::browser) fn adopt(&self, command: &mut Command) {
            command.kill_on_drop(true);
        }

        pub(in crate::browser) fn kill(&self, driver: Option<u32>) {
            let Some(driver) = driver else { return };
            let tree = Command::new("taskkill").args(["/T", "/F", "/PID", &driver.to_string()]).spawn();
            if let Err(error) = tree {
                tracing::warn!(%error, "the browser's processes cannot be ended");
            }
        }

        pub(in crate::browser) fn memory(&self) -> Option<u64> {
            None
        }

        pub(in crate::browser) async fn gone(&mut self) -> Result<(), Error> {
            Ok(())
        }
    }
}
