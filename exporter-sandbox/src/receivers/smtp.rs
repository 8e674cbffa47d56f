//! A mail server on loopback: enough of RFC 5321 and of `AUTH PLAIN` (RFC 4954) for a
//! client to hand in its mail, or to be refused.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::Letter;

/// The user name that it knows.
pub const MAIL_USER: &str = "exporter";
/// That user's password.
pub const MAIL_PASSWORD: &str = "sandbox-mail-password";

#[derive(Debug, Default)]
struct Inside {
    letters: Vec<Letter>,
    down: bool,
}

/// A running mail server; it stops when this is dropped.
#[derive(Debug)]
pub struct MailServer {
    inside: Arc<Mutex<Inside>>,
    address: SocketAddr,
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
        let inside: Arc<Mutex<Inside>> = Arc::default();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = inside.clone();
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = shared.clone();
                // A client that hangs up in the middle has handed nothing in.
                tokio::spawn(async move { drop(talk(stream, &shared).await) });
            }
        });
        Ok(Self { inside, address, server })
    }

    /// Its address, as mail programs write it.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
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

/// One client, from greeting to farewell.
async fn talk(stream: TcpStream, inside: &Mutex<Inside>) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    if lock(inside).down {
        return say(&mut stream, "421 closed for today").await;
    }
    say(&mut stream, "220 sandbox ESMTP").await?;
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

async fn say(stream: &mut BufReader<TcpStream>, words: &str) -> io::Result<()> {
    stream.get_mut().write_all(format!("{words}\r\n").as_bytes()).await
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
async fn data(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
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
