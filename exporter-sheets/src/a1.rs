//! A1 notation: how people name a cell and how the API wants a range.

/// The letters of a column by index: 0 is `A`, 26 is `AA`.
pub fn letters(column: usize) -> String {
    let mut rest = column + 1;
    let mut letters = Vec::new();
    while rest > 0 {
        let digit = u8::try_from((rest - 1) % 26).unwrap_or_default();
        letters.push(char::from(b'A' + digit));
        rest = (rest - 1) / 26;
    }
    letters.into_iter().rev().collect()
}

/// A cell by row and column index: (0, 0) is `A1`.
pub fn cell(row: usize, column: usize) -> String {
    format!("{}{}", letters(column), row + 1)
}

/// A tab's title as it stands in a range.
pub fn quoted(title: &str) -> String {
    format!("'{}'", title.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_without_a_zero() {
        let names: Vec<_> = [0, 25, 26, 51, 52, 701, 702].map(letters).into();
        assert_eq!(names, ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]);
        assert_eq!(cell(9, 1), "B10");
    }

    #[test]
    fn quotes_in_titles_are_doubled() {
        assert_eq!(quoted("it's 50% a/b"), "'it''s 50% a/b'");
    }
}
