//! Where the server is and how it is talked to: what a `postgres://` address says, encrypted
//! and with a checked certificate unless the server is on this machine or the address says no.

use std::fmt;
use std::path::Path;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use exporter_core::{Error, ErrorKind, Result, Secret};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::text::Done;

/// How long a server may take to answer the door.
const KNOCK: Duration = Duration::from_secs(10);
/// A peer that has vanished without a word is given up after this long.
const SILENCE: Duration = Duration::from_secs(30);

/// A server, a database on it, and who asks.
pub struct Server {
    config: Config,
    tls: Option<MakeRustlsConnect>,
    place: String,
}

impl Server {
    /// Reads an address `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, with libpq's options behind
    /// `?`. `sslmode` is what holds where the address has none (libpq's `PGSSLMODE`).
    ///
    /// # Errors
    /// [`ErrorKind::Config`]; the address itself is not repeated, it has the password in it.
    pub fn new(address: &Secret, sslmode: Option<&str>) -> Result<Self> {
        let address = address.expose().trim();
        if !address.starts_with("postgres://") && !address.starts_with("postgresql://") {
            return Err(wrong("it does not begin with postgres://"));
        }
        let (rest, encryption) = Encryption::split(address, sslmode)?;
        let mut config = Config::from_str(&rest).map_err(|_| {
            wrong("it is not postgres://USER:PASSWORD@HOST:PORT/DATABASE, or an option is not known")
        })?;
        if config.get_hosts().is_empty() {
            return Err(wrong("it names no server"));
        }
        let tls = encryption.for_hosts(config.get_hosts())?;
        config.ssl_mode(if tls.is_some() { SslMode::Require } else { SslMode::Disable });
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(KNOCK);
        }
        config.keepalives_idle(SILENCE).tcp_user_timeout(SILENCE);
        if config.get_application_name().is_none() {
            config.application_name("exporter");
        }
        let place = place(&config);
        Ok(Self { config, tls, place })
    }

    /// Database and server, for people: `shop on db.example:5432`.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Who asks, and for which database, where the address says so.
    pub fn names(&self) -> (&str, &str) {
        let user = self.config.get_user().unwrap_or("USER");
        (user, self.config.get_dbname().unwrap_or(user))
    }

    /// A new connection.
    pub async fn connect(&self) -> Done<Client> {
        if let Some(tls) = &self.tls {
            let (client, connection) = self.config.connect(tls.clone()).await?;
            tokio::spawn(drive(connection));
            return Ok(client);
        }
        let (client, connection) = self.config.connect(NoTls).await?;
        tokio::spawn(drive(connection));
        Ok(client)
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Server").field(&self.place).finish()
    }
}

/// Carries what a client says; whoever waits for an answer is told of its end.
async fn drive(connection: impl Future<Output = Result<(), tokio_postgres::Error>>) {
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection to PostgreSQL has ended");
    }
}

/// What an address says of encryption.
struct Encryption {
    mode: Option<String>,
    roots: Option<String>,
}

impl Encryption {
    /// Takes `sslmode` and `sslrootcert` out of the address: the library knows fewer modes, and
    /// takes `require` for encryption with whomever.
    fn split(address: &str, sslmode: Option<&str>) -> Result<(String, Self)> {
        let mut found = Self { mode: sslmode.map(str::to_owned), roots: None };
        let Some((head, query)) = address.split_once('?') else { return Ok((address.to_owned(), found)) };
        let mut kept = Vec::new();
        for option in query.split('&') {
            let value = |value: &str| {
                let text = percent_encoding::percent_decode_str(value).decode_utf8();
                text.map(|text| Some(text.into_owned())).map_err(|_| wrong("an option is not UTF-8"))
            };
            match option.split_once('=') {
                Some(("sslmode", mode)) => found.mode = value(mode)?,
                Some(("sslrootcert", file)) => found.roots = value(file)?,
                _ => kept.push(option),
            }
        }
        Ok((format!("{head}?{}", kept.join("&")), found))
    }

    /// How these hosts are talked to; none: as it is.
    fn for_hosts(&self, hosts: &[Host]) -> Result<Option<MakeRustlsConnect>> {
        let encrypted = match self.mode.as_deref() {
            Some("disable") => false,
            // Whoever wants it encrypted gets it from the right server only.
            Some("require" | "verify-ca" | "verify-full") => true,
            None => !hosts.iter().all(is_here),
            Some(_) => {
                return Err(wrong("sslmode is none of disable, require and verify-full")
                    .hint("`require` checks the certificate here, as verify-full does"));
            }
        };
        if encrypted { Ok(Some(MakeRustlsConnect::new(self.tls()?))) } else { Ok(None) }
    }

    fn tls(&self) -> Result<ClientConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let broken = |error: rustls::Error| {
            Error::new(ErrorKind::Internal, "TLS cannot be set up for PostgreSQL").source(error)
        };
        let Some(file) = &self.roots else {
            let verified = builder.and_then(BuilderVerifierExt::with_platform_verifier).map_err(broken)?;
            return Ok(verified.with_no_client_auth());
        };
        let roots = read_roots(Path::new(file)).map_err(|error| {
            wrong(&format!("its sslrootcert {file} cannot be read"))
                .source(error)
                .hint("it is a PEM file with the certificate of whoever signed the server's")
        })?;
        Ok(builder.map_err(broken)?.with_root_certificates(roots).with_no_client_auth())
    }
}

fn read_roots(file: &Path) -> Result<RootCertStore, Box<dyn std::error::Error + Send + Sync>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file)? {
        roots.add(certificate?)?;
    }
    if roots.is_empty() { Err("there is no certificate in it".into()) } else { Ok(roots) }
}

/// Whether what is said to this host stays on this machine.
fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

fn place(config: &Config) -> String {
    let ports = config.get_ports();
    let hosts = config.get_hosts().iter().enumerate().map(|(index, host)| match host {
        Host::Tcp(name) => {
            let port = ports.get(index).or(ports.first()).copied().unwrap_or(5432);
            format!("{name}:{port}")
        }
        #[cfg(unix)]
        Host::Unix(path) => path.display().to_string(),
    });
    let database = config.get_dbname().or(config.get_user()).unwrap_or("the user's database");
    format!("{database} on {}", hosts.collect::<Vec<_>>().join(", "))
}

fn wrong(why: &str) -> Error {
    Error::new(ErrorKind::Config, format!("the address of the state in PostgreSQL cannot be used: {why}"))
        .hint("write it as postgres://USER:PASSWORD@HOST:5432/DATABASE")
        .hint("in a password write @ as %40, / as %2F, : as %3A, ? as %3F, # as %23, % as %25")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(address: &str) -> Result<Server> {
        Server::new(&Secret::new(address), None)
    }

    #[test]
    fn a_server_elsewhere_is_spoken_to_in_secret_and_one_here_as_it_is() {
        for (address, encrypted) in [
            ("postgres://u:p@db.example/shop", true),
            ("postgresql://u:p@db.example/shop?sslmode=require&channel_binding=require", true),
            ("postgres://u:p@127.0.0.1:5433/shop?sslmode=verify-full", true),
            ("postgres://u:p@db.example/shop?connect_timeout=3&sslmode=disable", false),
            ("postgres://u:p@localhost/shop", false),
            ("postgres://u@%2Fvar%2Frun%2Fpostgresql/shop", false),
        ] {
            assert_eq!(server(address).unwrap().tls.is_some(), encrypted, "{address}");
        }
        let asked = Server::new(&Secret::new("postgres://db.example/shop"), Some("disable")).unwrap();
        assert!(asked.tls.is_none(), "the environment says so");
        let address = Secret::new("postgres://db.example/shop?sslmode=require");
        assert!(
            Server::new(&address, Some("disable")).unwrap().tls.is_some(),
            "the address has the last word"
        );
    }

    #[test]
    fn people_read_database_and_server_and_never_the_password() {
        let server = server("postgres://clerk:s3cret@db.example:6543/shop").unwrap();
        assert_eq!(format!("{server:?}"), "Server(\"shop on db.example:6543\")");
        assert_eq!(server.names(), ("clerk", "shop"));
    }

    #[test]
    fn an_address_that_cannot_be_read_is_not_repeated() {
        for address in [
            "s3cret",
            "mysql://u:s3cret@db/shop",
            "postgres://u:s3cret@db:five/shop",
            "postgres://u:s3cret@db/shop?sslmode=prefer",
            "postgres://u:s3cret@db/shop?sslrootcert=/nowhere.pem",
            "postgres://u:s3cret@/shop",
        ] {
            let error = server(address).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{address}");
            let all = format!("{error} {error:?} {:?}", error.report());
            assert!(!all.contains("s3cret") && error.hints()[0].contains("postgres://USER"), "{all}");
        }
    }
}
