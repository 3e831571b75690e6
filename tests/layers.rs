//! The modules of `src` stand in one order, and each uses only those above it. The test reads every path that begins with
//! `crate::` or leads out of its module with `super::`, and there are no exceptions. Templates hold no such paths
//! (`tests/law.rs`). In the same way the files of `tests/desk` use only `support/`, not each other.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Top-level modules, each using only those before it. `src/README.md` says what each is for, in the same order.
const ORDER: [&str; 22] = [
    "base",
    "wording",
    "events",
    "projection",
    "db",
    "catalog",
    "audit",
    "customers",
    "endpoints",
    "ingest",
    "operations",
    "web",
    "auth",
    "explanation",
    "actions",
    "pages",
    "api",
    "webhooks",
    "live",
    "jobs",
    "server",
    "cli",
];

/// Crates that parts of the program must not know: the rules of the domain ask neither the network nor the database.
const UNKNOWN_TO: [(&str, &[&str]); 12] = [
    ("base/clock.rs", &["actix_web", "diesel"]),
    ("base/money.rs", &["actix_web", "diesel"]),
    ("wording", &["actix_web", "diesel"]),
    ("events", &["actix_web", "diesel"]),
    ("projection", &["actix_web", "diesel"]),
    ("explanation", &["actix_web", "diesel"]),
    ("db", &["actix_web"]),
    ("catalog", &["actix_web"]),
    ("audit", &["actix_web"]),
    ("customers", &["actix_web"]),
    ("ingest", &["actix_web"]),
    ("operations", &["actix_web"]),
];

/// One file of a crate: where it stands, and every path in it, from the root of the crate.
struct Source {
    /// As below the root: `pages/profile/mod.rs`.
    name: String,
    /// The module it is: `["pages", "profile"]`.
    module: Vec<String>,
    tokens: TokenStream,
}

impl Source {
    fn read(root: &Path, path: &Path) -> Source {
        let text = fs::read_to_string(path).expect("a source file is text");
        let name = path.strip_prefix(root).expect("a file below the root").to_string_lossy().into_owned();
        let mut module: Vec<String> = name.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        if module.last().is_some_and(|last| last == "mod") {
            module.pop();
        }
        let tokens = text.parse().unwrap_or_else(|error| panic!("{name} is not Rust: {error}"));
        Source { name, module, tokens }
    }

    fn top(&self) -> &str {
        &self.module[0]
    }

    /// The top-level modules that paths of this file lead to.
    fn uses(&self) -> Vec<String> {
        let mut found = Vec::new();
        paths(&trees(self.tokens.clone()), self.module.len(), &mut found);
        found.into_iter().filter(|name| name != self.top()).collect()
    }
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every module of the program.
fn sources() -> Vec<Source> {
    modules(&src())
}

/// Every module of the crate in this folder: all files but `main.rs` and `lib.rs`, which only name them.
fn modules(root: &Path) -> Vec<Source> {
    let mut files = Vec::new();
    collect(root, &mut files);
    files.sort();
    let roots = [root.join("main.rs"), root.join("lib.rs")];
    files.iter().filter(|file| !roots.contains(file)).map(|file| Source::read(root, file)).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry of the folder").path();
        match path.is_dir() {
            true => collect(&path, files),
            false if path.extension().is_some_and(|extension| extension == "rs") => files.push(path),
            false => {}
        }
    }
}

fn trees(tokens: TokenStream) -> Vec<TokenTree> {
    tokens.into_iter().collect()
}

fn is_word(tree: Option<&TokenTree>, word: &str) -> bool {
    matches!(tree, Some(TokenTree::Ident(ident)) if *ident == word)
}

/// Whether `::` stands at `at`.
fn is_path_separator(trees: &[TokenTree], at: usize) -> bool {
    let is_colon = |tree: Option<&TokenTree>| matches!(tree, Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
    is_colon(trees.get(at)) && is_colon(trees.get(at + 1))
}

/// Collects the top-level modules that paths lead to. `depth` is how many modules lie around these tokens.
fn paths(trees: &[TokenTree], depth: usize, found: &mut Vec<String>) {
    let mut at = 0;
    while let Some(tree) = trees.get(at) {
        match tree {
            TokenTree::Ident(ident) if *ident == "crate" && is_path_separator(trees, at + 1) => {
                heads(trees.get(at + 3), found);
                at += 3;
                continue;
            }
            TokenTree::Ident(ident) if *ident == "super" && is_path_separator(trees, at + 1) => {
                let mut ups = 1;
                while is_word(trees.get(at + 3), "super") && is_path_separator(trees, at + 4) {
                    ups += 1;
                    at += 3;
                }
                if ups >= depth {
                    heads(trees.get(at + 3), found);
                }
                at += 3;
                continue;
            }
            TokenTree::Group(group) => {
                let is_module = at >= 2 && is_word(trees.get(at - 2), "mod") && group.delimiter() == Delimiter::Brace;
                paths(&self::trees(group.stream()), depth + usize::from(is_module), found);
            }
            _ => {}
        }
        at += 1;
    }
}

/// The first names of a path behind `crate::`: one, or each of a group `{a::B, c}`.
fn heads(tree: Option<&TokenTree>, found: &mut Vec<String>) {
    match tree {
        Some(TokenTree::Ident(ident)) => found.push(ident.to_string()),
        Some(TokenTree::Group(group)) => {
            let inner = trees(group.stream());
            let is_start = |at: usize| {
                at == 0 || matches!(inner.get(at - 1), Some(TokenTree::Punct(punct)) if punct.as_char() == ',')
            };
            let starts = (0..inner.len()).filter(|at| is_start(*at)).filter_map(|at| match inner.get(at) {
                Some(TokenTree::Ident(ident)) => Some(ident.to_string()),
                _ => None,
            });
            found.extend(starts);
        }
        _ => {}
    }
}

fn for_each_level(tokens: &TokenStream, visit: &mut impl FnMut(&[TokenTree])) {
    let level = trees(tokens.clone());
    visit(&level);
    for tree in &level {
        if let TokenTree::Group(group) = tree {
            for_each_level(&group.stream(), visit);
        }
    }
}

#[test]
fn each_module_uses_only_modules_above_it() {
    let place = |name: &str| ORDER.iter().position(|known| *known == name);
    let mut wrong = Vec::new();
    for source in sources() {
        let own = place(source.top()).unwrap_or_else(|| panic!("{} is in no module of the order", source.name));
        for used in source.uses() {
            match place(&used) {
                Some(other) if other < own => {}
                Some(_) => wrong.push(format!("{} uses {used}, which stands below {}", source.name, source.top())),
                None => wrong.push(format!("{} uses {used}, which is not in the order", source.name)),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_map_tells_the_same_order() {
    let map = fs::read_to_string(src().join("README.md")).expect("the map");
    let listed: Vec<&str> = map
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("/` |"))
        .map(|(name, _)| name)
        .filter(|name| !name.contains('/'))
        .collect();
    assert_eq!(listed, ORDER);
}

#[test]
fn the_rules_of_the_domain_know_neither_the_network_nor_the_database() {
    let mut wrong = Vec::new();
    for source in sources() {
        let is_below = |part: &str| source.name == part || source.name.starts_with(&format!("{part}/"));
        for (_, crates) in UNKNOWN_TO.iter().filter(|(part, _)| is_below(part)) {
            for_each_level(&source.tokens, &mut |level| {
                for name in crates.iter().filter(|name| level.iter().any(|tree| is_word(Some(tree), name))) {
                    wrong.push(format!("{} uses {name}", source.name));
                }
            });
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whoever reads one file of tests needs no other one: what several use is in `support/`.
#[test]
fn each_file_of_tests_uses_only_support() {
    let tests = modules(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/desk"));
    assert!(tests.len() > 50, "{} files were found", tests.len());
    let mut wrong = Vec::new();
    for file in &tests {
        let others = file.uses().into_iter().filter(|used| used != "support");
        wrong.extend(others.map(|used| format!("tests/desk/{} uses {used}", file.name)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn paths_are_found_however_they_are_written() {
    let tops = |module: &str, code: &str| {
        let module = module.split("::").map(str::to_owned).collect();
        let tokens = code.parse().expect("Rust");
        let mut found: Vec<String> = Source { name: String::new(), module, tokens }.uses();
        found.sort();
        found.join(" ")
    };
    let table: BTreeMap<&str, (&str, &str)> = BTreeMap::from([
        ("plain", ("a", "use crate::b::C;")),
        ("grouped", ("a", "use crate::{b::{C, d}, e};")),
        ("inside an expression", ("a", "fn f() { g(crate::b::c(), vec![crate::e::D]) }")),
        ("out of a nested module", ("a::x::y", "use super::super::super::b; use super::super::z;")),
        ("out of a test module", ("a", "mod tests { use super::super::b; use super::own; }")),
        ("in a comment or a string", ("a", "/* crate::b */ const S: &str = \"crate::c\";")),
    ]);
    let expected = [("grouped", "b e"), ("inside an expression", "b e"), ("out of a nested module", "b")];
    for (case, tops_of) in expected.into_iter().chain([("plain", "b"), ("out of a test module", "b")]) {
        let (module, code) = table[case];
        assert_eq!(tops(module, code), tops_of, "{case}");
    }
    let (module, code) = table["in a comment or a string"];
    assert_eq!(tops(module, code), "");
}
