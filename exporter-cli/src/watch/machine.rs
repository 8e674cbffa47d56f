//! The machine: room on its disk, its memory, browsers that nobody owns any more.

use std::fs;
use std::path::Path;

use exporter_core::{Error, ErrorKind};
use exporter_sources::browsers_left_running;

/// Room on the disk that holds this directory.
pub fn disk(directory: &Path, least: u32) -> Option<Result<String, Error>> {
    let about = rustix::fs::statvfs(directory).ok()?;
    let free = about.f_bavail.saturating_mul(about.f_frsize) / 1_000_000;
    if free >= u64::from(least) {
        return Some(Ok(format!("{free} MB free")));
    }
    Some(Err(Error::new(ErrorKind::Io, format!("only {free} MB are free on the disk"))
        .context("directory", directory.display().to_string())
        .hint(format!(
            "see what takes the room: du -xh --max-depth=2 {} | sort -h | tail",
            directory.display()
        ))
        .hint("without room neither downloads nor the history can be written")))
}

/// Memory that a browser could have, where the system says so (`/proc/meminfo`, Linux), or less
/// where a container or a service is allowed less.
pub fn memory(least: u32) -> Option<Result<String, Error>> {
    let machine = available(&fs::read_to_string("/proc/meminfo").ok()?)?;
    let allowed = allowed(Path::new("/sys/fs/cgroup"), &fs::read_to_string("/proc/self/cgroup").ok()?);
    let available = allowed.map_or(machine, |allowed| allowed.min(machine));
    if available >= u64::from(least) {
        return Some(Ok(format!("{available} MB available")));
    }
    let error = Error::new(ErrorKind::Io, format!("only {available} MB of memory are available"))
        .hint("see who takes it: ps -eo rss,pid,args --sort=-rss | head")
        .hint("a run over HTTP needs 60 MB, one with a browser 500 MB");
    Some(Err(if available < machine {
        error.hint(format!(
            "the machine has {machine} MB: raise what its container or service may have (`MemoryMax`)"
        ))
    } else {
        error
    }))
}

/// What the control groups (version 2, Linux) around this process leave of what they allow, in
/// megabytes; files that were read count as free, because the system lets go of them.
fn allowed(root: &Path, groups: &str) -> Option<u64> {
    let own = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let number = |group: &Path, name| fs::read_to_string(group.join(name)).ok()?.trim().parse::<u64>().ok();
    let left = |group: &Path| {
        let (most, taken) = (number(group, "memory.max")?, number(group, "memory.current")?);
        let details = fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
        let files = details.lines().find_map(|line| line.strip_prefix("inactive_file "));
        let files = files.and_then(|bytes| bytes.parse().ok()).unwrap_or(0);
        Some((most.saturating_sub(taken) + files).min(most) / 1_000_000)
    };
    root.join(own).ancestors().take_while(|group| group.starts_with(root)).filter_map(left).min()
}

fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024 / 1_000_000)
}

/// Browsers whose run is gone.
pub fn leftovers() -> Option<Result<String, Error>> {
    let left = browsers_left_running(Path::new("/proc"))?;
    if left.is_empty() {
        return Some(Ok("none".to_owned()));
    }
    let processes: Vec<String> = left.iter().map(ToString::to_string).collect();
    Some(Err(Error::new(
        ErrorKind::BrowserFailed,
        format!("{} browser processes of earlier runs are still there", left.len()),
    )
    .hint(format!("end them: kill {}", processes.join(" ")))))
}

/// The bytes of a file, or of all files beneath a directory.
pub fn size(path: &Path) -> u64 {
    let Ok(about) = fs::symlink_metadata(path) else { return 0 };
    if !about.is_dir() {
        return about.len();
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| size(&entry.path())).sum()
}

/// The bytes of a file and of those whose names go on after its own: `exporter.log.1`.
pub fn size_beginning_with(file: &Path) -> u64 {
    let (Some(directory), Some(name)) = (file.parent(), file.file_name()) else { return 0 };
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let ours =
        entries.filter(|entry| entry.file_name().as_encoded_bytes().starts_with(name.as_encoded_bytes()));
    ours.map(|entry| size(&entry.path())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_little_room_says_how_to_find_what_takes_it() {
        let directory = tempfile::tempdir().unwrap();
        assert!(disk(directory.path(), 0).unwrap().unwrap().ends_with(" MB free"));
        let error = disk(directory.path(), u32::MAX).unwrap().unwrap_err();
        assert!(error.to_string().starts_with("only ") && error.hints()[0].contains("du -xh"), "{error}");
        assert!(disk(Path::new("/nowhere/at/all"), 0).is_none());
    }

    #[test]
    fn memory_is_read_as_linux_writes_it() {
        let text = "MemTotal:       16303320 kB\nMemFree:          204012 kB\nMemAvailable:    1000000 kB\n";
        assert_eq!(available(text), Some(1024));
        assert_eq!(available("MemTotal: 1 kB\n"), None);
    }

    #[test]
    fn a_container_has_what_it_is_allowed() {
        let root = tempfile::tempdir().unwrap();
        let service = root.path().join("system.slice/exporter.service");
        fs::create_dir_all(&service).unwrap();
        let own = "0::/system.slice/exporter.service\n";
        fs::write(service.join("memory.max"), "max\n").unwrap();
        fs::write(service.join("memory.current"), "100000000\n").unwrap();
        assert_eq!(allowed(root.path(), own), None, "no limit is none");
        fs::write(service.join("memory.max"), "300000000\n").unwrap();
        assert_eq!(allowed(root.path(), own), Some(200));
        fs::write(service.join("memory.stat"), "anon 1\ninactive_file 50000000\n").unwrap();
        assert_eq!(allowed(root.path(), own), Some(250));
        // The slice around it is allowed less.
        let slice = service.parent().unwrap();
        fs::write(slice.join("memory.max"), "150000000\n").unwrap();
        fs::write(slice.join("memory.current"), "150000000\n").unwrap();
        assert_eq!(allowed(root.path(), own), Some(0));
        assert_eq!(allowed(root.path(), "1:name=systemd:/\n"), None, "version 1");
    }
}
