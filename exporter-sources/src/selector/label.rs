//! What a person reads at a field: its label, in all the places where pages put one.

use scraper::{ElementRef, Html, Selector};

/// The texts of the labels that belong to the element, without its own content.
pub(super) fn labels(page: &Html, element: ElementRef<'_>) -> Vec<String> {
    let mut labels = Vec::new();
    if let Some(id) = element.value().id() {
        let for_it = |label: &ElementRef<'_>| label.value().attr("for") == Some(id);
        labels.extend(all(page, "label").into_iter().filter(for_it).map(text));
    }
    let around = element.ancestors().filter_map(ElementRef::wrap).find(|up| up.value().name() == "label");
    labels.extend(around.map(text));
    for attribute in ["aria-label", "placeholder", "title"] {
        labels.extend(element.value().attr(attribute).map(str::to_owned));
    }
    labels.retain(|label| !label.trim().is_empty());
    labels
}

/// The text right before the element, where a page has no labels: in the sibling, or in
/// the table cell, before it.
pub(super) fn text_before(element: ElementRef<'_>) -> Option<String> {
    let places = std::iter::once(element)
        .chain(element.ancestors().filter_map(ElementRef::wrap).take(1))
        .flat_map(|place| place.prev_siblings());
    for sibling in places {
        let found = match ElementRef::wrap(sibling) {
            // Another field's text is that field's.
            Some(other) if matches!(other.value().name(), "input" | "select" | "textarea" | "button") => {
                return None;
            }
            Some(other) => text(other),
            None => sibling.value().as_text().map(|text| text.trim().to_owned()).unwrap_or_default(),
        };
        if !found.is_empty() {
            return Some(found);
        }
    }
    None
}

/// What is written in the element, white space reduced.
pub(super) fn text(element: ElementRef<'_>) -> String {
    element.text().flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

/// Every element for fixed CSS.
pub(super) fn all<'a>(page: &'a Html, css: &str) -> Vec<ElementRef<'a>> {
    Selector::parse(css).map(|css| page.select(&css).collect()).unwrap_or_default()
}
