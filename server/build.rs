//! Gives the build its name, and refuses to make a release binary without the site's files inside.

use std::{
    env, fs,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    path::{Path, PathBuf},
};

/// Everything that a page or a program on the other side can tell apart, relative to this package.
const SOURCES: [&str; 10] = [
    "../Cargo.lock",
    "../app",
    "../frontend",
    "../migrations",
    "../public",
    "../style",
    "domain/src",
    "engine/src",
    "src",
    "Cargo.toml",
];

/// `make` touches it when cargo-leptos has finished the folder that `src/assets.rs` embeds.
const SITE: &str = "../target/site/.built";

fn main() -> io::Result<()> {
    // From the source, not from git or the time: a tarball and a container build the same name from the same source.
    // DefaultHasher without keys is the same in each run, and needs no dependency.
    let mut name = DefaultHasher::new();
    for source in SOURCES.map(Path::new) {
        if source.exists() {
            println!("cargo::rerun-if-changed={}", source.display());
            add(source, &mut name)?;
        }
    }
    println!("cargo::rustc-env=PHAROS_BUILD={:016x}", name.finish());

    let style = bundle(Path::new("../style/public.css"))?;
    fs::write(PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("public.css"), style)?;

    // Debug builds read the folder when they run.
    if env::var_os("PROFILE").is_some_and(|profile| profile == "release") {
        println!("cargo::rerun-if-changed={SITE}");
        if !Path::new(SITE).exists() {
            println!(
                "cargo::error=the site is not built: use `make release`, `make run` or `make target/site/.built`"
            );
        }
    }
    Ok(())
}

fn add(path: &Path, name: &mut DefaultHasher) -> io::Result<()> {
    if !path.is_dir() {
        path.hash(name);
        fs::read(path)?.hash(name);
        return Ok(());
    }
    let mut inside =
        fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<PathBuf>>>()?;
    inside.sort();
    inside.iter().try_for_each(|path| add(path, name))
}

/// The style sheet of the public pages in one piece, without comments. cargo-leptos bundles one sheet, the console's; each
/// file carries its own layer, so what is imported can simply be put one after the other.
fn bundle(sheet: &Path) -> io::Result<String> {
    let folder = sheet.parent().unwrap_or(Path::new("."));
    let mut bundled = String::new();
    for line in without_comments(&fs::read_to_string(sheet)?).lines() {
        match line.trim().strip_prefix("@import \"").and_then(|rest| rest.strip_suffix("\";")) {
            Some(name) => bundled.push_str(&bundle(&folder.join(name))?),
            None if line.trim().is_empty() => {}
            None => {
                bundled.push_str(line.trim());
                bundled.push('\n');
            }
        }
    }
    Ok(bundled)
}

fn without_comments(css: &str) -> String {
    let mut pieces = css.split("/*");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| text + piece.split_once("*/").map_or("", |(_, rest)| rest))
}
