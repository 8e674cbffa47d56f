//! When no selector of a list matches any more: the field or button is found by its label,
//! name, type and place, if there is no doubt.

use exporter_core::FileKind;
use scraper::{ElementRef, Html};

use super::label::{all, labels, text, text_before};
use super::{Selector, normal};

/// What an element is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Username,
    Password,
    /// What sends the login form.
    Submit,
    FirstDay,
    LastDay,
    /// What starts the download of a file of this kind.
    Trigger(Option<FileKind>),
}

/// An element that was found without its selectors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Healed {
    /// A selector that matches it and nothing else.
    pub selector: Selector,
    /// What it was known by.
    pub by: String,
}

impl Healed {
    /// What a person should know: what was looked for, what was taken, and the lines to
    /// paste if that was right. `place` is the section and the key in the configuration.
    pub(crate) fn note(&self, what: &str, before: &[Selector], place: (&str, &str)) -> String {
        let (section, key) = place;
        let selector = self.selector.written();
        let quoted = if selector.contains('\'') { format!("{selector:?}") } else { format!("'{selector}'") };
        format!(
            "{what} is no longer found by {}; the one that says {} was taken. If that is right, put this into the configuration:\n[{section}]\n{key} = [{quoted}]",
            super::written(before),
            self.by,
        )
    }
}

const FIRST: [&str; 11] =
    ["start", "from", "begin", "first", "awal", "dari", "mulai", "gte", "min", "since", "sejak"];
const LAST: [&str; 11] =
    ["end", "until", "last", "akhir", "sampai", "hingga", "selesai", "lte", "max", " to", "s/d"];
const DATES: [&str; 4] = ["date", "tanggal", "tgl", "periode"];
const NAMES: [&str; 9] =
    ["email", "e-mail", "user", "login", "surel", "akun", "account", "nama pengguna", "pengguna"];
const EXPORT: [&str; 10] =
    ["export", "ekspor", "unduh", "download", "cetak", "excel", "pdf", "csv", "xlsx", "laporan"];
/// Words on buttons that do something else, and things that nobody undoes.
const OTHER: [&str; 14] = [
    "filter", "cari", "search", "reset", "import", "impor", "delete", "hapus", "logout", "keluar", "simpan",
    "save", "tambah", "upload",
];

impl Role {
    /// The element on the page with this role; `None` where there is none, or more than one
    /// that may be it. `before` are the selectors that no longer match.
    pub(crate) fn find(self, page: &Html, before: &[Selector]) -> Option<Healed> {
        let mut best: Option<(u32, ElementRef<'_>)> = None;
        let mut doubt = false;
        for element in self.candidates(page) {
            let score = self.score(page, element, before);
            match &best {
                _ if score == 0 => {}
                Some((most, _)) if score < *most => {}
                Some((most, _)) if score == *most => doubt = true,
                _ => {
                    best = Some((score, element));
                    doubt = false;
                }
            }
        }
        let (_, element) = best.filter(|_| !doubt).or_else(|| self.by_place(page).map(|it| (1, it)))?;
        let by = labels(page, element)
            .into_iter()
            .next()
            .or_else(|| Some(text(element)).filter(|it| !it.is_empty()));
        Some(Healed {
            selector: Selector::parse(&unique(page, element)?).ok()?,
            by: by.map_or_else(|| "its place on the page".to_owned(), |label| format!("\"{label}\"")),
        })
    }

    fn candidates(self, page: &Html) -> Vec<ElementRef<'_>> {
        let css = match self {
            Self::Username => "input:not([type]), input[type=text], input[type=email], input[type=tel]",
            Self::Password => "input[type=password]",
            Self::Submit => "form button, form input[type=submit]",
            Self::FirstDay | Self::LastDay => {
                "input:not([type]), input[type=text], input[type=date], input[type=datetime-local], input[type=search]"
            }
            Self::Trigger(_) => "button, a, input[type=submit], input[type=button], [role=button]",
        };
        all(page, css)
    }

    fn score(self, page: &Html, element: ElementRef<'_>, before: &[Selector]) -> u32 {
        let about = about(page, element);
        let says = |words: &[&str]| words.iter().any(|word| about.contains(word));
        let point = |right: bool, points: u32| if right { points } else { 0 };
        let beside_password = || {
            let form =
                element.ancestors().filter_map(ElementRef::wrap).find(|up| up.value().name() == "form");
            form.is_some_and(|form| {
                super::css("input[type=password]").is_some_and(|css| form.select(&css).next().is_some())
            })
        };
        match self {
            Self::Username => point(says(&NAMES), 2) + point(beside_password(), 1),
            Self::Password => 1,
            Self::Submit => {
                let kind = element.value().attr("type");
                point(beside_password() && (kind == Some("submit") || kind.is_none()), 2)
            }
            Self::FirstDay => {
                point(says(&FIRST) && !says(&LAST), 4) * (1 + point(is_date(element, &about), 1))
            }
            Self::LastDay => {
                point(says(&LAST) && !says(&FIRST), 4) * (1 + point(is_date(element, &about), 1))
            }
            Self::Trigger(kind) => {
                if !says(&EXPORT) || says(&OTHER) {
                    return 0;
                }
                let wanted = before.iter().flat_map(|selector| selector.texts.iter());
                let kinds = kind.map_or(&[][..], words_of);
                let others =
                    ["pdf", "csv", "excel", "xlsx", "xls"].iter().filter(|word| !kinds.contains(word));
                let names_other = kind.is_some() && others.clone().any(|word| about.contains(word));
                1 + point(wanted.clone().any(|words| about.contains(words.as_str())), 4)
                    + point(says(kinds), 2)
                    + point(!names_other, 2)
            }
        }
    }

    /// Where a page has exactly two fields for days, the first is for the first day.
    fn by_place(self, page: &Html) -> Option<ElementRef<'_>> {
        let at = match self {
            Self::FirstDay => 0,
            Self::LastDay => 1,
            _ => return None,
        };
        let dates: Vec<_> = self
            .candidates(page)
            .into_iter()
            .filter(|element| is_date(*element, &about(page, *element)))
            .collect();
        (dates.len() == 2).then(|| dates[at])
    }
}

fn words_of(kind: FileKind) -> &'static [&'static str] {
    match kind {
        FileKind::Pdf => &["pdf", "cetak"],
        FileKind::Csv => &["csv"],
        FileKind::Xlsx | FileKind::Xls | FileKind::Xlsb => &["excel", "xlsx", "xls"],
        _ => &[],
    }
}

fn is_date(element: ElementRef<'_>, about: &str) -> bool {
    matches!(element.value().attr("type"), Some("date" | "datetime-local"))
        || DATES.iter().any(|word| about.contains(word))
        || about.contains("yyyy")
}

/// Everything that says what the element is for, in lower case.
fn about(page: &Html, element: ElementRef<'_>) -> String {
    let mut words = labels(page, element);
    let value = element.value();
    for attribute in ["name", "id", "class", "value"] {
        // What a field holds says nothing; what a button shows does.
        if attribute != "value" || matches!(value.attr("type"), Some("submit" | "button")) {
            words.extend(value.attr(attribute).map(str::to_owned));
        }
    }
    words.push(text(element));
    if value.name() == "input" && !matches!(value.attr("type"), Some("submit" | "button")) {
        words.extend(text_before(element));
    }
    normal(&words.join(" "))
}

/// A selector for this one element: by id, by name, by its text, else by its place.
fn unique(page: &Html, element: ElementRef<'_>) -> Option<String> {
    let value = element.value();
    let tag = value.name();
    let quoted = |name: &str, text: &str| {
        (!text.contains(['"', '\\', '\n'])).then(|| format!("{tag}[{name}=\"{text}\"]"))
    };
    let written = text(element);
    let by_text = (!written.is_empty() && written.len() <= 40 && !written.contains(['"', '(', ')']))
        .then(|| format!("{tag}:has-text(\"{written}\")"));
    let classes = value.classes().fold(String::new(), |css, class| css + "." + class);
    [
        value.attr("name").and_then(|name| quoted("name", name)),
        value.id().and_then(|id| quoted("id", id)),
        by_text,
        (!classes.is_empty()).then(|| format!("{tag}{classes}")),
        Some(path(element)),
    ]
    .into_iter()
    .flatten()
    .find(|written| Selector::parse(written).is_ok_and(|selector| selector.all(page) == [element]))
}

/// The way from the page's root: `html > body > form:nth-child(2) > …`.
fn path(element: ElementRef<'_>) -> String {
    let mut steps: Vec<String> = std::iter::once(element)
        .chain(element.ancestors().filter_map(ElementRef::wrap))
        .map(|step| {
            let before = step.prev_siblings().filter_map(ElementRef::wrap).count();
            format!("{}:nth-child({})", step.value().name(), before + 1)
        })
        .collect();
    steps.reverse();
    steps.join(" > ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<body><form action=/logout><button>Keluar</button></form>
      <form><label for="a">Dari tanggal</label><input id="a" name="tgl_mulai">
      <label>Sampai <input name="tgl_selesai"></label><input name="q" placeholder="Cari">
      <button class="tombol">Filter</button><button class="tombol utama">Export Excel</button>
      <a class="tombol" href="/x">Export PDF</a></form><a href="/index-export">Halaman</a></body>"#;

    fn found(role: Role, page: &str) -> Option<String> {
        role.find(&Html::parse_document(page), &[]).map(|healed| healed.selector.written().to_owned())
    }

    #[test]
    fn fields_are_known_by_label_and_name() {
        assert_eq!(found(Role::FirstDay, PAGE).as_deref(), Some("input[name=\"tgl_mulai\"]"));
        assert_eq!(found(Role::LastDay, PAGE).as_deref(), Some("input[name=\"tgl_selesai\"]"));
        let healed = Role::FirstDay.find(&Html::parse_document(PAGE), &[]).unwrap();
        assert_eq!(healed.by, "\"Dari tanggal\"");
    }

    #[test]
    fn the_button_is_the_one_for_the_kind_of_file() {
        let pdf = Role::Trigger(Some(FileKind::Pdf));
        assert_eq!(found(pdf, PAGE).as_deref(), Some("a:has-text(\"Export PDF\")"));
        let book = Role::Trigger(Some(FileKind::Xlsx));
        assert_eq!(found(book, PAGE).as_deref(), Some("button:has-text(\"Export Excel\")"));
    }

    #[test]
    fn two_dates_without_any_words_are_known_by_their_order() {
        let page = "<table><tr><td><input type=date id=x1></td><td><input type=date id=x2></td></tr></table>";
        assert_eq!(found(Role::FirstDay, page).as_deref(), Some("input[id=\"x1\"]"));
        assert_eq!(found(Role::LastDay, page).as_deref(), Some("input[id=\"x2\"]"));
    }

    #[test]
    fn what_is_in_doubt_or_does_something_else_is_left_alone() {
        let two = "<button>Export</button><button>Export</button>";
        assert_eq!(found(Role::Trigger(None), two), None);
        assert_eq!(
            found(Role::Trigger(None), "<button>Import CSV</button><button>Hapus laporan</button>"),
            None
        );
        assert_eq!(found(Role::FirstDay, "<input name=q><input name=phone>"), None);
    }

    #[test]
    fn a_login_form_is_known_by_its_kinds_of_fields() {
        let page = "<form><input name=q><button>Cari</button></form>
            <form><label for=s>Surel</label><input id=s name=surel><input type=password name=sandi><button>Masuk</button></form>";
        assert_eq!(found(Role::Username, page).as_deref(), Some("input[name=\"surel\"]"));
        assert_eq!(found(Role::Password, page).as_deref(), Some("input[name=\"sandi\"]"));
        assert_eq!(found(Role::Submit, page).as_deref(), Some("button:has-text(\"Masuk\")"));
    }
}
