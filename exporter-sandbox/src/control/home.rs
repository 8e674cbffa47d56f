//! The first page of the control path: where everything is, for a person with a browser.

use crate::panel::pages::plain;
use crate::panel::{EMAIL, PASSWORD};
use crate::sites::Site;

/// The addresses that the page shows.
pub(crate) struct Addresses {
    /// The panel.
    pub panel: String,
    /// The spreadsheet of the configuration as a person sees it.
    pub spreadsheet: String,
    /// The chat.
    pub chat: String,
}

/// The page.
pub(super) fn page(addresses: &Addresses, sites: &[Site]) -> String {
    let row = |name: &str, address: &str, about: &str| {
        let (name, address, about) = (plain(name), plain(address), plain(about));
        format!("<tr><td><a href=\"{address}\">{name}</a></td><td>{about}</td></tr>")
    };
    let rows = [
        row("Panel", &addresses.panel, "the admin site with four exports"),
        row("Spreadsheet", &addresses.spreadsheet, "what is in the sheets"),
        row("Chat", &addresses.chat, "what the bot says; a line below to answer"),
    ];
    let others: Vec<String> = sites.iter().map(|site| row(site.name, &site.url, site.about)).collect();
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Sandbox</title>\
         <style>body{{font:15px/1.5 system-ui,sans-serif;max-width:760px;margin:30px auto}}td{{padding:3px 14px 3px 0}}</style></head>\
         <body><h1>Sandbox</h1><p>User <code>{EMAIL}</code>, password <code>{PASSWORD}</code>, everywhere.</p>\
         <table>{}</table><h2>More panels</h2><table>{}</table></body></html>",
        rows.concat(),
        others.concat()
    )
}
