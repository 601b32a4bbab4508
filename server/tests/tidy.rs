//! The invariants of the tree that no compiler checks.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use server::config::Config;

/// The longest source file outside of tests, in lines: what a reader can hold.
const MAX_LINES: usize = 400;
/// Between these lines of the README stands the table of the configuration.
const MARKERS: (&str, &str) = ("<!-- configuration -->", "<!-- /configuration -->");

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// Every file below a folder with one of the endings.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                if !name.starts_with('.') && name != "target" && name != "node_modules" {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|ending| endings.contains(&ending.to_str().unwrap())) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn is_test(path: &Path) -> bool {
    let inside = path.strip_prefix(root()).unwrap();
    inside.components().any(|part| matches!(part.as_os_str().to_str(), Some("tests" | "benches" | "end2end")))
        || path.file_name().is_some_and(|name| name == "tests.rs")
}

/// The lines of a file that are no comment and stand before its unit tests.
fn code(path: &Path) -> Vec<(usize, String)> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .enumerate()
        .take_while(|(_, line)| *line != "#[cfg(test)]")
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(number, line)| (number + 1, line.to_owned()))
        .collect()
}

/// Everything below `folder` that names one of the words; a word counts where it begins a path.
fn naming(folder: &str, words: &[&str], except: Option<&str>) -> Vec<String> {
    let except = except.map(|folder| root().join(folder));
    files(&root().join(folder), &["rs"])
        .iter()
        .filter(|path| except.as_ref().is_none_or(|folder| !path.starts_with(folder)) && !is_test(path))
        .flat_map(|path| {
            let names = |line: &str| {
                words.iter().any(|word| {
                    line.match_indices(word).any(|(at, _)| {
                        !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_')
                            && line[at + word.len()..].starts_with("::")
                    })
                })
            };
            code(path)
                .into_iter()
                .filter(|(_, line)| names(line))
                .map(|(number, line)| format!("{}:{number}: {}", path.display(), line.trim()))
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn no_source_file_is_too_long_to_read() {
    let folders = ["app", "frontend", "server", "style", "public", "end2end/support", "end2end/tests"];
    let long: Vec<_> = folders
        .iter()
        .flat_map(|folder| files(&root().join(folder), &["rs", "css", "js", "ts"]))
        .filter_map(|path| {
            let lines = std::fs::read_to_string(&path).unwrap().lines().count();
            (lines > MAX_LINES).then(|| format!("{} has {lines} lines", path.display()))
        })
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn only_the_store_names_the_database_library() {
    let named: Vec<_> = ["app", "frontend", "server"]
        .iter()
        .flat_map(|folder| naming(folder, &["sqlx"], Some("server/engine/src/store")))
        .collect();
    assert!(named.is_empty(), "{named:#?}");
}

#[test]
fn the_engine_names_no_web_framework() {
    let named = naming("server/engine/src", &["axum", "leptos", "leptos_axum", "tower_sessions"], None);
    assert!(named.is_empty(), "{named:#?}");
}

#[test]
fn the_language_names_no_database_and_no_runtime() {
    let named = naming("server/domain/src", &["sqlx", "tokio", "axum", "leptos"], None);
    assert!(named.is_empty(), "{named:#?}");
}

#[test]
fn checks_and_providers_never_see_the_store() {
    for folder in ["server/engine/src/checks", "server/engine/src/providers"] {
        let named = naming(folder, &["store"], None);
        assert!(named.is_empty(), "{named:#?}");
    }
}

#[test]
fn each_migration_exists_for_both_databases() {
    let names = |folder: &str| -> BTreeSet<String> {
        let found = files(&root().join("migrations").join(folder), &["sql"]);
        found.iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
    };
    assert!(!names("sqlite").is_empty());
    assert_eq!(names("sqlite"), names("postgres"));
}

#[test]
fn every_kind_of_check_has_its_two_files_and_its_line() {
    let (settings, runners) =
        (root().join("server/domain/src/check"), root().join("server/engine/src/checks"));
    for kind in domain::check::CheckKind::ALL {
        let name = kind.as_str();
        let has = |folder: &Path| folder.join(format!("{name}.rs")).is_file() || folder.join(name).is_dir();
        assert!(has(&settings), "{name} has no settings file in {}", settings.display());
        // The scheduler itself runs push.
        assert!(name == "push" || has(&runners), "{name} has no runner in {}", runners.display());
    }
    // The other way round: whoever implements the settings of a kind must stand in the list.
    for path in files(&settings, &["rs"]) {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let is_kind = code(&path).iter().any(|(_, line)| line.starts_with("impl KindSettings for "));
        let listed = domain::check::CheckKind::ALL.iter().any(|kind| kind.as_str() == name);
        assert!(!is_kind || listed, "{} is not in the list of kinds", path.display());
    }
}

#[test]
fn every_provider_has_its_two_files_and_its_line() {
    let (settings, runners) =
        (root().join("server/domain/src/integration"), root().join("server/engine/src/providers"));
    for kind in domain::integration::ProviderKind::ALL {
        let name = kind.as_str();
        let has = |folder: &Path| folder.join(format!("{name}.rs")).is_file() || folder.join(name).is_dir();
        assert!(has(&settings), "{name} has no settings file in {}", settings.display());
        assert!(has(&runners), "{name} has no runner in {}", runners.display());
    }
    for path in files(&settings, &["rs"]) {
        let is_kind = code(&path).iter().any(|(_, line)| line.starts_with("impl ProviderSettings for "));
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let folder = path.parent().unwrap().file_name().unwrap().to_str().unwrap();
        let listed = domain::integration::ProviderKind::ALL
            .iter()
            .any(|kind| kind.as_str() == stem || (stem == "mod" && kind.as_str() == folder));
        assert!(!is_kind || listed, "{} is not in the list of providers", path.display());
    }
}

#[test]
fn the_readme_shows_the_configuration_as_it_is() {
    let Ok(readme) = std::fs::read_to_string(root().join("README.md")) else { return };
    let Some((_, rest)) = readme.split_once(MARKERS.0) else { return };
    let (shown, _) = rest.split_once(MARKERS.1).expect("the second marker");
    let table = Config::table();
    assert_eq!(shown.trim(), table.trim(), "put this between the markers of README.md:\n\n{table}");
}
