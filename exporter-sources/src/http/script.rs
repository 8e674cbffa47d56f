//! The address that a button's JavaScript goes to, where a page's own inline script says
//! it plainly. What is not certain is no answer: then the export needs a browser.

mod eval;
mod lexer;

use scraper::{ElementRef, Html, Selector};

use eval::Scope;
use lexer::{Token, tokens};

/// What the script reads from the page: the value of the first element for a CSS selector.
pub(super) type Values<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// The address that a click on `button` goes to. `None` when no handler is found, it is
/// written in ways not understood, or several handlers disagree.
pub(super) fn target(page: &Html, button: ElementRef<'_>, values: &Values<'_>) -> Option<String> {
    let scripts = inline_scripts(page);
    let mut bodies: Vec<(Vec<Token>, usize, usize)> = Vec::new();
    if let Some(onclick) = button.value().attr("onclick") {
        let code = tokens(onclick)?;
        match called(&code) {
            Some(name) => bodies.extend(scripts.iter().filter_map(|script| {
                let (from, to) = function(script, name)?;
                Some((script.clone(), from, to))
            })),
            None => bodies.push((code.clone(), 0, code.len())),
        }
    }
    for script in &scripts {
        for (from, to) in handlers(script, button) {
            bodies.push((script.clone(), from, to));
        }
    }
    let mut targets = bodies.iter().flat_map(|(code, from, to)| gone_to(code, *from, *to, values));
    let first = targets.next()??;
    targets.all(|other| other.as_deref() == Some(first.as_str())).then_some(first)
}

/// The inline scripts that can be read as tokens.
fn inline_scripts(page: &Html) -> Vec<Vec<Token>> {
    let Ok(css) = Selector::parse("script:not([src])") else { return Vec::new() };
    page.select(&css).filter_map(|script| tokens(&script.text().collect::<String>())).collect()
}

/// The function that `name(…)` or `return name(…)` calls, if that is all there is.
fn called(code: &[Token]) -> Option<&str> {
    let code = match code {
        [Token::Name(word), rest @ ..] if word == "return" => rest,
        all => all,
    };
    match code {
        [Token::Name(name), Token::Mark('('), ..] => Some(name),
        _ => None,
    }
}

/// The body of `function name(…) {…}`.
fn function(code: &[Token], name: &str) -> Option<(usize, usize)> {
    let at = code.windows(2).position(
        |pair| matches!(pair, [Token::Name(word), Token::Name(named)] if word == "function" && named == name),
    )?;
    block(code, at)
}

/// Bodies of functions handed to whatever selects the button: the first block after the
/// selector, in the same statement or through a variable that holds the element.
fn handlers(code: &[Token], button: ElementRef<'_>) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (index, token) in code.iter().enumerate() {
        let Token::Text(text) = token else { continue };
        if !names(code, index, text, button) {
            continue;
        }
        let end = statement_end(code, index);
        if let Some(span) = block(&code[..end], index) {
            found.push(span);
        } else if let Some(variable) = assigned_to(code, index) {
            found.extend(uses_with_block(code, end, variable));
        }
    }
    found.dedup();
    found
}

/// Whether the string at `index` selects the button: as CSS, or as an id or class by name.
fn names(code: &[Token], index: usize, text: &str, button: ElementRef<'_>) -> bool {
    let by = index.checked_sub(2).and_then(|at| match &code[at] {
        Token::Name(name) => Some(name.as_str()),
        _ => None,
    });
    match by {
        Some("getElementById") => button.value().id() == Some(text),
        Some("getElementsByClassName") => {
            text.split_whitespace().all(|class| button.value().classes().any(|own| own == class))
        }
        Some("querySelector" | "querySelectorAll" | "$" | "jQuery" | "on") => {
            Selector::parse(text).is_ok_and(|css| css.matches(&button))
        }
        // `$(document).on('click', '.button', …)`
        _ => {
            (text.starts_with('.') || text.starts_with('#'))
                && Selector::parse(text).is_ok_and(|css| css.matches(&button))
        }
    }
}

/// The variable in `var name = …` of the statement that holds `index`.
fn assigned_to(code: &[Token], index: usize) -> Option<&str> {
    let start = code[..index]
        .iter()
        .rposition(|token| matches!(token, Token::Mark(';' | '{' | '}')))
        .map_or(0, |at| at + 1);
    code[start..index].windows(2).find_map(|pair| match pair {
        [Token::Name(name), Token::Mark('=')] => Some(name.as_str()),
        _ => None,
    })
}

/// Blocks in later statements that begin with the variable.
fn uses_with_block(code: &[Token], from: usize, variable: &str) -> Vec<(usize, usize)> {
    (from..code.len())
        .filter(|&at| matches!((&code[at], code.get(at + 1)), (Token::Name(name), Some(Token::Mark('.'))) if name == variable))
        .filter_map(|at| block(&code[..statement_end(code, at)], at))
        .collect()
}

/// Where the statement that holds `from` ends: the `;` or `}` on its own level.
fn statement_end(code: &[Token], from: usize) -> usize {
    let mut depth = 0_i32;
    for (at, token) in code.iter().enumerate().skip(from) {
        match token {
            Token::Mark('{') => depth += 1,
            Token::Mark('}') => depth -= 1,
            Token::Mark(';') if depth == 0 => return at,
            _ => {}
        }
        if depth < 0 {
            return at;
        }
    }
    code.len()
}

/// The inside of the first `{…}` after `from`.
fn block(code: &[Token], from: usize) -> Option<(usize, usize)> {
    let open = from + code.get(from..)?.iter().position(|token| matches!(token, Token::Mark('{')))?;
    let mut depth = 0_usize;
    for (at, token) in code.iter().enumerate().skip(open) {
        match token {
            Token::Mark('{') => depth += 1,
            Token::Mark('}') => {
                depth -= 1;
                if depth == 0 {
                    return Some((open + 1, at));
                }
            }
            _ => {}
        }
    }
    None
}

/// Every address that the body goes to; `None` for one that cannot be told.
fn gone_to(code: &[Token], from: usize, to: usize, values: &Values<'_>) -> Vec<Option<String>> {
    (from..to)
        .filter_map(|at| navigation(code, at))
        .map(|expression| Scope::new(code, at_most(expression, to), to, values).address(expression))
        .collect()
}

fn at_most(at: usize, limit: usize) -> usize {
    at.min(limit)
}

/// If the statement at `at` leaves the page: where the expression of its address begins.
fn navigation(code: &[Token], at: usize) -> Option<usize> {
    let name = |offset: usize| match code.get(at + offset) {
        Some(Token::Name(name)) => name.as_str(),
        _ => "",
    };
    let mark = |offset: usize, wanted: char| matches!(code.get(at + offset), Some(Token::Mark(mark)) if *mark == wanted);
    let assigns = |offset: usize| mark(offset, '=') && !mark(offset + 1, '=');
    match name(0) {
        "location" if assigns(1) => Some(at + 2),
        "location" if mark(1, '.') && name(2) == "href" && assigns(3) => Some(at + 4),
        "location" if mark(1, '.') && matches!(name(2), "assign" | "replace") && mark(3, '(') => Some(at + 4),
        "window" if mark(1, '.') && name(2) == "open" && mark(3, '(') => Some(at + 4),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The address for a page with this script, where the two inputs are filled in.
    fn address(script: &str) -> Option<String> {
        let html = format!(
            r##"<input name="start" id="filter-start"><input name="end" id="filter-end">
            <a class="btn expot-pdf" id="go" href="#">PDF</a><script>{script}</script>"##
        );
        let page = Html::parse_document(&html);
        let css = Selector::parse("#go").unwrap();
        let button = page.select(&css).next().unwrap();
        target(&page, button, &|css| match css {
            "#filter-start" | "[name=start]" | "input[name=\"start\"]" => Some("2026-01-05".to_owned()),
            "#filter-end" | "[name=end]" | "input[name=\"end\"]" => Some("2026-01-06".to_owned()),
            _ => None,
        })
    }

    const WANTED: Option<&str> = Some("/x/pdf?start=2026-01-05&end=2026-01-06");

    #[test]
    fn concatenation_in_plain_javascript() {
        let script = r#"document.querySelector('.expot-pdf').addEventListener('click', function (e) {
            e.preventDefault(); // no scrolling
            var start = document.getElementById("filter-start").value;
            var end = document.getElementById("filter-end").value;
            window.location.href = '/x/pdf?start=' + encodeURIComponent(start) + "&end=" + end;
        });"#;
        assert_eq!(address(script).as_deref(), WANTED);
    }

    #[test]
    fn template_in_jquery() {
        let script = r#"$(document).ready(function () { $('.expot-pdf').on('click', () => {
            const a = $('input[name="start"]').val(), b = $("[name=end]").val();
            window.open(`/x/pdf?start=${a}&end=${b}`, '_blank');
        }); });"#;
        assert_eq!(address(script).as_deref(), WANTED);
    }

    #[test]
    fn a_variable_holds_the_button_and_elements() {
        let script = r"const b = document.getElementById('go'); const s = document.querySelector('#filter-start');
            const e = document.querySelector('#filter-end');
            b.onclick = function () { const q = '?start=' + s.value + '&end=' + e.value; location.assign('/x/pdf' + q); };";
        assert_eq!(address(script).as_deref(), WANTED);
    }

    #[test]
    fn what_is_not_certain_is_no_answer() {
        for script in [
            "document.querySelector('.expot-pdf').onclick = function () { location.href = build(start); };",
            "document.querySelector('.expot-pdf').onclick = function () { fetch('/x/pdf'); };",
            "document.querySelector('.expot-pdf').onclick = function () { if (a) { location.href = '/a'; } else { location.href = '/b'; } };",
            "document.querySelector('.other').onclick = function () { location.href = '/x/pdf'; };",
            "document.querySelector('.expot-pdf').onclick = function () { location.href = a ? '/x' : '/y'; };",
        ] {
            assert_eq!(address(script), None, "{script}");
        }
    }
}
