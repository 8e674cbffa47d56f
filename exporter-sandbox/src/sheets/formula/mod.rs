//! Formulas: enough of the language that people's formulas beside our rows show results.

mod eval;
mod functions;
pub mod lex;
mod parse;
pub mod rewrite;
mod shown;

pub use eval::Evaluator;
pub use functions::compare;
pub use shown::{ShownAs, shown_as};

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::{TimeZone as _, Utc};

    use super::*;
    use crate::sheets::cell::Cell;
    use crate::sheets::clock::Moment;
    use crate::sheets::model::{Spreadsheet, Tab};

    /// A table of orders with one formula below it; gives what the formula shows.
    fn shown(formula: &str) -> String {
        let mut tab = Tab::new(0, "Data".to_owned(), 20, 10);
        let rows = [("A1", 5.0, "paid"), ("A2", 7.5, "open"), ("A3", 10.0, "paid")];
        for (row, (key, amount, status)) in rows.into_iter().enumerate() {
            tab.grid.set(row, 0, Cell::text(key));
            tab.grid.set(row, 1, Cell::Number(amount));
            tab.grid.set(row, 2, Cell::text(status));
        }
        tab.grid.set(9, 4, Cell::formula(formula));
        let mut spreadsheet = Spreadsheet::new("x".to_owned(), "t".to_owned());
        spreadsheet.tabs.push(Arc::new(tab));
        let now = Moment(Utc.with_ymd_and_hms(2026, 11, 21, 6, 0, 0).unwrap());
        Evaluator::new(&spreadsheet, now).cell(&spreadsheet.tabs[0], 9, 4).unformatted()
    }

    #[test]
    fn formulas_show_their_results() {
        for (formula, result) in [
            ("=4/2", "2"),
            ("=1+2*3^2", "19"),
            ("=-2^2", "4"),
            ("=50%*10", "5"),
            ("=SUM(B1:B3)", "22.5"),
            ("=SUM(B:B, 1)", "23.5"),
            ("=AVERAGE(B1:B3)", "7.5"),
            ("=MEDIAN(B1:B3)", "7.5"),
            ("=MAX(B1:B3)-MIN(B1:B3)", "5"),
            ("=COUNTA(A1:C10)", "9"),
            ("=COUNTIF(C1:C3,\"paid\")", "2"),
            ("=SUMIF(C1:C3,\"p*\",B1:B3)", "15"),
            ("=SUMIFS(B1:B3,C1:C3,\"paid\",B1:B3,\">5\")", "10"),
            ("=COUNTIFS(C1:C3,\"<>open\",B1:B3,\"<=5\")", "1"),
            ("=IF(B1>4,\"yes\",\"no\")", "yes"),
            ("=IFERROR(1/0,\"none\")", "none"),
            ("=AND(TRUE,B1=5)", "TRUE"),
            ("=VLOOKUP(\"A2\",A1:C3,3,FALSE)", "open"),
            ("=INDEX(B1:B3,MATCH(\"A3\",A1:A3,0))", "10"),
            ("=XLOOKUP(\"A9\",A1:A3,B1:B3,\"-\")", "-"),
            ("=A1&\"-\"&B2", "A1-7.5"),
            ("=UPPER(LEFT(C1,2))&LEN(C1)", "PA4"),
            ("=SUBSTITUTE(\"a-b-c\",\"-\",\"\")", "abc"),
            ("=TEXT(0.256,\"0.0%\")", "25.6%"),
            ("=TEXT(DATE(2020,1,31),\"dd/mm/yyyy\")", "31/01/2020"),
            ("=EOMONTH(DATE(2024,2,1),0)-DATE(2024,2,1)", "28"),
            ("=TODAY()-DATE(2026,11,20)", "1"),
            ("=ROUND(1.005,2)", "1.01"),
            ("=ROW()*10+COLUMN()", "105"),
            ("='Data'!B3", "10"),
            ("=Data!B10", "0"),
        ] {
            assert_eq!(shown(formula), result, "{formula}");
        }
    }

    #[test]
    fn mistakes_show_their_error() {
        for (formula, result) in [
            ("=1/0", "#DIV/0!"),
            ("=\"x\"+1", "#VALUE!"),
            ("=NOPE(1)", "#NAME?"),
            ("=nowhere", "#NAME?"),
            ("=SUM(", "#ERROR!"),
            ("=E10", "#REF!"),
            ("=Nope!A1", "#REF!"),
            ("=1+#REF!", "#REF!"),
            ("=VLOOKUP(\"A9\",A1:C3,3,FALSE)", "#N/A"),
            ("=SQRT(-1)", "#NUM!"),
        ] {
            assert_eq!(shown(formula), result, "{formula}");
        }
    }
}
