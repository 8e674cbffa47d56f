//! Which method of the API a request calls.

/// A method of the API with what its address names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// `spreadsheets.create`
    Create,
    /// A method on one spreadsheet.
    On {
        /// Id of the spreadsheet.
        id: String,
        /// The method.
        method: Method,
    },
}

/// A method on a spreadsheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Method {
    /// `get`
    Get,
    /// `batchUpdate`
    BatchUpdate,
    /// `getByDataFilter`
    GetByDataFilter,
    /// `values.get`
    ValuesGet(String),
    /// `values.update`
    ValuesUpdate(String),
    /// `values.append`
    ValuesAppend(String),
    /// `values.clear`
    ValuesClear(String),
    /// `values.batchGet`
    ValuesBatchGet,
    /// `values.batchUpdate`
    ValuesBatchUpdate,
    /// `values.batchClear`
    ValuesBatchClear,
    /// `values.batchGetByDataFilter`
    ValuesBatchGetByDataFilter,
    /// `values.batchUpdateByDataFilter`
    ValuesBatchUpdateByDataFilter,
    /// `values.batchClearByDataFilter`
    ValuesBatchClearByDataFilter,
    /// `developerMetadata.get`
    MetadataGet(String),
    /// `developerMetadata.search`
    MetadataSearch,
    /// `sheets.copyTo`
    CopyTo(String),
}

/// What is known of a method: its name for faults, the message of its body and the name
/// errors give that body, the message of its answer, and whether it writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Name, for instance `values.batchGet`.
    pub name: &'static str,
    /// Message of the body; `None` for a method without one.
    pub body: Option<&'static str>,
    /// The body's name in error texts.
    pub root: &'static str,
    /// Message of the answer.
    pub answer: &'static str,
    /// Whether it counts as a write.
    pub writes: bool,
}

const fn facts(
    name: &'static str,
    body: Option<&'static str>,
    root: &'static str,
    answer: &'static str,
    writes: bool,
) -> Facts {
    Facts { name, body, root, answer, writes }
}

impl Call {
    /// What is known of the method.
    pub fn facts(&self) -> Facts {
        let Self::On { method, .. } = self else {
            return facts("create", Some("Spreadsheet"), "spreadsheet", "Spreadsheet", true);
        };
        match method {
            Method::Get => facts("get", None, "", "Spreadsheet", false),
            Method::BatchUpdate => facts(
                "batchUpdate",
                Some("BatchUpdateSpreadsheetRequest"),
                "",
                "BatchUpdateSpreadsheetResponse",
                true,
            ),
            Method::GetByDataFilter => {
                facts("getByDataFilter", Some("GetSpreadsheetByDataFilterRequest"), "", "Spreadsheet", false)
            }
            Method::ValuesGet(_) => facts("values.get", None, "", "ValueRange", false),
            Method::ValuesUpdate(_) => {
                facts("values.update", Some("ValueRange"), "data", "UpdateValuesResponse", true)
            }
            Method::ValuesAppend(_) => {
                facts("values.append", Some("ValueRange"), "data", "AppendValuesResponse", true)
            }
            Method::ValuesClear(_) => {
                facts("values.clear", Some("ClearValuesRequest"), "", "ClearValuesResponse", true)
            }
            Method::ValuesBatchGet => facts("values.batchGet", None, "", "BatchGetValuesResponse", false),
            Method::ValuesBatchUpdate => facts(
                "values.batchUpdate",
                Some("BatchUpdateValuesRequest"),
                "",
                "BatchUpdateValuesResponse",
                true,
            ),
            Method::ValuesBatchClear => facts(
                "values.batchClear",
                Some("BatchClearValuesRequest"),
                "",
                "BatchClearValuesResponse",
                true,
            ),
            Method::ValuesBatchGetByDataFilter => facts(
                "values.batchGetByDataFilter",
                Some("BatchGetValuesByDataFilterRequest"),
                "",
                "BatchGetValuesByDataFilterResponse",
                false,
            ),
            Method::ValuesBatchUpdateByDataFilter => facts(
                "values.batchUpdateByDataFilter",
                Some("BatchUpdateValuesByDataFilterRequest"),
                "",
                "BatchUpdateValuesByDataFilterResponse",
                true,
            ),
            Method::ValuesBatchClearByDataFilter => facts(
                "values.batchClearByDataFilter",
                Some("BatchClearValuesByDataFilterRequest"),
                "",
                "BatchClearValuesByDataFilterResponse",
                true,
            ),
            Method::MetadataGet(_) => facts("developerMetadata.get", None, "", "DeveloperMetadata", false),
            Method::MetadataSearch => facts(
                "developerMetadata.search",
                Some("SearchDeveloperMetadataRequest"),
                "",
                "SearchDeveloperMetadataResponse",
                false,
            ),
            Method::CopyTo(_) => facts(
                "sheets.copyTo",
                Some("CopySheetToAnotherSpreadsheetRequest"),
                "",
                "SheetProperties",
                true,
            ),
        }
    }
}

/// The method behind an HTTP method and a path (still percent-encoded); `None` when the
/// API has none there.
pub fn route(method: &str, path: &str) -> Option<Call> {
    let rest = path.strip_prefix("/v4/spreadsheets")?;
    if rest.is_empty() || rest == "/" {
        return (method == "POST").then_some(Call::Create);
    }
    let parts: Vec<String> = rest.strip_prefix('/')?.split('/').map(|part| decode(part, false)).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let (id, method) = match (method, parts.as_slice()) {
        ("GET", [id]) => (*id, Method::Get),
        ("POST", [last]) => {
            let (id, verb) = last.rsplit_once(':')?;
            match verb {
                "batchUpdate" => (id, Method::BatchUpdate),
                "getByDataFilter" => (id, Method::GetByDataFilter),
                _ => return None,
            }
        }
        ("GET", [id, "values:batchGet"]) => (*id, Method::ValuesBatchGet),
        ("POST", [id, verb]) => (*id, values_method(verb)?),
        ("GET", [id, "values", range @ ..]) => (*id, Method::ValuesGet(range.join("/"))),
        ("PUT", [id, "values", range @ ..]) => (*id, Method::ValuesUpdate(range.join("/"))),
        ("POST", [id, "values", range @ ..]) => {
            let range = range.join("/");
            let (range, verb) = range.rsplit_once(':')?;
            match verb {
                "append" => (*id, Method::ValuesAppend(range.to_owned())),
                "clear" => (*id, Method::ValuesClear(range.to_owned())),
                _ => return None,
            }
        }
        ("GET", [id, "developerMetadata", item]) => (*id, Method::MetadataGet((*item).to_owned())),
        ("POST", [id, "sheets", verb]) => (*id, Method::CopyTo(verb.strip_suffix(":copyTo")?.to_owned())),
        _ => return None,
    };
    Some(Call::On { id: id.to_owned(), method })
}

fn values_method(verb: &str) -> Option<Method> {
    Some(match verb {
        "values:batchUpdate" => Method::ValuesBatchUpdate,
        "values:batchClear" => Method::ValuesBatchClear,
        "values:batchGetByDataFilter" => Method::ValuesBatchGetByDataFilter,
        "values:batchUpdateByDataFilter" => Method::ValuesBatchUpdateByDataFilter,
        "values:batchClearByDataFilter" => Method::ValuesBatchClearByDataFilter,
        "developerMetadata:search" => Method::MetadataSearch,
        _ => return None,
    })
}

/// Name of the call behind a request, by which faults and the log know it: the API's
/// method, `token`, `drive`, `page`, or `unknown`.
pub fn endpoint(method: &str, path: &str) -> &'static str {
    match route(method, path) {
        Some(call) => call.facts().name,
        None if path == "/token" => "token",
        None if super::drive::route(method, path).is_some() => "drive",
        None if path.starts_with("/spreadsheets/d/") => "page",
        None => "unknown",
    }
}

/// Percent-decodes; in a query a `+` is a space.
pub fn decode(text: &str, plus: bool) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        match (bytes[at], hex.and_then(|pair| u8::from_str_radix(pair, 16).ok())) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                at += 3;
                continue;
            }
            (b'+', _) if plus => decoded.push(b' '),
            (byte, _) => decoded.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_has_its_address() {
        for (method, path, name) in [
            ("POST", "/v4/spreadsheets", "create"),
            ("GET", "/v4/spreadsheets/x", "get"),
            ("POST", "/v4/spreadsheets/x:batchUpdate", "batchUpdate"),
            ("POST", "/v4/spreadsheets/x%3AbatchUpdate", "batchUpdate"),
            ("POST", "/v4/spreadsheets/x:getByDataFilter", "getByDataFilter"),
            ("GET", "/v4/spreadsheets/x/values/A1:B2", "values.get"),
            ("PUT", "/v4/spreadsheets/x/values/%27a%2Fb%27%21A1", "values.update"),
            ("POST", "/v4/spreadsheets/x/values/A1:B2:append", "values.append"),
            ("POST", "/v4/spreadsheets/x/values/A1:clear", "values.clear"),
            ("GET", "/v4/spreadsheets/x/values:batchGet", "values.batchGet"),
            ("POST", "/v4/spreadsheets/x/values:batchUpdate", "values.batchUpdate"),
            ("POST", "/v4/spreadsheets/x/developerMetadata:search", "developerMetadata.search"),
            ("GET", "/v4/spreadsheets/x/developerMetadata/7", "developerMetadata.get"),
            ("POST", "/v4/spreadsheets/x/sheets/0:copyTo", "sheets.copyTo"),
            ("POST", "/token", "token"),
            ("DELETE", "/drive/v3/files/x", "drive"),
            ("GET", "/spreadsheets/d/x/edit", "page"),
            ("DELETE", "/v4/spreadsheets/x", "unknown"),
        ] {
            assert_eq!(endpoint(method, path), name, "{method} {path}");
        }
    }

    #[test]
    fn ranges_are_decoded() {
        let call = route("POST", "/v4/spreadsheets/x/values/%27a%2Fb%27%21A1%3AB2:append").unwrap();
        let method = Method::ValuesAppend("'a/b'!A1:B2".to_owned());
        assert_eq!(call, Call::On { id: "x".to_owned(), method });
        assert_eq!(decode("a+b%2", true), "a b%2");
    }
}
