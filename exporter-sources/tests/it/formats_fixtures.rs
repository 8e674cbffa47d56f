//! Files of real programs (spreadsheets, printers of web pages, libraries that draw), compared with
//! their tables cell by cell. Where they come from: `tests/fixtures/generate`.

use std::fs;
use std::path::{Path, PathBuf};

use exporter_core::ErrorKind;
use exporter_sources::formats::{ReadOptions, read};

fn fixtures(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder);
    let files =
        fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|kind| kind != "csv")).collect();
    files.sort();
    assert!(files.len() > 10, "only {} files", files.len());
    files
}

fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Header and rows as text.
fn table(path: &Path) -> Result<Vec<Vec<String>>, exporter_core::Error> {
    let reading = read(&fs::read(path).expect("the file is there"), &ReadOptions::default())?;
    let header = reading.table.columns().iter().map(|column| folded(&column.name)).collect();
    let rows = reading.table.rows().map(|row| row.iter().map(|cell| folded(&cell.to_string())).collect());
    Ok(std::iter::once(header).chain(rows).collect())
}

fn truth(path: &Path) -> Vec<Vec<String>> {
    let path = path.with_extension("csv");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(&path).expect("the CSV is there");
    reader.records().map(|record| record.expect("valid CSV").iter().map(folded).collect()).collect()
}

fn compare(folder: &str) {
    for path in fixtures(folder) {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let result = table(&path);
        if name.starts_with("refused-") {
            let error = result.err().unwrap_or_else(|| panic!("{name} was read"));
            assert_eq!(error.kind(), ErrorKind::UnreadableFile, "{name}: {error}");
            continue;
        }
        let found = result.unwrap_or_else(|error| panic!("{name}: {error}"));
        let truth = truth(&path);
        for (line, (found, expected)) in found.iter().zip(&truth).enumerate() {
            assert_eq!(found, expected, "{name}, row {line}");
        }
        assert_eq!(found.len(), truth.len(), "{name}: number of rows");
    }
}

#[test]
fn pdfs_of_many_programs_come_back_exactly() {
    compare("pdf");
}

#[test]
fn workbooks_and_texts_of_many_programs_come_back_exactly() {
    compare("sheets");
}
