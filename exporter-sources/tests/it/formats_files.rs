//! Files made by a real writer and read back; damaged, foreign and hostile ones refused.

use std::io::{Cursor, Write as _};

use chrono::NaiveDate;
use exporter_core::{ErrorKind, FileKind, Value};
use exporter_sources::formats::{Limits, ReadOptions, read};
use proptest::prelude::*;
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook, XlsxError};

/// A workbook with a title block, every type of cell and a row of totals.
fn workbook() -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    book.add_worksheet().set_name("Petunjuk")?.write(0, 0, "Tidak untuk diubah")?;
    let sheet = book.add_worksheet().set_name("Data")?;
    let (day, time) =
        (Format::new().set_num_format("yyyy-mm-dd"), Format::new().set_num_format("dd/mm/yyyy hh:mm"));
    sheet.write(0, 0, "Laporan Transaksi")?;
    for (column, name) in
        (0..).zip(["No", "Transaksi ID", "Tanggal", "Dibuat", "Total", "Referensi", "Lunas", "Catatan"])
    {
        sheet.write(2, column, name)?;
    }
    sheet.write(3, 0, 1)?.write(3, 1, "00042")?;
    sheet.write_with_format(3, 2, ExcelDateTime::from_ymd(2026, 1, 5)?, &day)?;
    sheet.write_with_format(3, 3, ExcelDateTime::from_ymd(2026, 1, 5)?.and_hms(14, 3, 0)?, &time)?;
    sheet.write_formula(3, 4, Formula::new("=1250.5*2").set_result("2501"))?;
    sheet.write(3, 5, 1_234_567_890_123_456.0)?.write(3, 6, true)?.write(3, 7, "=1+1")?;
    sheet.write(4, 0, 2)?.write(4, 1, "00043")?.write(4, 4, 0.1)?;
    sheet.write(5, 0, "Total")?.write(5, 4, 2501.1)?;
    book.save_to_buffer()
}

fn options(expect: &[&str]) -> ReadOptions {
    ReadOptions { expect: expect.iter().map(ToString::to_string).collect(), ..ReadOptions::default() }
}

#[test]
fn a_workbook_comes_back_as_it_was_written() {
    let reading = read(&workbook().unwrap(), &options(&["Transaksi ID"])).unwrap();
    assert_eq!(reading.kind, FileKind::Xlsx);
    assert_eq!((reading.table.len(), reading.table.width(), reading.totals.len()), (2, 8, 1));
    let day = NaiveDate::from_ymd_opt(2026, 1, 5).unwrap();
    let expected = [
        Value::Integer(1),
        "00042".into(),
        Value::Date(day),
        Value::DateTime(day.and_hms_opt(14, 3, 0).unwrap()),
        Value::Integer(2501),
        Value::Integer(1_234_567_890_123_456),
        Value::Bool(true),
        "=1+1".into(),
    ];
    assert_eq!(reading.table.row(0), expected);
    assert_eq!(reading.table.row(1)[4].to_string(), "0.1");
    assert_eq!(reading.table.origin(1).line, 5);
    assert_eq!(reading.table.origin(1).page, 2);
}

#[test]
fn a_cut_off_workbook_is_refused() {
    let bytes = workbook().unwrap();
    for part in [bytes.len() / 4, bytes.len() / 2, bytes.len() - 30] {
        let error = read(&bytes[..part], &options(&[])).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::CorruptFile | ErrorKind::WrongFile), "{part}: {error}");
    }
}

#[test]
fn a_damaged_part_of_a_workbook_is_refused() {
    let mut bytes = workbook().unwrap();
    let middle = bytes.len() / 3;
    for byte in &mut bytes[middle..middle + 40] {
        *byte ^= 0x5a;
    }
    assert_eq!(read(&bytes, &options(&[])).unwrap_err().kind(), ErrorKind::CorruptFile);
}

#[test]
fn a_bomb_is_refused_before_it_is_opened() {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let packed =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    zip.start_file("xl/workbook.xml", packed).unwrap();
    zip.write_all(&vec![b' '; 4 << 20]).unwrap();
    let bytes = zip.finish().unwrap().into_inner();
    let limits = Limits { unpacked_bytes: 1 << 20, ..Limits::default() };
    let error = read(&bytes, &ReadOptions { limits, ..ReadOptions::default() }).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
}

#[test]
fn a_stray_cell_far_away_costs_nothing() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write(0, 0, "ID").unwrap();
    sheet.write(1_048_575, 16_383, "x").unwrap();
    let error = read(&book.save_to_buffer().unwrap(), &options(&[])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
}

#[test]
fn a_login_page_named_xlsx_is_told() {
    let page = b"<!DOCTYPE html><html><title>Masuk</title><input type='password'></html>";
    let error = read(page, &options(&[])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongFile);
    assert!(error.to_string().contains("a login page titled \"Masuk\""), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any texts written as CSV, whatever is in them, come back.
    #[test]
    fn csv_comes_back(rows in prop::collection::vec(prop::array::uniform3("[a-z0-9 ,;\"\n=+]{0,12}"), 1..20)) {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["Kode", "Nama Lengkap", "Alamat"]).unwrap();
        for (number, row) in rows.iter().enumerate() {
            writer.write_record([format!("k{number}{}", row[0]), row[1].clone(), format!("a{}z", row[2])]).unwrap();
        }
        let reading = read(&writer.into_inner().unwrap(), &options(&["Kode"])).unwrap();
        prop_assert_eq!(reading.table.len(), rows.len());
        for (number, row) in rows.iter().enumerate() {
            let cells: Vec<_> = reading.table.row(number).iter().map(ToString::to_string).collect();
            prop_assert_eq!(cells, [format!("k{number}{}", row[0]), row[1].clone(), format!("a{}z", row[2])]);
        }
    }

    /// Whatever comes, reading ends with a table or a reason.
    #[test]
    fn foreign_bytes_end_with_a_reason(bytes in prop::collection::vec(any::<u8>(), 0..400), start in 0usize..6) {
        let signs: [&[u8]; 6] = [b"", b"PK\x03\x04xl/workbook.xml", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"%PDF-1.4\n", b"<html><table>", b"ID;"];
        let mut file = signs[start].to_vec();
        file.extend(bytes);
        if let Err(error) = read(&file, &options(&[])) {
            prop_assert!(!error.to_string().is_empty());
        }
    }

    /// A workbook with any byte changed is read right, or refused, and never breaks us.
    #[test]
    fn mutated_workbooks_never_break_us(place in 0usize..6000, byte: u8) {
        let mut bytes = workbook().unwrap();
        let place = place % bytes.len();
        bytes[place] = byte;
        if let Ok(reading) = read(&bytes, &options(&["Transaksi ID"])) {
            prop_assert!(reading.table.width() > 0);
        }
    }
}

/// A file of the fixtures.
fn fixture(name: &str) -> Vec<u8> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/sheets");
    std::fs::read(folder.join(name)).expect("the fixture is there")
}

#[test]
fn hidden_rows_of_every_kind_of_workbook_are_counted() {
    for name in ["sheetjs.xlsb", "sheetjs.xml"] {
        let notes = read(&fixture(name), &options(&[])).unwrap().notes;
        assert!(notes.iter().any(|note| note == "2 hidden rows were read as well"), "{name}: {notes:?}");
    }
}

#[test]
fn numbers_come_as_they_are_shown_where_that_is_asked_for() {
    let shown = ["Kode", "Jumlah"].map(ToOwned::to_owned).to_vec();
    for name in ["sheetjs.xls", "sheetjs.xml"] {
        let options = ReadOptions { shown: shown.clone(), ..ReadOptions::default() };
        let reading = read(&fixture(name), &options).unwrap();
        let row: Vec<String> = reading.table.row(0).iter().map(ToString::to_string).collect();
        assert_eq!(
            (row[6].as_str(), row[3].as_str(), row[5].as_str()),
            ("0001", "1,250.50", "2026-01-02"),
            "{name}"
        );
    }
}

#[test]
fn numbers_of_an_xlsx_as_they_are_stored_or_shown() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let looks = ["0000", "#,##0.00", "0.0%", "dd/mm/yyyy", "00-00", "0.00E+00"];
    for (column, code) in (0..).zip(looks) {
        let format = Format::new().set_num_format(code);
        sheet.write(0, column, code).unwrap();
        for (row, number) in [(1, 7.0), (2, 1234.565)] {
            sheet.write_with_format(row, column, number, &format).unwrap();
        }
    }
    let merged = Format::new().set_num_format("000");
    sheet.write(0, 6, "Grup").unwrap();
    sheet.merge_range(1, 6, 2, 6, "", &merged).unwrap().write_with_format(1, 6, 5, &merged).unwrap();
    let bytes = book.save_to_buffer().unwrap();
    let table = |shown: &[&str]| {
        let shown = shown.iter().map(ToString::to_string).collect();
        let reading = read(&bytes, &ReadOptions { shown, ..ReadOptions::default() }).unwrap();
        let text = |row: &[Value]| row.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | ");
        [text(reading.table.row(0)), text(reading.table.row(1))]
    };
    let stored = [
        "7 | 7 | 7 | 1900-01-07 | 7 | 7 | 5",
        "1234.565 | 1234.565 | 1234.565 | 1903-05-18 13:33:36 | 1234.565 | 1234.565 | 5",
    ];
    assert_eq!(table(&[]), stored);
    let all: Vec<&str> = looks.into_iter().chain(["Grup"]).collect();
    let shown = [
        "0007 | 7.00 | 700.0% | 07/01/1900 | 00-07 | 7 | 005",
        "1235 | 1,234.57 | 123456.5% | 18/05/1903 | 12-35 | 1234.565 | 005",
    ];
    assert_eq!(table(&all), shown);
    assert_eq!(table(&["0000"])[0], "0007 | 7 | 7 | 1900-01-07 | 7 | 7 | 5");
}
