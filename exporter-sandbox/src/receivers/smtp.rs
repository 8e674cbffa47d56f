//! A mail server on loopback: enough of RFC 5321, of `AUTH PLAIN` (RFC 4954) and of
//! `STARTTLS` (RFC 3207) for a client to hand in its mail, or to be refused.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::Letter;
use super::encryption::{Encryption, acceptor};

/// The user name that it knows.
pub const MAIL_USER: &str = "exporter";
/// That user's password.
pub const MAIL_PASSWORD: &str = "sandbox-mail-password";

#[derive(Debug, Default)]
struct Inside {
    letters: Vec<Letter>,
    logins: u32,
    down: bool,
}

/// A running mail server; it stops when this is dropped.
#[derive(Debug)]
pub struct MailServer {
    inside: Arc<Mutex<Inside>>,
    address: SocketAddr,
    encryption: Encryption,
    server: JoinHandle<()>,
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl MailServer {
    /// Starts one on a free port of loopback.
    pub async fn start() -> io::Result<Self> {
        Self::encrypted(Encryption::None).await
    }

    /// Starts one that talks in private, with a certificate for `localhost` of the authority
    /// [`AUTHORITY`](super::AUTHORITY).
    pub async fn encrypted(encryption: Encryption) -> io::Result<Self> {
        let inside: Arc<Mutex<Inside>> = Arc::default();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (address, acceptor) = (listener.local_addr()?, acceptor()?);
        let shared = inside.clone();
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (shared, acceptor) = (shared.clone(), acceptor.clone());
                // A client that hangs up in the middle has handed nothing in.
                tokio::spawn(async move { drop(meet(stream, encryption, &acceptor, &shared).await) });
            }
        });
        Ok(Self { inside, address, encryption, server })
    }

    /// Its address, as mail programs write it.
    pub fn url(&self) -> String {
        let port = self.address.port();
        match self.encryption {
            Encryption::None => format!("smtp://{}", self.address),
            // In capitals, for mail programs that need no encryption to `localhost`.
            Encryption::StartTls => format!("smtp://LOCALHOST:{port}"),
            Encryption::Implicit => format!("smtps://localhost:{port}"),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How often a user name and a password were sent.
    pub fn logins(&self) -> u32 {
        lock(&self.inside).logins
    }

    /// The mails that were taken, oldest first.
    pub fn letters(&self) -> Vec<Letter> {
        lock(&self.inside).letters.clone()
    }

    /// Whether everybody is sent away from now on.
    pub fn set_down(&self, down: bool) {
        lock(&self.inside).down = down;
    }
}

fn lock(inside: &Mutex<Inside>) -> MutexGuard<'_, Inside> {
    inside.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A conversation, private or not.
trait Line: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Line for T {}

/// One client, from the first byte on.
async fn meet(
    stream: TcpStream,
    encryption: Encryption,
    acceptor: &TlsAcceptor,
    inside: &Mutex<Inside>,
) -> io::Result<()> {
    match encryption {
        Encryption::None => {
            let mut stream = BufReader::new(stream);
            if greet(&mut stream, inside).await? { talk(stream, inside).await } else { Ok(()) }
        }
        Encryption::Implicit => {
            let mut stream = BufReader::new(acceptor.accept(stream).await?);
            if greet(&mut stream, inside).await? { talk(stream, inside).await } else { Ok(()) }
        }
        Encryption::StartTls => {
            let mut stream = BufReader::new(stream);
            if greet(&mut stream, inside).await? && waits_for_tls(&mut stream).await? {
                talk(BufReader::new(acceptor.accept(stream.into_inner()).await?), inside).await
            } else {
                Ok(())
            }
        }
    }
}

async fn greet(stream: &mut BufReader<impl Line>, inside: &Mutex<Inside>) -> io::Result<bool> {
    let down = lock(inside).down;
    say(stream, if down { "421 closed for today" } else { "220 sandbox ESMTP" }).await?;
    Ok(!down)
}

/// Everything is refused until the client asks for encryption; whether it does.
async fn waits_for_tls(stream: &mut BufReader<impl Line>) -> io::Result<bool> {
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(false);
        }
        let verb = line.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "EHLO" => "250-sandbox\r\n250 STARTTLS",
            "STARTTLS" => "220 go on in private",
            "QUIT" => "221 bye",
            _ => "530 5.7.0 Must issue a STARTTLS command first",
        };
        say(stream, answer).await?;
        match verb.as_str() {
            "STARTTLS" => return Ok(true),
            "QUIT" => return Ok(false),
            _ => {}
        }
    }
}

/// One client, from its own greeting to farewell.
async fn talk(mut stream: BufReader<impl Line>, inside: &Mutex<Inside>) -> io::Result<()> {
    let (mut known, mut from, mut to) = (false, String::new(), Vec::new());
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let words = line.trim_end();
        let verb = words.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "EHLO" => "250-sandbox\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 AUTH PLAIN",
            "HELO" | "NOOP" | "RSET" => "250 yes",
            "AUTH" => {
                lock(inside).logins += 1;
                known = is_known(words);
                if known { "235 welcome" } else { "535 5.7.8 the password is wrong" }
            }
            "MAIL" if !known => "530 5.7.0 say who you are first",
            "MAIL" => {
                from = address(words);
                "250 yes"
            }
            "RCPT" if words.contains("nobody@") => "550 5.1.1 there is no such mailbox",
            "RCPT" => {
                to.push(address(words));
                "250 yes"
            }
            "DATA" => {
                say(&mut stream, "354 go on, end with a dot").await?;
                let data = data(&mut stream).await?;
                let letter = Letter { from: std::mem::take(&mut from), to: std::mem::take(&mut to), data };
                lock(inside).letters.push(letter);
                "250 taken"
            }
            "QUIT" => return say(&mut stream, "221 bye").await,
            _ => "502 not here",
        };
        say(&mut stream, answer).await?;
    }
}

async fn say(stream: &mut BufReader<impl Line>, words: &str) -> io::Result<()> {
    stream.get_mut().write_all(format!("{words}\r\n").as_bytes()).await?;
    stream.get_mut().flush().await
}

/// `AUTH PLAIN` with its answer in the same line: nothing, user name, password, each after
/// a zero byte.
fn is_known(words: &str) -> bool {
    let answer = words.strip_prefix("AUTH PLAIN ").and_then(|packed| STANDARD.decode(packed).ok());
    answer.is_some_and(|answer| answer == format!("\0{MAIL_USER}\0{MAIL_PASSWORD}").into_bytes())
}

/// What stands between `<` and `>`.
fn address(words: &str) -> String {
    let inner = words.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map(|(address, _)| address.to_owned()).unwrap_or_default()
}

/// Lines up to a single dot; a dot at the beginning of a line was doubled.
async fn data(stream: &mut BufReader<impl Line>) -> io::Result<String> {
    let mut data = String::new();
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if line == ".\r\n" {
            return Ok(data);
        }
        data.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}
