//! E-mail over SMTP: the message as text and HTML, with the picture attached.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use exporter_core::{Delivery, Error, ErrorKind, Message, Notifier, Retry, Secret, Stage};
use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use reqwest::Url;

use crate::picture;
use crate::render::{Language, html, plain};

/// One step of the conversation with the server.
const STEP: Duration = Duration::from_secs(30);
/// How long a person may take at least to mend a password.
const MENDED: Duration = Duration::from_mins(5);
/// A subject is cut after so many letters.
const SUBJECT: usize = 120;

/// Which server, from whom, to whom.
#[derive(Debug, Clone)]
pub struct EmailConfig {
    /// `smtps://host` (port 465, TLS from the start) or `smtp://host` (port 587, STARTTLS,
    /// which the server must offer). Only to this machine itself `smtp://` goes without TLS.
    pub server: String,
    /// User name and password, where the server wants them.
    pub login: Option<(String, Secret)>,
    /// The sender: `exporter@example.com` or `Exporter <exporter@example.com>`.
    pub from: String,
    /// The receivers.
    pub to: Vec<String>,
    /// The language of messages.
    pub language: Language,
}

/// A mailbox, or several, that are written to.
pub struct Email {
    server: AsyncSmtpTransport<Tokio1Executor>,
    /// Host and port.
    address: String,
    /// What an error must not show.
    secret: Option<Secret>,
    from: Mailbox,
    to: Vec<Mailbox>,
    language: Language,
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Email").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Email {
    /// For this configuration; nothing is sent yet.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when the server or an address cannot be right.
    pub fn new(config: EmailConfig) -> Result<Self, Error> {
        let EmailConfig { server, login, from, to, language } = config;
        if to.is_empty() {
            return Err(Error::new(ErrorKind::Config, "`to` under [email] names nobody")
                .hint("give it at least one address: to = [\"owner@example.com\"]"));
        }
        let (host, port, tls) = place(&server)?;
        let address = format!("{host}:{port}");
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(port)
            .tls(tls)
            .timeout(Some(STEP));
        let secret = login.as_ref().map(|(_, password)| password.clone());
        if let Some((user, password)) = login {
            builder = builder.credentials(Credentials::new(user, password.expose().to_owned()));
        }
        let to = to.iter().map(|to| mailbox(to)).collect::<Result<_, _>>()?;
        Ok(Self { server: builder.build(), address, secret, from: mailbox(&from)?, to, language })
    }

    async fn compose(&self, message: &Message) -> Result<lettre::Message, Error> {
        let html = html(message, self.language);
        let text = plain(&html);
        let subject: String = text.lines().next().unwrap_or_default().chars().take(SUBJECT).collect();
        // RFC 5322, 3.6.4: every mail should have an id; services turn away those without.
        let mut builder =
            lettre::Message::builder().from(self.from.clone()).subject(subject).message_id(None);
        for to in &self.to {
            builder = builder.to(to.clone());
        }
        let body = |text: String, html: &str| MultiPart::alternative_plain_html(text, page(html));
        let body = match picture::of(message) {
            None => body(text, &html),
            Some(path) => match picture::read(path).await {
                Ok(picture) => {
                    let kind = ContentType::parse("image/png").map_err(|error| composed(&error))?;
                    let picture = Attachment::new(picture.name).body(picture.bytes, kind);
                    MultiPart::mixed().multipart(body(text, &html)).singlepart(picture)
                }
                Err(error) => {
                    tracing::warn!(%error, "the picture of the screen cannot be read");
                    let note = self.language.word("no_picture");
                    body(format!("{text}\n{note}"), &format!("{html}\n{note}"))
                }
            },
        };
        builder.multipart(body).map_err(|error| composed(&error))
    }

    fn error(&self, error: &lettre::transport::smtp::Error) -> Error {
        let mut words = error.to_string();
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            words = format!("{words}: {cause}");
            source = cause.source();
        }
        if let Some(secret) = &self.secret {
            words = words.replace(secret.expose(), "***");
        }
        let code = error.status().map(u16::from);
        let kind = match code {
            Some(500..) => ErrorKind::MessageRefused,
            _ => ErrorKind::MessengerDown,
        };
        let what = if code.is_some() { "refused the mail" } else { "cannot be reached" };
        let told = Error::new(kind, format!("the mail server {what}: {words}"))
            .context("server", self.address.clone())
            .at(Stage::Notify);
        match code {
            // RFC 4954: the password is wrong, too weak a method, none was given.
            Some(530 | 534 | 535 | 538) => told
                .retry(Retry::After(MENDED))
                .hint("look at `username` and `password` under [email]; many services want a password made for one program (an app password)"),
            Some(550..=553) => told
                .retry(Retry::After(MENDED))
                .hint("look at `from` and `to` under [email]: the server does not know or not accept one of them"),
            Some(_) => told,
            None if error.is_tls() => told.hint("for port 465 write smtps://, for port 587 smtp:// under [email] `server`"),
            None => told.hint("look at `server` under [email], and whether this network lets mail out"),
        }
    }
}

#[async_trait]
impl Notifier for Email {
    async fn check(&self) -> Result<(), Error> {
        match self.server.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::new(ErrorKind::MessengerDown, "the mail server does not answer as one")
                .context("server", self.address.clone())
                .at(Stage::Notify)),
            Err(error) => Err(self.error(&error)),
        }
    }

    async fn notify(&self, message: &Message) -> Result<Delivery, Error> {
        let mail = self.compose(message).await?;
        self.server.send(mail).await.map_err(|error| self.error(&error))?;
        Ok(Delivery::default())
    }
}

/// Host, port and encryption.
fn place(server: &str) -> Result<(String, u16, Tls), Error> {
    let wrong = || {
        Error::new(ErrorKind::Config, format!("`{server}` is no mail server"))
            .hint("write smtps://mail.example.com (port 465) or smtp://mail.example.com:587")
    };
    let url = Url::parse(server).ok().filter(|url| url.username().is_empty() && url.password().is_none());
    let url = url.ok_or_else(wrong)?;
    let host = url.host_str().ok_or_else(wrong)?.trim_matches(['[', ']']).to_owned();
    let parameters = || {
        TlsParameters::new_rustls(host.clone()).map_err(|error| {
            Error::new(ErrorKind::Internal, "TLS for the mail server cannot be set up").source(error)
        })
    };
    let itself =
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    match url.scheme() {
        "smtps" => Ok((host.clone(), url.port().unwrap_or(465), Tls::Wrapper(parameters()?))),
        "smtp" if itself => Ok((host, url.port().unwrap_or(25), Tls::None)),
        "smtp" => Ok((host.clone(), url.port().unwrap_or(587), Tls::Required(parameters()?))),
        _ => Err(wrong()),
    }
}

fn mailbox(text: &str) -> Result<Mailbox, Error> {
    text.parse().map_err(|error: lettre::address::AddressError| {
        Error::new(ErrorKind::Config, format!("`{text}` under [email] is no mail address")).source(error)
    })
}

/// What is ours cannot be put into a mail: that is for us to mend.
fn composed(error: &(impl fmt::Display + ?Sized)) -> Error {
    Error::new(ErrorKind::MessageRefused, format!("the mail cannot be put together: {error}"))
        .at(Stage::Notify)
}

/// The lines as a page; the part that it is sent in says that it is UTF-8.
fn page(html: &str) -> String {
    format!("<!DOCTYPE html><html><body>{}</body></html>\n", html.replace('\n', "<br>\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_mail_has_an_id_of_its_own() {
        let email = Email::new(EmailConfig {
            server: "smtp://127.0.0.1:25".into(),
            login: None,
            from: "exporter@example.com".into(),
            to: vec!["owner@example.com".into()],
            language: Language::En,
        });
        let email = email.unwrap();
        let message = Message::new("Toko", "r1", exporter_core::MessageBody::Note { text: "hello".into() });
        let mut ids = std::collections::HashSet::new();
        for _ in 0..2 {
            let mail = email.compose(&message).await.unwrap().formatted();
            let mail = String::from_utf8(mail).unwrap();
            let id = mail.lines().find(|line| line.starts_with("Message-ID: <")).expect("it has an id");
            ids.insert(id.to_owned());
        }
        assert_eq!(ids.len(), 2);
    }

    #[test]
    fn a_server_is_encrypted_unless_it_is_this_machine() {
        let shape = |server: &str| {
            let (host, port, tls) = place(server).unwrap();
            let tls = match tls {
                Tls::Wrapper(_) => "tls",
                Tls::Required(_) => "starttls",
                _ => "plain",
            };
            format!("{host} {port} {tls}")
        };
        assert_eq!(shape("smtps://mail.example.com"), "mail.example.com 465 tls");
        assert_eq!(shape("smtp://mail.example.com"), "mail.example.com 587 starttls");
        assert_eq!(shape("smtp://mail.example.com:2525"), "mail.example.com 2525 starttls");
        assert_eq!(shape("smtp://127.0.0.1:2525"), "127.0.0.1 2525 plain");
        for wrong in ["mail.example.com", "https://mail.example.com", "smtp://user:pw@mail.example.com"] {
            assert_eq!(place(wrong).unwrap_err().kind(), ErrorKind::Config, "{wrong}");
        }
    }
}
