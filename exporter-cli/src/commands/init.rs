//! `exporter init`: looks at a panel and writes a configuration that works.

use std::sync::Arc;

use exporter_core::{Clock, Error, SystemClock, Window};
use exporter_sources::survey;

use crate::args::InitArgs;
use crate::config::FirstConfig;
use crate::exit::{self, Exit};
use crate::render;

/// Surveys the panel and writes the file.
pub async fn main(args: InitArgs) -> Exit {
    let first = FirstConfig {
        by: "init",
        url: &args.url,
        timezone: args.timezone,
        username: &args.username,
        password: &args.password,
        out: &args.out,
    };
    match run(&args, &first).await {
        Ok(text) => {
            first.told(&text);
            Exit::Ok
        }
        Err(error) => render::error::print(&error, exit::for_kind(error.kind())),
    }
}

async fn run(args: &InitArgs, first: &FirstConfig<'_>) -> Result<String, Error> {
    first.is_free()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let downloads = tempfile::tempdir()?;
    let options = first.options(downloads.path().to_path_buf(), Arc::clone(&clock))?;
    let window = Window::last(args.last, clock.today(args.timezone));
    let (login, exports) = survey(&options, &args.pages, window).await?;
    first.write(None, login.into_iter().map(|(key, selector)| (key, vec![selector])), &exports)
}
