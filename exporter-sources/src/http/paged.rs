//! Rows that an API hands out page by page: followed to the end, joined into one document.

use exporter_core::{Error, ErrorKind};
use reqwest::Url;
use serde_json::Value;

use super::HttpClient;
use super::form::Submission;
use crate::driver::{Answer, Download, Recipe, classify, too_large};

/// More pages than this are no export, but a list that goes in circles.
const MOST: usize = 10_000;

impl HttpClient {
    /// Fetches every page, of which the place `next` names the one after it.
    pub(super) async fn pages(
        &mut self,
        first: &Submission,
        next: &str,
        recipe: &Recipe,
    ) -> Result<Answer, Error> {
        let mut whole: Option<(Download, Value)> = None;
        let mut submission = first.clone();
        for _ in 0..MOST {
            let download = match self.take(&submission, recipe, true).await? {
                Answer::File(download) => download,
                nothing @ Answer::Nothing { .. } => return Ok(nothing),
            };
            let mut page: Value = serde_json::from_slice(&tokio::fs::read(&download.path).await?)
                .map_err(|error| no_pages(&submission.url, "it is no JSON").source(error))?;
            let address = at(&page, next).and_then(Value::as_str).map(str::to_owned);
            match &mut whole {
                None => whole = Some((download, page)),
                Some((_, before)) => {
                    tokio::fs::remove_file(&download.path).await?;
                    append(before, &mut page)
                        .ok_or_else(|| no_pages(&submission.url, "it has no one list of rows"))?;
                }
            }
            let Some(address) = address.filter(|address| !address.is_empty()) else { break };
            submission.url = self.next(&submission.url, &address)?;
        }
        let (download, document) = whole.ok_or_else(|| no_pages(&first.url, "there is none"))?;
        let bytes = document.to_string().into_bytes();
        if bytes.len() as u64 > self.connection.limit() {
            return Err(too_large(self.connection.limit()));
        }
        tokio::fs::write(&download.path, bytes).await?;
        Ok(Answer::File(download))
    }

    /// The address of the next page, which must be the panel's own: the token goes with it.
    fn next(&self, here: &Url, address: &str) -> Result<Url, Error> {
        here.join(address)
            .ok()
            .filter(|url| url.origin() == self.base.origin() && url != here)
            .ok_or_else(|| no_pages(here, "its next page is somewhere that we do not go"))
    }
}

/// The value at a place such as `links.next`.
fn at<'a>(page: &'a Value, place: &str) -> Option<&'a Value> {
    place.split('.').try_fold(page, |value, name| value.get(name))
}

/// Puts the rows of `page` after those of `before`.
fn append(before: &mut Value, page: &mut Value) -> Option<()> {
    let rows = std::mem::take(rows(page)?);
    self::rows(before)?.extend(rows);
    Some(())
}

/// The one list of a document.
fn rows(document: &mut Value) -> Option<&mut Vec<Value>> {
    match document {
        Value::Array(rows) => Some(rows),
        Value::Object(object) => {
            let mut lists = object.values_mut().filter_map(Value::as_array_mut);
            lists.next().filter(|_| lists.next().is_none())
        }
        _ => None,
    }
}

fn no_pages(url: &Url, why: &str) -> Error {
    Error::new(ErrorKind::WrongFile, format!("a page of the panel's rows cannot be used: {why}"))
        .context("page", classify::without_query(url.as_str()))
        .hint("look at the answer by hand and correct the export's `next`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rows_of_pages_are_joined() {
        let mut whole = json!({"data": [{"a": 1}], "links": {"next": "/x?page=2"}});
        assert_eq!(at(&whole, "links.next"), Some(&json!("/x?page=2")));
        append(&mut whole, &mut json!({"data": [{"a": 2}], "links": {"next": null}})).unwrap();
        assert_eq!(whole["data"], json!([{"a": 1}, {"a": 2}]));
        assert!(append(&mut whole, &mut json!({"a": [], "b": []})).is_none());
    }
}
