//! The file that keeps routes between runs: private, replaced as a whole.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use exporter_core::{Error, ErrorKind};
use serde::{Deserialize, Serialize};

use super::Route;

/// The file's name in the state directory.
const FILE: &str = "routes.toml";
/// Version of the file's shape.
const VERSION: u32 = 1;

/// The routes that are known, by export.
#[derive(Debug, Clone, Default)]
pub struct Routes {
    directory: PathBuf,
    routes: BTreeMap<String, Route>,
}

/// The file's content.
#[derive(Serialize, Deserialize)]
struct Kept {
    version: u32,
    #[serde(default)]
    routes: BTreeMap<String, Route>,
}

impl Routes {
    /// Reads the file in this state directory; without one, no route is known.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when it is there and cannot be read. A file of another version or
    /// one that is damaged counts as none: what it held is learned again.
    pub fn load(directory: &Path) -> Result<Self, Error> {
        let path = directory.join(FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(Error::from(error).context("file", path.display().to_string())),
        };
        let kept = toml::from_str::<Kept>(&text).ok().filter(|kept| kept.version == VERSION);
        let routes = kept.map(|kept| kept.routes).unwrap_or_default();
        Ok(Self { directory: directory.to_path_buf(), routes })
    }

    /// The routes by export, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Route)> {
        self.routes.iter().map(|(name, route)| (name.as_str(), route))
    }

    /// The route of this export.
    pub fn get(&self, export: &str) -> Option<&Route> {
        self.routes.get(export)
    }

    /// Forgets one route and writes the file; whether there was one.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when the file cannot be written.
    pub fn forget(&mut self, export: &str) -> Result<bool, Error> {
        let known = self.routes.remove(export).is_some();
        if known {
            self.save()?;
        }
        Ok(known)
    }

    /// Keeps a route and writes the file.
    pub(crate) fn keep(&mut self, export: &str, route: Route) -> Result<(), Error> {
        self.routes.insert(export.to_owned(), route);
        self.save()
    }

    fn save(&self) -> Result<(), Error> {
        let kept = Kept { version: VERSION, routes: self.routes.clone() };
        let text = toml::to_string_pretty(&kept)
            .map_err(|error| Error::new(ErrorKind::Internal, "the routes cannot be written").source(error))?;
        crate::panel::make_private(&self.directory)?;
        // Made private (0600) and renamed: a reader sees the old file or the new one.
        let mut file = tempfile::NamedTempFile::new_in(&self.directory)?;
        file.write_all(text.as_bytes())?;
        file.persist(self.directory.join(FILE)).map_err(|error| Error::from(error.error))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::Body;
    use std::os::unix::fs::PermissionsExt as _;

    fn route() -> Route {
        let now = "2026-01-07T00:00:00Z".parse().unwrap();
        Route {
            method: "POST".into(),
            origin: "http://p.test".into(),
            path: "/x".into(),
            query: vec![("start".into(), "{{first %Y-%m-%d}}".into())],
            body: Body::Form(vec![("_token".into(), "{{field _token}}".into())]),
            headers: vec![("x-requested-with".into(), "XMLHttpRequest".into())],
            page: "http://p.test/page".into(),
            recipe: "r".into(),
            learned: now,
            verified: now,
        }
    }

    #[test]
    fn what_is_kept_is_private_and_comes_back() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("state");
        let mut routes = Routes::load(&directory).unwrap();
        routes.keep("user", route()).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&directory), mode(&directory.join(FILE))), (0o700, 0o600));
        let mut again = Routes::load(&directory).unwrap();
        assert_eq!(again.get("user"), Some(&route()));
        assert!(again.forget("user").unwrap() && !again.forget("user").unwrap());
        assert_eq!(Routes::load(&directory).unwrap().iter().count(), 0);
    }

    #[test]
    fn a_damaged_file_is_no_obstacle() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(FILE), "version = 99").unwrap();
        assert_eq!(Routes::load(directory.path()).unwrap().iter().count(), 0);
        fs::write(directory.path().join(FILE), "routes = [").unwrap();
        assert_eq!(Routes::load(directory.path()).unwrap().iter().count(), 0);
    }
}
