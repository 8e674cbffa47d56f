//! Does the file agree with what was read? Its own counts, page numbers and running numbers
//! must; otherwise rows may be missing, and that is an error.

use super::error::PdfError;

/// A count the file states about itself.
#[derive(Debug, PartialEq, Eq)]
enum Stated {
    /// "Total: 131 data", "Showing 1 to 50 of 131 entries".
    Rows(usize),
    /// "Total: 131": rows, or the sum of a column.
    RowsOrSum(usize),
    /// "Halaman 1 dari 27": the page's own number and their count.
    Pages(usize, usize),
}

/// Compares the texts around the table (with their pages) with the rows and pages read.
pub(super) fn counts(
    outside: &[(u32, &str)],
    header: &[String],
    rows: &[Vec<String>],
    pages: u32,
) -> Result<(), PdfError> {
    for &(page, text) in outside {
        let fits = match stated(text) {
            None => continue,
            Some(Stated::Rows(count)) => count == rows.len(),
            Some(Stated::RowsOrSum(count)) => count == rows.len() || is_sum(count, header.len(), rows),
            Some(Stated::Pages(number, count)) => {
                let (number, count) = (u32::try_from(number), u32::try_from(count));
                number != Ok(page) || count.is_ok_and(|count| count <= pages)
            }
        };
        if !fits {
            let read = format!("{} rows on {pages} page(s) were read", rows.len());
            return Err(PdfError::Contradiction {
                detail: format!("page {page} says \"{text}\", but {read}"),
            });
        }
    }
    Ok(())
}

/// Running numbers in a first column headed "No" go up by one (and may begin again).
pub(super) fn running_numbers(header: &[String], rows: &[Vec<String>]) -> Result<(), PdfError> {
    let heading = header.first().map(|name| name.trim_end_matches('.').to_lowercase());
    let numbered = matches!(heading.as_deref(), Some("no" | "no urut" | "nomor" | "nomor urut" | "#" | "nr"));
    if !numbered || rows.len() < 3 {
        return Ok(());
    }
    let numbers: Option<Vec<u64>> = rows
        .iter()
        .map(|row| row.first().filter(|text| *text == "0" || !text.starts_with('0'))?.parse().ok())
        .collect();
    let Some(numbers) = numbers else {
        return Ok(());
    };
    let steps = || numbers.windows(2).map(|pair| (pair[0], pair[1]));
    let by_one = steps().filter(|&(a, b)| b == a + 1).count();
    if by_one * 10 < (numbers.len() - 1) * 9 {
        return Ok(());
    }
    match steps().find(|&(a, b)| b != a + 1 && b != 1) {
        Some((a, b)) => Err(PdfError::Contradiction {
            detail: format!(
                "the running numbers go from {a} to {b}, so rows between them are missing or doubled"
            ),
        }),
        None => Ok(()),
    }
}

const UNITS: &[&str] = &[
    "data",
    "baris",
    "record",
    "records",
    "row",
    "rows",
    "entri",
    "entries",
    "entry",
    "item",
    "items",
    "transaksi",
    "transaction",
    "transactions",
    "user",
    "users",
    "pengguna",
    "results",
    "hasil",
];

fn stated(text: &str) -> Option<Stated> {
    let lower = text.to_lowercase().replace(['(', ')', ':', '=', ',', ';'], " ");
    let words: Vec<&str> = lower.split_whitespace().collect();
    for window in words.windows(4) {
        if let [page, number, of, count] = window
            && matches!(*page, "halaman" | "page" | "hal" | "hal.")
            && matches!(*of, "dari" | "of" | "/")
            && let (Some(number), Some(count)) = (whole(number), whole(count))
        {
            return Some(Stated::Pages(number, count));
        }
    }
    if words.iter().any(|word| matches!(*word, "halaman" | "page" | "hal" | "hal.")) {
        return None;
    }
    for window in words.windows(3) {
        if matches!(window[0], "dari" | "of")
            && let Some(count) = whole(window[1])
            && UNITS.contains(&window[2].trim_end_matches('.'))
        {
            return Some(Stated::Rows(count));
        }
    }
    let (first, rest) = words.split_first()?;
    if !matches!(*first, "total" | "jumlah") {
        return None;
    }
    let is_unit = |word: &&&str| UNITS.contains(&word.trim_end_matches('.'));
    let numbers: Vec<usize> =
        rest.iter().filter(|word| !is_unit(word)).map(|word| whole(word)).collect::<Option<_>>()?;
    match (numbers.as_slice(), rest.iter().filter(is_unit).count()) {
        ([count], 0) => Some(Stated::RowsOrSum(*count)),
        ([count], 1 | 2) => Some(Stated::Rows(*count)),
        _ => None,
    }
}

/// A count, with or without marks between thousands.
fn whole(word: &str) -> Option<usize> {
    let groups: Vec<&str> = word.trim_end_matches('.').split('.').collect();
    let grouped = groups.len() == 1 || groups[1..].iter().all(|group| group.len() == 3);
    let digits: String = groups.concat();
    (grouped && digits.len() <= 12 && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| digits.parse().ok())
        .flatten()
}

/// Whether `count` is the sum of a column of whole numbers.
fn is_sum(count: usize, columns: usize, rows: &[Vec<String>]) -> bool {
    (0..columns).any(|column| {
        let sum = rows.iter().try_fold(0_usize, |sum, row| {
            let text = row.get(column).map_or("", String::as_str);
            if text.is_empty() || text == "-" {
                return Some(sum);
            }
            sum.checked_add(whole(text)?)
        });
        sum == Some(count)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(first: &[&str]) -> Vec<Vec<String>> {
        first.iter().map(|text| vec![(*text).to_owned(), "10".to_owned()]).collect()
    }

    fn header(name: &str) -> Vec<String> {
        vec![name.to_owned(), "Qty".to_owned()]
    }

    #[test]
    fn stated_counts_are_understood() {
        assert_eq!(stated("Total: 131"), Some(Stated::RowsOrSum(131)));
        assert_eq!(stated("Total Data : 1.131"), Some(Stated::Rows(1131)));
        assert_eq!(stated("Jumlah 50 transaksi"), Some(Stated::Rows(50)));
        assert_eq!(stated("Showing 1 to 50 of 131 entries"), Some(Stated::Rows(131)));
        assert_eq!(stated("Halaman 2 dari 27"), Some(Stated::Pages(2, 27)));
        assert_eq!(stated("Total: Rp 63.437.865"), None);
        assert_eq!(stated("Laporan 2025"), None);
    }

    #[test]
    fn a_count_that_does_not_fit_is_an_error() {
        let three = rows(&["a", "b", "c"]);
        let check = |text: &str| counts(&[(1, text)], &header("Kode"), &three, 1);
        assert!(check("Total: 3").is_ok());
        assert!(check("Total: 30").is_ok(), "the sum of a column");
        assert!(check("Total: 4").is_err());
        assert!(check("Total 4 data").is_err());
        assert!(check("Halaman 1 dari 1").is_ok());
        assert!(check("Halaman 1 dari 2").is_err());
    }

    #[test]
    fn gaps_in_running_numbers_are_errors() {
        let run = |numbers: &[&str]| running_numbers(&header("No."), &rows(numbers));
        assert!(run(&["1", "2", "3", "4"]).is_ok());
        let mut long: Vec<String> = (1..=30).map(|n: u32| n.to_string()).collect();
        long.remove(11);
        let long: Vec<&str> = long.iter().map(String::as_str).collect();
        assert!(run(&long).is_err());
        assert!(run(&["7", "3", "12"]).is_ok(), "no running numbers");
        assert!(running_numbers(&header("ID"), &rows(&long)).is_ok());
    }
}
