//! Who we are to Google: the kinds of credentials, where they are found, and what to do
//! about those that do not do.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use exporter_core::{Error, ErrorKind, Secret};
use google_sheets4::yup_oauth2::{self, ServiceAccountKey};
use serde::{Deserialize, Deserializer};

/// The variable that names a key file, in every program of Google's.
const VARIABLE: &str = "GOOGLE_APPLICATION_CREDENTIALS";
/// The variable that names another metadata server.
const METADATA_VARIABLE: &str = "GCE_METADATA_HOST";
/// Where a machine in Google's cloud is told who it is.
const METADATA_HOST: &str = "metadata.google.internal";
/// Where refresh tokens are exchanged, unless the file says otherwise.
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";
/// How a person's own credentials are made. The scope has to be named: without it they are
/// good for other services only.
const LOG_IN: &str = "log in (again): gcloud auth application-default login \
     --scopes=https://www.googleapis.com/auth/spreadsheets,https://www.googleapis.com/auth/cloud-platform";
/// How a service account's key is made.
const MAKE_KEY: &str = "make a key for a service account (Google Cloud console: IAM & Admin > Service \
     Accounts > Keys > Add key > JSON) and refer to it: credentials = \"file:PATH\"";

/// What a configuration gives us to be somebody.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// The text of a JSON file: a service account's key, or what `gcloud` keeps of a person
    /// who logged in.
    Key(Secret),
    /// The account of the machine we run on, as a metadata server tells.
    Machine {
        /// Its host, with a port where it is not 80.
        host: String,
    },
}

impl From<Secret> for Credentials {
    fn from(key: Secret) -> Self {
        Self::Key(key)
    }
}

impl Credentials {
    /// Google's application-default credentials and where they were found: the file that
    /// `GOOGLE_APPLICATION_CREDENTIALS` names, else the one that `gcloud auth
    /// application-default login` writes, else the machine's own account.
    ///
    /// # Errors
    /// [`ErrorKind::SecretMissing`] for a file that is named or there and cannot be read.
    pub fn application_default() -> Result<(Self, String), Error> {
        Self::find(|name| std::env::var_os(name).filter(|value| !value.is_empty()))
    }

    fn find(variable: impl Fn(&str) -> Option<OsString>) -> Result<(Self, String), Error> {
        if let Some(path) = variable(VARIABLE) {
            return read(Path::new(&path), VARIABLE);
        }
        let gcloud = (variable("CLOUDSDK_CONFIG").map(PathBuf::from))
            .or_else(|| Some(PathBuf::from(variable("APPDATA")?).join("gcloud")))
            .or_else(|| Some(PathBuf::from(variable("HOME")?).join(".config").join("gcloud")));
        if let Some(path) = gcloud.map(|directory| directory.join("application_default_credentials.json"))
            && path.exists()
        {
            return read(&path, "gcloud");
        }
        let host = variable(METADATA_VARIABLE).and_then(|host| host.into_string().ok());
        let host = host.unwrap_or_else(|| METADATA_HOST.to_owned());
        let place = format!("metadata server {host}");
        Ok((Self::Machine { host }, place))
    }
}

fn read(path: &Path, named_by: &str) -> Result<(Credentials, String), Error> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Error::new(
            ErrorKind::SecretMissing,
            format!("Google's credentials in {} cannot be read", path.display()),
        )
        .context("named by", named_by.to_owned())
        .source(error)
        .hint(format!("{MAKE_KEY}; or {LOG_IN}"))
    })?;
    Ok((Credentials::Key(Secret::new(text)), format!("{named_by}: {}", path.display())))
}

/// Credentials that were understood.
pub enum Identity {
    /// A service account with its key.
    Service(Box<ServiceAccountKey>),
    /// A person who let a program act for them.
    User(User),
    /// The account of the machine.
    Machine {
        /// The metadata server.
        host: String,
    },
}

/// What `gcloud` keeps of a person who logged in.
#[derive(Clone, Deserialize)]
pub struct User {
    /// The program that acts.
    pub client_id: String,
    #[serde(deserialize_with = "secret")]
    pub client_secret: Secret,
    #[serde(deserialize_with = "secret")]
    pub refresh_token: Secret,
    #[serde(default = "token_uri")]
    pub token_uri: String,
    /// The project that calls are counted for: a person's calls need one.
    pub quota_project_id: Option<String>,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    String::deserialize(deserializer).map(Secret::new)
}

fn token_uri() -> String {
    TOKEN_URI.to_owned()
}

/// An identity in words.
#[derive(Debug, Clone)]
pub struct Account {
    /// Who it is.
    pub name: String,
    /// Whom to share a spreadsheet with.
    pub address: String,
    /// What to do when Google does not accept it any more.
    pub renew: String,
}

/// Just enough to tell the kinds apart.
#[derive(Deserialize)]
struct Outline {
    #[serde(rename = "type")]
    of: Option<String>,
    installed: Option<serde::de::IgnoredAny>,
    web: Option<serde::de::IgnoredAny>,
}

impl Identity {
    /// Understands credentials. What the file says stays out of every error.
    ///
    /// # Errors
    /// [`ErrorKind::SheetCredentials`] that says what the file is instead.
    pub fn read(credentials: Credentials) -> Result<Self, Error> {
        let key = match credentials {
            Credentials::Machine { host } => return Ok(Self::Machine { host }),
            Credentials::Key(key) => key,
        };
        let refuse =
            |what: &str| Error::new(ErrorKind::SheetCredentials, format!("the credentials are {what}"));
        let outline: Outline = serde_json::from_str(key.expose()).map_err(|_| {
            refuse("not a service account's key file, nor those of a person who logged in").hint(MAKE_KEY)
        })?;
        match outline.of.as_deref() {
            Some("service_account") => yup_oauth2::parse_service_account_key(key.expose())
                .map(|key| Self::Service(Box::new(key)))
                .map_err(|_| {
                    refuse("a service account's key file of which a part is missing").hint(MAKE_KEY)
                }),
            Some("authorized_user") => serde_json::from_str(key.expose())
                .map(Self::User)
                .map_err(|_| refuse("those of a person who logged in, but a part is missing").hint(LOG_IN)),
            None if outline.installed.is_some() || outline.web.is_some() => {
                Err(refuse("an OAuth client's file, which says which program asks, not who").hint(MAKE_KEY))
            }
            Some(other) if other.len() < 40 => {
                Err(refuse(&format!("of the type `{other}`, which is not supported")).hint(MAKE_KEY))
            }
            _ => Err(refuse("a file that does not say what type it is of").hint(MAKE_KEY)),
        }
    }

    /// The project that calls are counted for, where the credentials name one.
    pub fn quota_project(&self) -> Option<&str> {
        match self {
            Self::User(user) => user.quota_project_id.as_deref(),
            Self::Service(_) | Self::Machine { .. } => None,
        }
    }

    /// The project whose quota the calls use up; where nobody says, a name of its own.
    pub fn project(&self) -> &str {
        match self {
            Self::Service(key) => key.client_email.split_once('@').map_or("", |(_, project)| project),
            Self::User(user) => user.quota_project_id.as_deref().unwrap_or(&user.client_id),
            Self::Machine { host } => host,
        }
    }

    /// The same in words.
    pub fn account(&self) -> Account {
        let account = |name: &str, address: &str, renew: &str| Account {
            name: name.to_owned(),
            address: address.to_owned(),
            renew: renew.to_owned(),
        };
        match self {
            Self::Service(key) => account(
                &format!("the service account {}", key.client_email),
                &key.client_email,
                "create a new key for the service account and set it as `credentials`",
            ),
            Self::User(_) => account(
                "the person who logged in (an authorised user)",
                "the Google account that logged in",
                LOG_IN,
            ),
            Self::Machine { host } => account(
                &format!("the service account of this machine (metadata server {host})"),
                "the service account of this machine",
                &format!(
                    "outside of Google's cloud there is none: {MAKE_KEY}; or set {VARIABLE}; or {LOG_IN}"
                ),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(variables: &[(&str, &str)]) -> Result<(Credentials, String), Error> {
        Credentials::find(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn the_variable_comes_before_what_gcloud_keeps_and_that_before_the_machine() {
        let home = tempfile::tempdir().unwrap();
        let gcloud = home.path().join(".config/gcloud");
        std::fs::create_dir_all(&gcloud).unwrap();
        std::fs::write(gcloud.join("application_default_credentials.json"), "of gcloud").unwrap();
        let named = home.path().join("key.json");
        std::fs::write(&named, "of the variable").unwrap();
        let (home_text, named_text) = (home.path().to_str().unwrap(), named.to_str().unwrap());
        let text = |credentials: Credentials| match credentials {
            Credentials::Key(key) => key.expose().to_owned(),
            Credentials::Machine { host } => host,
        };

        let (both, place) = found(&[(VARIABLE, named_text), ("HOME", home_text)]).unwrap();
        assert_eq!((text(both), place), ("of the variable".into(), format!("{VARIABLE}: {named_text}")));
        let (kept, place) = found(&[("HOME", home_text)]).unwrap();
        assert_eq!(text(kept), "of gcloud");
        assert!(place.starts_with("gcloud: "), "{place}");
        let (elsewhere, _) = found(&[("CLOUDSDK_CONFIG", home_text), ("HOME", home_text)]).unwrap();
        assert_eq!(text(elsewhere), METADATA_HOST, "gcloud keeps its files where it is told");
        let (machine, _) = found(&[(METADATA_VARIABLE, "127.0.0.1:1")]).unwrap();
        assert_eq!(text(machine), "127.0.0.1:1");

        let error = found(&[(VARIABLE, "/no/such/key.json"), ("HOME", home_text)]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SecretMissing);
        assert!(error.to_string().contains("/no/such/key.json"), "a file that is named is not passed over");
    }

    #[test]
    fn what_is_no_key_is_told_without_quoting_it() {
        for (text, what) in [
            ("hunter2", "not a service account's key file"),
            (r#"{"installed":{"client_secret":"hunter2"}}"#, "an OAuth client's file"),
            (r#"{"type":"external_account","x":"hunter2"}"#, "of the type `external_account`"),
            (r#"{"type":"service_account","private_key":"hunter2"}"#, "a part is missing"),
            (r#"{"type":"authorized_user","client_secret":"hunter2"}"#, "a part is missing"),
            (r#"{"private_key":"hunter2"}"#, "does not say what type"),
        ] {
            let Err(error) = Identity::read(Secret::new(text).into()) else { panic!("{text} was taken") };
            assert_eq!(error.kind(), ErrorKind::SheetCredentials);
            assert!(error.to_string().contains(what), "{error}");
            assert!(!format!("{error:?}").contains("hunter2") && !error.hints().is_empty());
        }
    }
}
