//! An artifact: the downloaded file, before anybody has looked inside.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What a file is, judged by its content and never by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FileKind {
    /// Office Open XML workbook.
    Xlsx,
    /// Binary Excel workbook (BIFF in an OLE container).
    Xls,
    /// Binary Open XML workbook.
    Xlsb,
    /// OpenDocument spreadsheet.
    Ods,
    /// Delimited text.
    Csv,
    /// A web page; panels often send tables as one, named `.xls`.
    Html,
    /// Excel's XML of 2003 (SpreadsheetML).
    XmlSpreadsheet,
    /// PDF.
    Pdf,
    /// JSON: an array of objects.
    Json,
}

impl FileKind {
    /// The usual ending of a file name, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Xlsx => "xlsx",
            Self::Xls => "xls",
            Self::Xlsb => "xlsb",
            Self::Ods => "ods",
            Self::Csv => "csv",
            Self::Html => "html",
            Self::XmlSpreadsheet => "xml",
            Self::Pdf => "pdf",
            Self::Json => "json",
        }
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.extension())
    }
}

/// The downloaded file. It is private (mode 0600) and removed by the retention policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// Where it lies.
    pub path: PathBuf,
    /// The name that the panel gave it, as sent; never used as a path.
    pub file_name: String,
    /// The media type that the panel gave it.
    pub media_type: Option<String>,
    /// What it is by content.
    pub kind: FileKind,
    /// SHA-256 of the bytes, in hexadecimal.
    pub sha256: String,
    /// Number of bytes.
    pub size: u64,
}
