//! A PostgreSQL for the tests: the one of `TEST_POSTGRES_URL`, or one of our own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// Makes a cluster, runs it, and removes it when its standard input ends: that is when the tests end, however they do.
const SCRIPT: &str = r#"
set -e
folder=$1 programs=$2
cd /
mkdir -m 700 "$folder"
trap 'rm -rf "$folder"' EXIT
"$programs/initdb" --pgdata="$folder/data" --username=postgres --auth=trust --encoding=UTF8 --locale=C --no-sync >"$folder/log" 2>&1 \
    || { cat "$folder/log" >&2; exit 1; }
"$programs/postgres" -D "$folder/data" -c listen_addresses= -c unix_socket_directories="$folder" -c fsync=off \
    -c synchronous_commit=off -c full_page_writes=off -c max_connections=300 >>"$folder/log" 2>&1 &
server=$!
for attempt in $(seq 200); do
    "$programs/pg_isready" --quiet --host="$folder" && break
    kill -0 $server 2>/dev/null || { cat "$folder/log" >&2; exit 1; }
    sleep 0.05
done
echo ready
cat >/dev/null
kill -INT $server
wait $server || true
"#;

/// How the tests reach a PostgreSQL.
#[derive(Debug)]
struct Server {
    /// The URL of a database `NAME` is made of the part before and the part after it.
    before: String,
    after: String,
    /// Holds the pipe whose end stops our own server.
    _own: Option<Child>,
}

/// The URL of a new, empty database; `None` when the person who runs the tests chose to do without PostgreSQL.
pub(crate) async fn new_database() -> Option<String> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let server = SERVER.get_or_init(server).as_ref()?;
    let name = format!("pharos_test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let url = |name: &str| format!("{}{name}{}", server.before, server.after);
    let mut admin = PgConnection::connect(&url("postgres")).await.unwrap();
    for statement in [format!("drop database if exists {name}"), format!("create database {name}")] {
        sqlx::query(AssertSqlSafe(statement)).execute(&mut admin).await.unwrap();
    }
    admin.close().await.unwrap();
    Some(url(&name))
}

fn server() -> Option<Server> {
    let variable = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    if let Some(url) = variable("TEST_POSTGRES_URL") {
        let (rest, query) = url.split_once('?').map_or((url.as_str(), ""), |(rest, query)| (rest, query));
        let (before, _) = rest.rsplit_once('/').expect("TEST_POSTGRES_URL names a database");
        let after = if query.is_empty() { String::new() } else { format!("?{query}") };
        return Some(Server { before: format!("{before}/"), after, _own: None });
    }
    if variable("PHAROS_SKIP_POSTGRES").is_some_and(|value| value == "1") {
        eprintln!("PHAROS_SKIP_POSTGRES=1: nothing is tested on PostgreSQL");
        return None;
    }
    let programs = programs().expect(
        "the tests need PostgreSQL: install it (apt-get install postgresql), name one in TEST_POSTGRES_URL, \
         or leave it out with PHAROS_SKIP_POSTGRES=1",
    );
    let folder = std::env::temp_dir().join(format!("pharos-pg-{}", std::process::id()));
    Some(start(&programs, &folder))
}

fn start(programs: &Path, folder: &Path) -> Server {
    let mut command = shell(SCRIPT);
    command.arg(folder).arg(programs);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a shell");
    let mut line = String::new();
    let output = child.stdout.take().expect("a pipe");
    BufReader::new(output).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n", "PostgreSQL did not start");
    Server {
        before: "postgres://postgres@localhost/".to_owned(),
        after: format!("?host={}", folder.display()),
        _own: Some(child),
    }
}

/// A script as somebody whom PostgreSQL works for: initdb refuses to work as root. Arguments follow.
pub(crate) fn shell(script: &str) -> Command {
    let is_root =
        std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    let mut command = if is_root { Command::new("setpriv") } else { Command::new("sh") };
    if is_root {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "sh"]);
    }
    command.args(["-c", script, "sh"]);
    command
}

/// The folder of the newest PostgreSQL.
pub(crate) fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default().to_string_lossy().into_owned();
    let has_all = |folder: &PathBuf| {
        ["initdb", "postgres", "pg_isready"].iter().all(|name| folder.join(name).is_file())
    };
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort();
    let installed = versions.into_iter().rev().map(|(_, folder)| folder);
    installed.chain(path.split(':').map(PathBuf::from)).find(has_all)
}
