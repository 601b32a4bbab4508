//! A PostgreSQL that a test may kill.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use engine::chance::Chance;

use crate::postgres::{programs, shell};

/// Makes a cluster, and does what its standard input says: `start`, or `kill`, which leaves nothing the time to tidy up. At the end of
/// its input, however that comes about, nothing is left. A commit is with the system before it is answered, as in earnest.
const SCRIPT: &str = r#"
folder=$1 programs=$2 port=$3
cd /
mkdir -m 700 "$folder" || exit 1
server=
kill_all() {
    [ -n "$server" ] || return 0
    kill -KILL "$server" $(cat "/proc/$server/task/$server/children" 2>/dev/null) 2>/dev/null
    wait "$server" 2>/dev/null
    server=
}
trap 'kill_all; rm -rf "$folder"' EXIT
"$programs/initdb" --pgdata="$folder/data" --username=postgres --auth=trust --encoding=UTF8 --locale=C --no-sync \
    >"$folder/log" 2>&1 || { cat "$folder/log" >&2; exit 1; }
while read -r word; do
    case $word in
    start)
        for attempt in $(seq 600); do
            if [ -z "$server" ] || ! kill -0 "$server" 2>/dev/null; then
                "$programs/postgres" -D "$folder/data" -c listen_addresses=127.0.0.1 -c port="$port" \
                    -c unix_socket_directories="$folder" -c fsync=off >>"$folder/log" 2>&1 &
                server=$!
            fi
            "$programs/pg_isready" --quiet --host=127.0.0.1 --port="$port" && break
            sleep 0.05
        done
        ;;
    kill) kill_all ;;
    esac
    echo done
done
"#;

/// The server. Dropped, it is gone with everything it kept.
pub(crate) struct Postgres {
    /// Of an empty database.
    pub(crate) url: String,
    _process: Child,
    says: BufReader<ChildStdout>,
    /// Its end ends the script.
    tell: ChildStdin,
}

impl Postgres {
    /// One that is not started yet; `None` when whoever runs the tests does without PostgreSQL, or has none on this machine.
    pub(crate) fn new() -> Option<Self> {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let skip = std::env::var_os("PHAROS_SKIP_POSTGRES").is_some_and(|value| value == "1");
        let programs = programs().filter(|_| !skip);
        assert!(
            programs.is_some() || skip || is_set("TEST_POSTGRES_URL"),
            "this test needs PostgreSQL: install it (apt-get install postgresql), or leave it out with PHAROS_SKIP_POSTGRES=1"
        );
        let programs: PathBuf = programs?;
        // Hardly anybody else takes a port that was just given back.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = std::env::temp_dir().join(format!("pharos-pg-{}", Chance::System.token()));
        let mut command = shell(SCRIPT);
        command.arg(folder).arg(programs).arg(port.to_string());
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (tell, says) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
        Some(Self { url, _process: process, says: BufReader::new(says), tell })
    }

    /// Starts it, and comes back when it answers.
    pub(crate) fn start(&mut self) {
        self.say("start");
    }

    /// Ends it as a power failure would.
    pub(crate) fn kill(&mut self) {
        self.say("kill");
    }

    fn say(&mut self, word: &str) {
        writeln!(self.tell, "{word}").unwrap();
        let mut line = String::new();
        self.says.read_line(&mut line).unwrap();
        assert_eq!(line, "done\n", "PostgreSQL: {word}");
    }
}
