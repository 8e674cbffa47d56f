//! The part of the Drive API v3 that clients of spreadsheets call: files are made, found,
//! copied, shared and deleted there.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use serde_json::{Value, json};

use super::access::{Actor, Role};
use super::calls::Query;
use super::drive_csv;
use super::errors::{Answer, ApiError};
use super::fields::Mask;
use super::handle::{File, Sheets};
use super::model::Spreadsheet;
use super::route::decode;

const SPREADSHEET: &str = "application/vnd.google-apps.spreadsheet";

/// A method of the Drive API with the file that its address names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// `files.create`
    Create,
    /// `files.list`
    List,
    /// `files.get`
    Get(String),
    /// `files.delete`
    Delete(String),
    /// `files.copy`
    Copy(String),
    /// `files.export`
    Export(String),
    /// `permissions.create`
    Share(String),
    /// `permissions.delete`
    Unshare(String, String),
    /// `permissions.list`
    Shared(String),
    /// `comments.list`
    Comments(String),
}

/// The method behind an HTTP method and a path (still percent-encoded).
pub fn route(method: &str, path: &str) -> Option<Call> {
    let rest = path.strip_prefix("/drive/v3/files")?;
    let parts: Vec<String> = rest.split('/').skip(1).map(|part| decode(part, false)).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    Some(match (method, parts.as_slice()) {
        ("POST", []) => Call::Create,
        ("GET", []) => Call::List,
        ("GET", [id]) => Call::Get((*id).to_owned()),
        ("DELETE", [id]) => Call::Delete((*id).to_owned()),
        ("POST", [id, "copy"]) => Call::Copy((*id).to_owned()),
        ("GET", [id, "export"]) => Call::Export((*id).to_owned()),
        ("POST", [id, "permissions"]) => Call::Share((*id).to_owned()),
        ("DELETE", [id, "permissions", whose]) => Call::Unshare((*id).to_owned(), (*whose).to_owned()),
        ("GET", [id, "permissions"]) => Call::Shared((*id).to_owned()),
        ("GET", [id, "comments"]) => Call::Comments((*id).to_owned()),
        _ => return None,
    })
}

impl Call {
    /// The message of the answer.
    pub fn answer(&self) -> &'static str {
        match self {
            Self::List => "DriveFileList",
            Self::Share(_) => "DrivePermission",
            Self::Shared(_) => "DrivePermissionList",
            Self::Comments(_) => "DriveCommentList",
            _ => "DriveFile",
        }
    }

    /// The fields of an answer to whom asks for none.
    fn usual(&self) -> &'static str {
        match self {
            Self::List => "kind,incompleteSearch,files(kind,id,name,mimeType)",
            Self::Share(_) => "kind,id,type,role",
            Self::Shared(_) => "kind,permissions(kind,id,type,role)",
            Self::Comments(_) => "kind,comments",
            _ => "kind,id,name,mimeType",
        }
    }
}

/// What a call answers.
#[derive(Debug, PartialEq)]
pub enum Content {
    /// A message.
    Json(Value),
    /// An exported file.
    Csv(Vec<u8>),
    /// No body at all.
    Nothing,
}

/// Runs a call as an account.
pub fn run(sheets: &Sheets, call: &Call, email: &str, query: &Query, body: &[u8]) -> Answer<Content> {
    let drive = Drive { sheets, email };
    let answer = match call {
        Call::Create => drive.create(&read(body)?)?,
        Call::List => drive.list(query.get("q").unwrap_or_default())?,
        Call::Get(id) => drive.get(id)?,
        Call::Copy(id) => drive.copy(id, &read(body)?)?,
        Call::Share(id) => drive.share(id, &read(body)?)?,
        Call::Shared(id) => drive.shared(id)?,
        Call::Comments(id) => drive.comments(id)?,
        Call::Export(id) => return drive.export(id, query.get("mimeType")).map(Content::Csv),
        Call::Unshare(id, whose) => {
            drive.unshare(id, whose)?;
            return Ok(Content::Nothing);
        }
        Call::Delete(id) => {
            drive.open(id, Role::Owner)?;
            sheets.delete(id);
            return Ok(Content::Nothing);
        }
    };
    let fields = query.get("fields").unwrap_or(call.usual());
    let mask = Mask::of_answer(fields, call.answer())?;
    Ok(Content::Json(mask.select(answer)))
}

/// The envelope of this API's errors, which names a reason beside the text.
pub fn envelope(error: &ApiError) -> Value {
    let reason = match error.code {
        401 => "authError",
        403 => "insufficientFilePermissions",
        404 => "notFound",
        400 => "invalid",
        _ => "internalError",
    };
    let one = json!({ "message": error.message, "domain": "global", "reason": reason });
    json!({ "error": { "code": error.code, "message": error.message, "errors": [one] } })
}

fn read(body: &[u8]) -> Answer<Value> {
    if body.is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(body).map_err(|error| ApiError::invalid(format!("Parse Error: {error}")))
}

struct Drive<'a> {
    sheets: &'a Sheets,
    email: &'a str,
}

impl Drive<'_> {
    fn create(&self, body: &Value) -> Answer<Value> {
        if body["mimeType"] != SPREADSHEET {
            return Err(ApiError::invalid(format!(
                "This stand-in keeps spreadsheets only: set mimeType to {SPREADSHEET}."
            )));
        }
        let name = body["name"].as_str().filter(|name| !name.is_empty()).unwrap_or("Untitled");
        let id = self.sheets.create(name, self.email);
        self.get(&id)
    }

    fn get(&self, id: &str) -> Answer<Value> {
        Ok(file(&self.open(id, Role::Viewer)?))
    }

    /// The newest first, as Drive lists them.
    fn list(&self, text: &str) -> Answer<Value> {
        let terms = terms(text)?;
        let mut found: Vec<File> = {
            let state = self.sheets.lock();
            state.files.values().filter(|file| file.sharing.contains_key(self.email)).cloned().collect()
        };
        found.retain(|file| terms.iter().all(|term| term.fits(&file.spreadsheet.title)));
        found.sort_by_key(|file| std::cmp::Reverse(file.modified));
        let files: Vec<Value> = found.iter().map(self::file).collect();
        Ok(json!({ "kind": "drive#fileList", "incompleteSearch": false, "files": files }))
    }

    fn copy(&self, id: &str, body: &Value) -> Answer<Value> {
        let source = self.open(id, Role::Viewer)?;
        let title = match body["name"].as_str() {
            Some(name) => name.to_owned(),
            None => format!("Copy of {}", source.spreadsheet.title),
        };
        let id = self.sheets.create(&title, self.email);
        self.sheets.change(&id, |spreadsheet, _| {
            *spreadsheet = Spreadsheet { id: id.clone(), title, ..(*source.spreadsheet).clone() };
            Ok(())
        })?;
        self.get(&id)
    }

    fn export(&self, id: &str, kind: Option<&str>) -> Answer<Vec<u8>> {
        let file = self.open(id, Role::Viewer)?;
        if kind != Some("text/csv") {
            return Err(ApiError::invalid(
                "The requested conversion is not supported: this stand-in exports text/csv only.",
            ));
        }
        drive_csv::write(&file.spreadsheet, self.sheets.moment())
    }

    fn unshare(&self, id: &str, whose: &str) -> Answer<()> {
        let file = self.open(id, Role::Editor)?;
        let known = file.sharing.iter().find(|(email, _)| permission_id(email) == whose);
        let (email, role) =
            known.ok_or_else(|| ApiError::missing(format!("Permission not found: {whose}.")))?;
        if *role == Role::Owner {
            let message = "The owner of a file cannot be removed.".to_owned();
            return Err(ApiError { message, ..ApiError::forbidden() });
        }
        self.sheets.unshare(id, email)
    }

    fn share(&self, id: &str, body: &Value) -> Answer<Value> {
        self.open(id, Role::Editor)?;
        let role = match body["role"].as_str() {
            Some("reader" | "commenter") => Role::Viewer,
            Some("writer") => Role::Editor,
            Some("owner") => Role::Owner,
            _ => return Err(ApiError::invalid("The specified role is not valid.")),
        };
        let Some(email) = body["emailAddress"].as_str().filter(|_| body["type"] == "user") else {
            return Err(ApiError::invalid(
                "This stand-in shares with accounts only: set type to user and emailAddress to the account.",
            ));
        };
        self.sheets.share(id, email, role)?;
        Ok(permission(email, role))
    }

    fn shared(&self, id: &str) -> Answer<Value> {
        let file = self.open(id, Role::Viewer)?;
        let permissions: Vec<Value> =
            file.sharing.iter().map(|(email, role)| permission(email, *role)).collect();
        Ok(json!({ "kind": "drive#permissionList", "permissions": permissions }))
    }

    /// Nobody comments here; who copies a file asks all the same.
    fn comments(&self, id: &str) -> Answer<Value> {
        self.open(id, Role::Viewer)?;
        Ok(json!({ "kind": "drive#commentList", "comments": [] }))
    }

    /// The file; one that the account can't see is not there for it.
    fn open(&self, id: &str, needs: Role) -> Answer<File> {
        let file = self.sheets.lock().files.get(id).cloned();
        let file = file.filter(|file| file.sharing.contains_key(self.email));
        let file = file.ok_or_else(|| ApiError::missing(format!("File not found: {id}.")))?;
        Actor::with(self.email, &file.sharing, needs).map_err(|_| ApiError {
            message: "The user does not have sufficient permissions for this file.".to_owned(),
            ..ApiError::forbidden()
        })?;
        Ok(file)
    }
}

fn file(file: &File) -> Value {
    let time = |millis: i64| {
        let moment = chrono::DateTime::from_timestamp_millis(millis).unwrap_or_default();
        moment.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
    };
    json!({
        "kind": "drive#file",
        "id": file.spreadsheet.id,
        "name": file.spreadsheet.title,
        "mimeType": SPREADSHEET,
        "createdTime": time(file.created),
        "modifiedTime": time(file.modified),
    })
}

fn permission(email: &str, role: Role) -> Value {
    let role = match role {
        Role::Viewer => "reader",
        Role::Editor => "writer",
        Role::Owner => "owner",
    };
    json!({ "kind": "drive#permission", "id": permission_id(email), "type": "user",
        "emailAddress": email, "role": role })
}

/// The id of an account, the same on every file.
fn permission_id(email: &str) -> String {
    let mut hasher = DefaultHasher::new();
    email.hash(&mut hasher);
    hasher.finish().to_string()
}

/// One condition of a search.
#[derive(Debug, PartialEq, Eq)]
enum Term {
    Always(bool),
    Name(String),
    NameStart(String),
}

impl Term {
    fn fits(&self, title: &str) -> bool {
        match self {
            Self::Always(always) => *always,
            Self::Name(name) => title.to_lowercase() == name.to_lowercase(),
            Self::NameStart(start) => {
                let words = title.to_lowercase();
                words.split_whitespace().any(|word| word.starts_with(&start.to_lowercase()))
            }
        }
    }
}

/// Reads a search: conditions joined by `and`. There are no folders and no bin here.
fn terms(text: &str) -> Answer<Vec<Term>> {
    let parts = text.split(" and ").map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| term(part).ok_or_else(|| ApiError::invalid("Invalid Value"))).collect()
}

fn term(part: &str) -> Option<Term> {
    if part.ends_with(" in parents") {
        return Some(Term::Always(false));
    }
    if let Some(name) = part.strip_prefix("name contains") {
        return quoted(name).map(Term::NameStart);
    }
    let (field, value) = part.split_once('=')?;
    match field.trim() {
        "name" => quoted(value).map(Term::Name),
        "mimeType" => quoted(value).map(|kind| Term::Always(kind == SPREADSHEET)),
        "trashed" => Some(Term::Always(value.trim() == "false")),
        _ => None,
    }
}

fn quoted(text: &str) -> Option<String> {
    let text = text.trim();
    let quote = text.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
    Some(inner.replace("\\'", "'").replace("\\\"", "\"").replace("\\\\", "\\"))
}

/// A file as it is when it is made.
pub fn new_file(spreadsheet: Spreadsheet, owner: &str, millis: i64) -> File {
    let sharing = [(owner.to_owned(), Role::Owner)].into();
    File { spreadsheet: Arc::new(spreadsheet), sharing, created: millis, modified: millis }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn searches_are_read() {
        let search = r#"mimeType="application/vnd.google-apps.spreadsheet" and name = 'Bo\'s'"#;
        assert_eq!(terms(search), Ok(vec![Term::Always(true), Term::Name("Bo's".to_owned())]));
        assert_eq!(terms("trashed = false"), Ok(vec![Term::Always(true)]));
        assert!(terms("colour = 'red'").is_err());
        let contains = &terms("name contains 'trans'").unwrap()[0];
        assert!(contains.fits("My Transaksi") && !contains.fits("subtrans"));
    }

    #[test]
    fn addresses_are_told_apart() {
        assert_eq!(route("POST", "/drive/v3/files"), Some(Call::Create));
        assert_eq!(route("POST", "/drive/v3/files/x/copy"), Some(Call::Copy("x".to_owned())));
        assert_eq!(route("PUT", "/drive/v3/files/x"), None);
        assert_eq!(route("GET", "/drive/v2/files"), None);
    }
}
