//! A deadline around a source or a sink: nothing hangs for ever.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::tabs::Routed;
use crate::{
    Error, ErrorKind, Export, ExportRequest, ExportSource, ExportSpec, Plan, Receipt, Result, Sink, Table,
};

/// Ends each call of the inner source or sink after `limit`, with [`ErrorKind::Timeout`].
///
/// Put it inside of what retries: then the deadline bounds one attempt. A sink that is
/// cut off while it writes leaves an unknown outcome, which its next plan settles by
/// reading.
pub struct Deadline<T: ?Sized> {
    inner: Arc<T>,
    limit: Duration,
}

impl<T: ?Sized> Deadline<T> {
    /// Bounds each call of `inner` by `limit`.
    pub fn new(inner: Arc<T>, limit: Duration) -> Self {
        Self { inner, limit }
    }

    async fn bound<R>(&self, what: &str, call: impl Future<Output = Result<R>> + Send) -> Result<R> {
        tokio::time::timeout(self.limit, call).await.unwrap_or_else(|_| {
            let seconds = self.limit.as_secs();
            Err(Error::new(ErrorKind::Timeout, format!("{what} was not done after {seconds} seconds"))
                .hint("if the panel or the sheet is just slow, raise the deadline in the configuration"))
        })
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ExportSource for Deadline<dyn ExportSource> {
    fn spec(&self) -> &ExportSpec {
        self.inner.spec()
    }

    async fn check(&self) -> Result<()> {
        self.bound("checking the panel", self.inner.check()).await
    }

    async fn export(&self, request: &ExportRequest) -> Result<Export> {
        let what = format!("the export `{}`", self.inner.spec().name);
        self.bound(&what, self.inner.export(request)).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Sink for Deadline<dyn Sink> {
    async fn check(&self) -> Result<()> {
        self.bound("checking the sheet", self.inner.check()).await
    }

    async fn route(&self, table: &Arc<Table>, spec: &ExportSpec) -> Result<Vec<Routed>> {
        self.bound("reading the sheet", self.inner.route(table, spec)).await
    }

    async fn plan(&self, table: &Arc<Table>, spec: &ExportSpec) -> Result<Plan> {
        self.bound("reading the sheet", self.inner.plan(table, spec)).await
    }

    async fn apply(&self, plan: &Plan) -> Result<Receipt> {
        self.bound("writing the sheet", self.inner.apply(plan)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Window;

    struct Never(ExportSpec);

    #[async_trait]
    impl ExportSource for Never {
        fn spec(&self) -> &ExportSpec {
            &self.0
        }

        async fn check(&self) -> Result<()> {
            Ok(())
        }

        async fn export(&self, _: &ExportRequest) -> Result<Export> {
            std::future::pending().await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_export_that_hangs_ends_with_its_name() {
        let inner: Arc<dyn ExportSource> = Arc::new(Never(ExportSpec::new("user")));
        let bounded = Deadline::new(inner, Duration::from_secs(90));
        let window = Window::day("2026-01-05".parse().unwrap());
        let request = ExportRequest { window, run: "r".into(), attempt: 1 };
        let error = bounded.export(&request).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert_eq!(error.to_string(), "the export `user` was not done after 90 seconds");
        assert!(bounded.check().await.is_ok());
    }
}
