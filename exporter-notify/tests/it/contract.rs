//! The contract of notifiers, by every one of them, against stand-ins of their services.

use std::sync::Arc;

use exporter_core::{
    Error, ErrorKind, Message, MessageBody, Notifier, REPORT_VERSION, Retry, RunReport, RunStatus, Secret,
    Window,
};
use exporter_notify::testing::{Inbox, contract};
use exporter_notify::{
    Email, EmailConfig, Heartbeat, HeartbeatConfig, Language, Slack, SlackConfig, Telegram, TelegramConfig,
    Webhook, WebhookConfig, plain,
};
use exporter_sandbox::faults::{Fault, FaultKind};
use exporter_sandbox::receivers::{
    HEARTBEAT_PATH, Hooks, MAIL_PASSWORD, MAIL_USER, MailServer, SLACK_PATH, WEBHOOK_PATH, WEBHOOK_TOKEN,
};
use exporter_sandbox::telegram::{CHAT, CHAT_ID, Content, TOKEN};
use exporter_sandbox::{Options, Sandbox};

struct TheTelegram(Sandbox);

impl TheTelegram {
    fn fault(&self, times: u32, what: FaultKind) {
        let fault = Fault { service: "telegram".into(), endpoint: "*".into(), what, times, skip: 0 };
        self.0.faults().add(fault);
    }
}

impl Inbox for TheTelegram {
    fn notifier(&self) -> Arc<dyn Notifier> {
        let config = TelegramConfig {
            token: Secret::new(TOKEN),
            chat: CHAT.into(),
            base_url: Some(self.0.telegram_url()),
            language: Language::En,
        };
        Arc::new(Telegram::new(config).unwrap())
    }

    fn arrived(&self) -> Vec<String> {
        let texts =
            self.0.telegram().history(CHAT_ID).into_iter().filter_map(|message| match message.content {
                Content::Text(text) => Some(text.text),
                _ => None,
            });
        texts.collect()
    }

    fn set_down(&self, down: bool) {
        self.0.faults().clear();
        if down {
            self.fault(u32::MAX, FaultKind::CutBefore);
        }
    }

    fn ask_to_wait(&self, seconds: u64) -> bool {
        let pause = u32::try_from(seconds).ok();
        self.fault(1, FaultKind::Status { code: 429, body: String::new(), retry_after: pause });
        true
    }

    fn refuse_markup(&self) -> bool {
        let body = r#"{"ok":false,"error_code":400,"description":"Bad Request: can't parse entities: no"}"#;
        self.fault(1, FaultKind::Status { code: 400, body: body.into(), retry_after: None });
        true
    }

    fn secrets(&self) -> Vec<String> {
        vec![TOKEN.into()]
    }
}

#[tokio::test]
async fn telegram_keeps_the_contract() {
    contract(async || {
        let sandbox = Sandbox::start(Options::default()).await.unwrap();
        sandbox.telegram().limit(false);
        TheTelegram(sandbox)
    })
    .await;
}

struct TheSlack(Hooks);

impl Inbox for TheSlack {
    fn notifier(&self) -> Arc<dyn Notifier> {
        let url = Secret::new(self.0.url(SLACK_PATH));
        Arc::new(Slack::new(&SlackConfig { url, language: Language::En }).unwrap())
    }

    fn arrived(&self) -> Vec<String> {
        self.0.taken().iter().map(|post| plain(post.json()["text"].as_str().unwrap())).collect()
    }

    fn set_down(&self, down: bool) {
        self.0.set_down(down);
    }

    fn ask_to_wait(&self, seconds: u64) -> bool {
        self.0.ask_to_wait(seconds);
        true
    }

    fn refuse_markup(&self) -> bool {
        self.0.refuse_markup();
        true
    }

    fn secrets(&self) -> Vec<String> {
        vec!["slack-secret".into()]
    }
}

#[tokio::test]
async fn slack_keeps_the_contract() {
    contract(async || TheSlack(Hooks::start().await.unwrap())).await;
}

struct TheWebhook(Hooks);

impl Inbox for TheWebhook {
    fn notifier(&self) -> Arc<dyn Notifier> {
        let (url, token) = (Secret::new(self.0.url(WEBHOOK_PATH)), Some(Secret::new(WEBHOOK_TOKEN)));
        Arc::new(Webhook::new(WebhookConfig { url, token, language: Language::En }).unwrap())
    }

    fn arrived(&self) -> Vec<String> {
        self.0.taken().iter().map(|post| post.json()["text"].as_str().unwrap().to_owned()).collect()
    }

    fn set_down(&self, down: bool) {
        self.0.set_down(down);
    }

    fn ask_to_wait(&self, seconds: u64) -> bool {
        self.0.ask_to_wait(seconds);
        true
    }

    fn secrets(&self) -> Vec<String> {
        vec!["json-secret".into(), WEBHOOK_TOKEN.into()]
    }
}

#[tokio::test]
async fn a_webhook_keeps_the_contract() {
    contract(async || TheWebhook(Hooks::start().await.unwrap())).await;
}

struct TheHeartbeat(Hooks);

/// A run that ended like this.
fn summary(status: RunStatus, text: &str) -> MessageBody {
    let error = Error::new(ErrorKind::PanelDown, "the panel does not answer");
    let error = text.lines().fold(error, Error::hint).report();
    let report = RunReport {
        version: REPORT_VERSION,
        id: "r1".into(),
        status,
        window: Window::day("2026-01-05".parse().unwrap()),
        dry_run: false,
        started: "2026-01-05T01:00:00Z".parse().unwrap(),
        seconds: 1.0,
        sheets_calls: 0,
        exports: Vec::new(),
        error: (status != RunStatus::Ok).then_some(error),
        notes: Vec::new(),
    };
    MessageBody::Summary { report: Box::new(report) }
}

fn heartbeat(hooks: &Hooks) -> Heartbeat {
    let config = HeartbeatConfig {
        url: Secret::new(hooks.url(HEARTBEAT_PATH)),
        language: Language::En,
        log: Some(Arc::new(|| "the end of the log".to_owned())),
    };
    Heartbeat::new(config).unwrap()
}

impl Inbox for TheHeartbeat {
    fn notifier(&self) -> Arc<dyn Notifier> {
        Arc::new(heartbeat(&self.0))
    }

    fn arrived(&self) -> Vec<String> {
        self.0.taken().into_iter().map(|post| post.body).collect()
    }

    fn set_down(&self, down: bool) {
        self.0.set_down(down);
    }

    fn ask_to_wait(&self, seconds: u64) -> bool {
        self.0.ask_to_wait(seconds);
        true
    }

    fn body(&self, text: &str) -> MessageBody {
        summary(RunStatus::NothingRan, text)
    }

    fn is_whole(&self) -> bool {
        false
    }

    fn secrets(&self) -> Vec<String> {
        vec!["0a1b2c3d-sandbox".into()]
    }
}

#[tokio::test]
async fn a_heartbeat_keeps_the_contract_and_knows_start_and_end() {
    contract(async || TheHeartbeat(Hooks::start().await.unwrap())).await;

    let hooks = Hooks::start().await.unwrap();
    let heartbeat = heartbeat(&hooks);
    let started =
        MessageBody::RunStarted { window: Window::day("2026-01-05".parse().unwrap()), exports: vec![] };
    let note = MessageBody::Note { text: "not its business".into() };
    for body in [started, note, summary(RunStatus::Ok, ""), summary(RunStatus::Failed, "look")] {
        heartbeat.notify(&Message::new("Toko", "r1", body)).await.unwrap();
    }
    let taken = hooks.taken();
    let steps: Vec<&str> = taken.iter().map(|post| post.path.strip_prefix(HEARTBEAT_PATH).unwrap()).collect();
    assert_eq!(steps, ["/start", "", "/fail"]);
    assert!(taken[2].body.ends_with("the end of the log") && !taken[1].body.contains("log"), "{taken:?}");
}

struct TheMail(MailServer);

fn email(server: &str, password: &str, to: &str) -> Email {
    let login = Some((MAIL_USER.to_owned(), Secret::new(password)));
    let (from, to) = ("Exporter <exporter@example.com>".to_owned(), vec![to.to_owned()]);
    Email::new(EmailConfig { server: server.to_owned(), login, from, to, language: Language::En }).unwrap()
}

impl Inbox for TheMail {
    fn notifier(&self) -> Arc<dyn Notifier> {
        Arc::new(email(&self.0.url(), MAIL_PASSWORD, "owner@example.com"))
    }

    fn arrived(&self) -> Vec<String> {
        self.0.letters().iter().map(|letter| letter.part("text/plain")).collect()
    }

    fn set_down(&self, down: bool) {
        self.0.set_down(down);
    }

    fn secrets(&self) -> Vec<String> {
        vec![MAIL_PASSWORD.into()]
    }
}

#[tokio::test]
async fn e_mail_keeps_the_contract() {
    contract(async || TheMail(MailServer::start().await.unwrap())).await;
}

#[tokio::test]
async fn a_mail_has_subject_page_and_picture() {
    let server = MailServer::start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("page.png");
    std::fs::write(&path, b"\x89PNG\r\n\x1a\n picture").unwrap();
    let error = Box::new(Error::new(ErrorKind::PanelDown, "no answer").report());
    let body = MessageBody::ExportFailed {
        export: "user".into(),
        attempt: 3,
        attempts: 3,
        error,
        screenshot: Some(path),
    };
    let email = email(&server.url(), MAIL_PASSWORD, "owner@example.com");
    email.notify(&Message::new("Toko <A>", "r1", body)).await.unwrap();
    let letter = &server.letters()[0];
    assert_eq!(
        (letter.from.as_str(), &letter.to[..]),
        ("exporter@example.com", &["owner@example.com".to_owned()][..])
    );
    assert_eq!(letter.subject(), "❌ Toko <A>: user failed, attempt 3 of 3");
    assert!(letter.part("text/html").contains("<b>Toko &lt;A&gt;</b>: user failed"), "{}", letter.data);
    assert!(letter.part("image/png").contains("PNG") && letter.data.contains("page.png"), "{}", letter.data);
}

#[tokio::test]
async fn a_mail_that_is_refused_says_what_to_do_and_waits_for_it() {
    let server = MailServer::start().await.unwrap();
    let note = Message::new("Toko", "r1", MessageBody::Note { text: "hello".into() });
    for (password, to, hint) in
        [("wrong-password", "owner@example.com", "password"), (MAIL_PASSWORD, "nobody@example.com", "`to`")]
    {
        let error = email(&server.url(), password, to).notify(&note).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::MessageRefused);
        assert!(matches!(error.retry_class(), Retry::After(_)), "{error:?}");
        assert!(error.hints()[0].contains(hint), "{error:?}");
        assert!(!format!("{error:?}").contains(password));
    }
}

#[tokio::test]
async fn a_hook_that_is_gone_says_what_to_do_and_its_messages_wait() {
    let hooks = Hooks::start().await.unwrap();
    let url = Secret::new(hooks.url("/services/T0/B0/gone"));
    let slack = Slack::new(&SlackConfig { url, language: Language::Id }).unwrap();
    let note = Message::new("Toko", "r1", MessageBody::Note { text: "hello".into() });
    for error in [slack.check().await.unwrap_err(), slack.notify(&note).await.unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::MessageRefused);
        assert!(matches!(error.retry_class(), Retry::After(_)), "{error:?}");
        assert!(error.hints()[0].contains("[slack]"), "{error:?}");
    }
}
