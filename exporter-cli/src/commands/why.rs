//! `exporter why KEY`: which run, file and line a row came from.

use exporter_core::{Error, ErrorKind, RowKey, Value};

use crate::args::WhyArgs;
use crate::config::load;
use crate::exit::{self, Exit};
use crate::render::say;
use crate::{render, state};

/// Prints everything that was ever written into the row of this key, oldest first.
pub async fn main(args: WhyArgs) -> Exit {
    match text(&args).await {
        Ok(text) => {
            say::text(&text);
            Exit::Ok
        }
        Err(error) => render::error::print(&error, exit::for_kind(error.kind())),
    }
}

async fn text(args: &WhyArgs) -> Result<String, Error> {
    let loaded = load(&args.config)?;
    let parts: Vec<Value> = args.key.iter().map(Value::text).collect();
    let unknown = || {
        Error::new(ErrorKind::MissingKey, format!("nothing was ever written for `{}`", args.key.join(" · ")))
        .hint("the key is what stands in the key column; rows that were there before the journal are not in it")
    };
    let key = RowKey::of(&parts).ok_or_else(unknown)?;
    let entries = state::look(&loaded).await?.entries_of(&key).await?;
    if entries.is_empty() {
        return Err(unknown());
    }
    if args.json {
        return Ok(render::json(&serde_json::json!({ "key": key, "entries": entries })));
    }
    Ok(render::why::text(&key, &entries, loaded.config.panel.timezone))
}
