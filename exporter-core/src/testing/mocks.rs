//! Mocks of the traits, by mockall: for what calls a source, a sink or a notifier.
// mockall's expansion has neither documentation nor our style.
#![allow(missing_docs, clippy::pedantic, reason = "generated code")]

use std::sync::Arc;

use async_trait::async_trait;
use mockall::mock;

use crate::{
    Delivery, Driver, Error, Export, ExportRequest, ExportSource, ExportSpec, Message, Notifier, Plan,
    Receipt, Session, Sink, Table,
};

mock! {
    pub ExportSource {}

    #[async_trait]
    impl ExportSource for ExportSource {
        fn spec(&self) -> &ExportSpec;
        async fn check(&self) -> Result<(), Error>;
        async fn export(&self, request: &ExportRequest) -> Result<Export, Error>;
    }
}

mock! {
    pub Session {}

    #[async_trait]
    impl Session for Session {
        async fn open(&self) -> Result<Driver, Error>;
        async fn close(&self) -> Result<(), Error>;
    }
}

mock! {
    pub Sink {}

    #[async_trait]
    impl Sink for Sink {
        async fn check(&self) -> Result<(), Error>;
        async fn plan(&self, table: &Arc<Table>, spec: &ExportSpec) -> Result<Plan, Error>;
        async fn apply(&self, plan: &Plan) -> Result<Receipt, Error>;
    }
}

mock! {
    pub Notifier {}

    #[async_trait]
    impl Notifier for Notifier {
        async fn check(&self) -> Result<(), Error>;
        async fn notify(&self, message: &Message) -> Result<Delivery, Error>;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MessageBody, Window};

    #[tokio::test]
    async fn a_mock_answers_as_it_was_told() {
        let mut notifier = MockNotifier::new();
        notifier
            .expect_notify()
            .times(1)
            .returning(|message| Ok(Delivery { id: Some(message.run.clone()), ..Delivery::default() }));
        let day = chrono::NaiveDate::from_ymd_opt(2026, 1, 5).unwrap();
        let body = MessageBody::RunStarted { window: Window::day(day), exports: Vec::new() };
        let message = Message::new("shop", "r1", body);
        let notifier: &dyn Notifier = &notifier;
        assert_eq!(notifier.notify(&message).await.unwrap().id.as_deref(), Some("r1"));
    }
}
