//! The rules that the code cites stand in the repository: each `§` of a comment names a section of one of these documents.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const DOCUMENTS: [&str; 3] = ["src/projection/RULES.md", "src/pages/profile/RULES.md", "src/api/CONTRACT.md"];
/// Where sections are cited. `tests/layers.rs` and this file only speak of them.
const CITING: [&str; 4] = ["src", "tests/desk", "templates", "migrations"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The name of the section at the start of `text`, behind its `§`: `6.2`, `C3.18`, `9`.
fn section(text: &str) -> String {
    let name: String = text.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '.').collect();
    name.trim_end_matches('.').to_owned()
}

/// Every section that has a heading, with the documents it stands in.
fn sections() -> BTreeMap<String, Vec<&'static str>> {
    let mut found: BTreeMap<String, Vec<&'static str>> = BTreeMap::new();
    for document in DOCUMENTS {
        let text = fs::read_to_string(root().join(document)).expect("a document of rules");
        let headings = text.lines().filter(|line| line.starts_with('#')).filter_map(|line| line.split_once('§'));
        headings.for_each(|(_, name)| found.entry(section(name)).or_default().push(document));
    }
    found
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry of the folder").path();
        match path.is_dir() {
            true => files(&path, found),
            false => found.push(path),
        }
    }
}

/// Every citation of a section: where, and which.
fn citations() -> Vec<(String, String)> {
    let mut paths = Vec::new();
    CITING.iter().for_each(|folder| files(&root().join(folder), &mut paths));
    let mut found = Vec::new();
    for path in paths {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for (number, line) in text.lines().enumerate() {
            for (at, _) in line.match_indices('§') {
                let place = format!("{}:{}", path.strip_prefix(root()).unwrap_or(&path).display(), number + 1);
                found.push((place, section(&line[at + '§'.len_utf8()..])));
            }
        }
    }
    found
}

#[test]
fn each_section_that_is_cited_exists() {
    let sections = sections();
    let found = citations();
    assert!(found.len() > 200, "{} citations were found", found.len());
    let missing: Vec<String> = found
        .iter()
        .filter(|(_, name)| !sections.contains_key(name))
        .map(|(place, name)| format!("{place} cites §{name}, which is in no document"))
        .collect();
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn each_section_stands_in_one_document() {
    let twice: Vec<String> = sections()
        .into_iter()
        .filter(|(_, documents)| documents.len() != 1)
        .map(|(name, documents)| format!("§{name} stands in {}", documents.join(" and ")))
        .collect();
    assert!(twice.is_empty(), "{}", twice.join("\n"));
}
