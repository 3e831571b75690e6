//! Rules about the text of the sources: each `§` of a comment names a section of one of these documents, lines are short
//! enough to be read side by side, and templates do not reach into modules.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const DOCUMENTS: [&str; 3] = ["src/projection/RULES.md", "src/pages/profile/RULES.md", "src/api/CONTRACT.md"];
/// Where sections are cited. `tests/layers.rs` and this file only speak of them.
const CITING: [&str; 4] = ["src", "tests/desk", "templates", "migrations"];

/// A line has fewer characters than this.
const TOO_LONG: usize = 140;

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

/// The lines of all files with this extension in `folders`: where, and what they say.
fn lines(folders: &[&str], extension: &str) -> Vec<(String, String)> {
    let mut paths = Vec::new();
    folders.iter().for_each(|folder| files(&root().join(folder), &mut paths));
    let mut found = Vec::new();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|name| name == extension)) {
        let text = fs::read_to_string(path).expect("a source file is text");
        let name = path.strip_prefix(root()).unwrap_or(path).display();
        let lines = text.lines().enumerate().map(|(at, line)| (format!("{name}:{}", at + 1), line.to_owned()));
        found.extend(lines);
    }
    found
}

#[test]
fn no_line_of_rust_or_of_a_template_is_too_long() {
    let all = [lines(&["src", "tests"], "rs"), lines(&["templates"], "html")].concat();
    assert!(all.len() > 10_000, "{} lines were found", all.len());
    let too_long: Vec<String> = all
        .iter()
        .map(|(place, line)| (place, line.chars().count()))
        .filter(|(_, length)| *length >= TOO_LONG)
        .map(|(place, length)| format!("{place} has {length} characters; wrap it before {TOO_LONG}"))
        .collect();
    assert!(too_long.is_empty(), "{}", too_long.join("\n"));
}

/// A template asks its struct or a filter (`src/web/filters.rs`), so the order of the modules need not be checked in there.
#[test]
fn no_template_reaches_into_a_module() {
    let reaching: Vec<String> = lines(&["templates"], "html")
        .iter()
        .filter(|(_, line)| line.contains("crate::") || line.contains("super::"))
        .map(|(place, _)| format!("{place} names a path of Rust; make it a method of the struct, or a filter"))
        .collect();
    assert!(reaching.is_empty(), "{}", reaching.join("\n"));
}
