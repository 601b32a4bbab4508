//! Pharos: watches websites, services and servers, and tells people.

use std::process::ExitCode;

fn main() -> ExitCode {
    server::cli::main()
}
