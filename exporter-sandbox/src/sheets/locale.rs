//! What a spreadsheet's locale decides: separators, the order of a date, the currency.

/// Order of the parts of a numeric date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateOrder {
    /// Month, day, year.
    MonthDay,
    /// Day, month, year.
    DayMonth,
    /// Year, month, day.
    YearFirst,
}

/// Conventions of a locale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Locale {
    /// Decimal separator.
    pub decimal: char,
    /// Separator of thousands.
    pub thousands: char,
    /// Order of a date's parts.
    pub order: DateOrder,
    /// Pattern of a date without one.
    pub date: &'static str,
    /// Currency symbol.
    pub currency: &'static str,
}

impl Locale {
    /// The conventions of `name` (`id_ID`, `en_US`, `de`); an unknown one is American.
    pub fn of(name: &str) -> Self {
        let language = name.split(['_', '-']).next().unwrap_or_default();
        match name {
            "en_GB" => Self::point(DateOrder::DayMonth, "dd/mm/yyyy", "£"),
            "en_AU" | "en_NZ" | "en_IE" | "en_SG" | "en_IN" => {
                let currency = match name {
                    "en_IE" => "€",
                    "en_IN" => "₹",
                    _ => "$",
                };
                Self::point(DateOrder::DayMonth, "dd/mm/yyyy", currency)
            }
            "en_CA" => Self::point(DateOrder::YearFirst, "yyyy-mm-dd", "$"),
            _ => Self::of_language(language),
        }
    }

    fn of_language(language: &str) -> Self {
        match language {
            "id" | "in" => Self::comma(DateOrder::DayMonth, "dd/mm/yyyy", "Rp"),
            "de" => Self::comma(DateOrder::DayMonth, "dd.mm.yyyy", "€"),
            "es" | "it" | "nl" => Self::comma(DateOrder::DayMonth, "dd/mm/yyyy", "€"),
            "pt" => Self::comma(DateOrder::DayMonth, "dd/mm/yyyy", "R$"),
            "fr" => Self { thousands: '\u{202f}', ..Self::comma(DateOrder::DayMonth, "dd/mm/yyyy", "€") },
            "uk" | "ru" => Self {
                thousands: '\u{a0}',
                ..Self::comma(DateOrder::DayMonth, "dd.mm.yyyy", if language == "uk" { "₴" } else { "₽" })
            },
            "pl" => Self { thousands: '\u{a0}', ..Self::comma(DateOrder::DayMonth, "dd.mm.yyyy", "zł") },
            "ja" => Self::point(DateOrder::YearFirst, "yyyy/mm/dd", "¥"),
            "zh" => Self::point(DateOrder::YearFirst, "yyyy-mm-dd", "¥"),
            "ko" => Self::point(DateOrder::YearFirst, "yyyy. m. d", "₩"),
            "ms" => Self::point(DateOrder::DayMonth, "dd/mm/yyyy", "RM"),
            _ => Self::point(DateOrder::MonthDay, "m/d/yyyy", "$"),
        }
    }

    fn point(order: DateOrder, date: &'static str, currency: &'static str) -> Self {
        Self { decimal: '.', thousands: ',', order, date, currency }
    }

    fn comma(order: DateOrder, date: &'static str, currency: &'static str) -> Self {
        Self { decimal: ',', thousands: '.', order, date, currency }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn american_unless_said_otherwise() {
        assert_eq!(Locale::of("xx"), Locale::of("en_US"));
        assert_eq!(Locale::of("id_ID").decimal, ',');
        assert_eq!(Locale::of("en_GB").order, DateOrder::DayMonth);
    }
}
