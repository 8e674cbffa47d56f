//! A PostgreSQL server for tests: made when it is first asked for, a database for each test,
//! gone with the process that asked, however that ends.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::sync::OnceCell;

/// The password of the server's only user, `exporter`.
pub const PASSWORD: &str = "only-for-tests";

/// Starts the server, and ends it when the pipe that it reads from is closed.
const GUARD: &str = r#"
bin=$1 home=$2 port=$3
"$bin/postgres" -D "$home/data" -k "$home" -p "$port" -c listen_addresses=127.0.0.1 -c fsync=off >"$home/log" 2>&1 &
server=$!
read -r line
kill -QUIT "$server"
wait "$server"
rm -rf "$home""#;

/// A server that runs.
pub struct Server {
    bin: PathBuf,
    home: PathBuf,
    port: u16,
    user: Option<Account>,
    /// Its open pipe is what keeps the server.
    _guard: Child,
}

/// The account that the server runs as where we are root, which it refuses.
#[derive(Clone, Copy)]
struct Account {
    user: u32,
    group: u32,
}

static SERVER: OnceCell<Option<Server>> = OnceCell::const_new();
static NUMBER: AtomicU32 = AtomicU32::new(1);

/// The server of this process; none, with a printed line, where no PostgreSQL is installed.
///
/// # Panics
/// When it is installed and cannot be started, or `EXPORTER_REQUIRE_POSTGRES` is set and it is not
/// installed.
pub async fn server() -> Option<&'static Server> {
    let found = SERVER.get_or_init(async || {
        let Some(bin) = programs() else {
            assert!(std::env::var_os("EXPORTER_REQUIRE_POSTGRES").is_none(), "there is no PostgreSQL here");
            eprintln!("SKIPPED: there is no PostgreSQL here; install one: apt-get install postgresql");
            return None;
        };
        Some(Server::start(bin).await)
    });
    found.await.as_ref()
}

/// The address of a new, empty database; none where there is no server.
///
/// # Panics
/// When it cannot be made.
pub async fn database() -> Option<String> {
    let server = server().await?;
    let name = format!("test{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    server.say(&format!("CREATE DATABASE {name}"), "postgres").await;
    Some(server.address(&name))
}

/// Where the server's programs are: on the path, or where Debian keeps them.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let on_path = std::env::split_paths(&path).find(|folder| folder.join("initdb").is_file());
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest =
        versions.map(|version| version.path().join("bin")).filter(|bin| bin.join("initdb").is_file());
    // A link to one of them stands for the folder that has all of them.
    let linked = on_path.and_then(|folder| folder.join("initdb").canonicalize().ok());
    linked.and_then(|program| program.parent().map(Path::to_path_buf)).or_else(|| newest.max())
}

impl Server {
    async fn start(bin: PathBuf) -> Self {
        let home = must(tempfile::Builder::new().prefix("postgres-").tempdir().map(tempfile::TempDir::keep));
        let root = rustix::process::geteuid().is_root();
        let user = if root { Some(account().await) } else { None };
        let password = home.join("password");
        must(std::fs::write(&password, PASSWORD));
        if let Some(account) = user {
            for path in [&home, &password] {
                must(std::os::unix::fs::chown(path, Some(account.user), Some(account.group)));
            }
        }
        let mut init = plain(&bin.join("initdb"), user);
        init.args(["-U", "exporter", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]);
        init.arg("--pwfile").arg(&password).arg("-D").arg(home.join("data"));
        run(init).await;
        let free = must(std::net::TcpListener::bind(("127.0.0.1", 0)));
        let port = must(free.local_addr()).port();
        drop(free);
        let guard = Self::launch(&bin, &home, port, user);
        let server = Self { bin, home, port, user, _guard: guard };
        server.ready().await;
        server
    }

    fn launch(bin: &Path, home: &Path, port: u16, user: Option<Account>) -> Child {
        let mut guard = plain(Path::new("/bin/sh"), user);
        guard.args(["-c", GUARD, "guard"]).arg(bin).arg(home).arg(port.to_string());
        must(guard.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn())
    }

    /// Waits until it answers.
    async fn ready(&self) {
        for _ in 0..400 {
            let mut ask = plain(&self.bin.join("pg_isready"), None);
            ask.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
            if must(ask.status().await).success() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let log = std::fs::read_to_string(self.home.join("log")).unwrap_or_default();
        panic!("PostgreSQL does not start: {log}");
    }

    /// Ends all connections and starts it again, as after an update.
    ///
    /// # Panics
    /// When it cannot be.
    pub async fn restart(&self) {
        let mut restart = plain(&self.bin.join("pg_ctl"), self.user);
        restart.args(["restart", "-w", "-s", "-m", "fast", "-D"]).arg(self.home.join("data"));
        restart.arg("-l").arg(self.home.join("log"));
        run(restart).await;
    }

    /// Lets those who want to talk in secret, with this certificate and its key in PEM.
    ///
    /// # Panics
    /// When the server does not take them.
    pub async fn encrypt(&self, certificate: &str, key: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        for (name, text) in [("server.crt", certificate), ("server.key", key)] {
            let path = self.home.join("data").join(name);
            must(std::fs::write(&path, text));
            must(std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)));
            if let Some(account) = self.user {
                must(std::os::unix::fs::chown(&path, Some(account.user), Some(account.group)));
            }
        }
        self.say("ALTER SYSTEM SET ssl TO on", "postgres").await;
        self.say("SELECT pg_reload_conf()", "postgres").await;
        for _ in 0..200 {
            if self.say("SHOW ssl", "postgres").await == "on" {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("PostgreSQL for tests takes no certificate");
    }

    /// Says something to the server as its user; what it answers, a line for each row.
    ///
    /// # Panics
    /// When it refuses.
    pub async fn say(&self, sql: &str, database: &str) -> String {
        let mut psql = plain(&self.bin.join("psql"), None);
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql, &self.address(database)]);
        run(psql).await
    }

    /// The address of a database, with the password.
    pub fn address(&self, database: &str) -> String {
        format!("postgres://exporter:{PASSWORD}@127.0.0.1:{}/{database}", self.port)
    }

    /// The port that it listens at, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }
}

/// The user `postgres`, or else `nobody`.
async fn account() -> Account {
    let id = async |what: &str| {
        for name in ["postgres", "nobody"] {
            let mut id = Command::new("id");
            id.args([what, name]);
            let output = must(id.output().await);
            if output.status.success() {
                return must(String::from_utf8_lossy(&output.stdout).trim().parse());
            }
        }
        panic!("there is no user that the server could run as")
    };
    Account { user: id("-u").await, group: id("-g").await }
}

/// A program, as another user where that is asked for.
fn plain(program: &Path, user: Option<Account>) -> Command {
    let mut command = match user {
        None => Command::new(program),
        Some(Account { user, group }) => {
            let mut command = Command::new("setpriv");
            command.args([
                format!("--reuid={user}"),
                format!("--regid={group}"),
                "--clear-groups".to_owned(),
            ]);
            command.arg(program);
            command
        }
    };
    command.current_dir("/").stdin(Stdio::null());
    command
}

async fn run(mut command: Command) -> String {
    let output = must(command.output().await);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{:?} ended with {}: {said}", command.as_std(), output.status);
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

fn must<T, E: std::fmt::Display>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("PostgreSQL for tests: {error}"))
}
