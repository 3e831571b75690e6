//! The files of the languages have the same sentences, about the same things.

use std::collections::{BTreeMap, BTreeSet};

use super::language::Language;
use super::message;

/// How many entries a file has at most, the parts of sentences and the times included.
const MOST: usize = 60;

/// Entries that no message names: parts of sentences, and the times.
const PARTS: [&str; 9] =
    ["access", "product", "for-product", "trial", "new-product", "in-store", "company", "day", "day-and-time"];

/// Each entry of a file with its text.
fn entries(language: Language) -> BTreeMap<String, String> {
    let mut entries: BTreeMap<String, String> = BTreeMap::new();
    let mut current = String::new();
    for line in language.file().lines().filter(|line| !line.starts_with('#')) {
        let begins = line.starts_with(|letter: char| letter.is_ascii_lowercase());
        match line.split_once(" = ").or_else(|| line.split_once(" =")).filter(|_| begins) {
            Some((key, text)) => {
                current = key.to_owned();
                assert!(entries.insert(current.clone(), text.to_owned()).is_none(), "{key} is there twice");
            }
            None => {
                if let Some(text) = entries.get_mut(&current) {
                    text.push_str(line);
                }
            }
        }
    }
    entries
}

/// The variables of an entry, and those of the parts that it uses.
fn variables(entries: &BTreeMap<String, String>, key: &str) -> BTreeSet<String> {
    let text = entries.get(key).map_or("", String::as_str);
    let name = |piece: &str| -> String {
        piece.chars().take_while(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-')).collect()
    };
    let own = text.split('$').skip(1).map(name);
    let parts = text.split("{ ").skip(1).map(name).filter(|part| entries.contains_key(part));
    own.chain(parts.flat_map(|part| variables(entries, &part))).collect()
}

#[test]
fn every_language_has_the_same_sentences_about_the_same_things() {
    let english = entries(Language::English);
    assert!(english.len() <= MOST, "{} entries", english.len());
    for language in Language::ALL {
        let own = entries(language);
        let keys = |entries: &BTreeMap<String, String>| entries.keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(keys(&own), keys(&english), "{}", language.name());
        for key in english.keys() {
            assert_eq!(variables(&own, key), variables(&english, key), "{key} in {}", language.name());
        }
    }
}

#[test]
fn every_sentence_is_in_the_table_and_uses_only_what_it_is_told() {
    let english = entries(Language::English);
    let table: BTreeMap<&str, Vec<String>> = message::table().into_iter().collect();
    let named: BTreeSet<&str> = table.keys().copied().chain(PARTS).collect();
    assert_eq!(english.keys().map(String::as_str).collect::<BTreeSet<_>>(), named);
    for (key, arguments) in table {
        let used = variables(&english, key);
        assert!(used.iter().all(|name| arguments.contains(name)), "{key}: {used:?}, {arguments:?}");
        let stems = arguments.iter().filter(|name| !name.ends_with("_known") && !name.ends_with("_name"));
        for stem in stems {
            assert!(used.iter().any(|name| name.starts_with(stem)), "{key} says nothing of {stem}");
        }
    }
}
