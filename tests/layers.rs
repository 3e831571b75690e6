//! The modules of `src` stand in one order, and each uses only those above it. The test reads every path that begins with
//! `crate::` or leads out of its module with `super::`, and there are no exceptions. Templates hold no such paths
//! (`tests/law.rs`). In the same way the files of `tests/desk` use only `support/`, not each other. And no `match` over
//! a table of kinds has a wildcard.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Top-level modules, each using only those before it. `src/README.md` says what each is for, in the same order.
const ORDER: [&str; 24] = [
    "base",
    "wording",
    "events",
    "projection",
    "db",
    "catalog",
    "audit",
    "customers",
    "endpoints",
    "stores",
    "requests",
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
const UNKNOWN_TO: [(&str, &[&str]); 14] = [
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
    ("stores", &["actix_web"]),
    ("requests", &["actix_web"]),
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

/// A file that nobody names is not compiled, and its tests never run.
#[test]
fn each_file_of_tests_is_named_in_its_crate() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/desk");
    let main = fs::read_to_string(folder.join("main.rs")).expect("the root of the tests");
    let mut forgotten = Vec::new();
    for entry in fs::read_dir(&folder).expect("the folder of the tests") {
        let path = entry.expect("an entry of the folder").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name in UTF-8").to_owned();
        let is_module = path.join("mod.rs").exists() || path.extension().is_some_and(|extension| extension == "rs");
        if is_module && name != "main" && !main.contains(&format!("\nmod {name};\n")) {
            forgotten.push(name);
        }
    }
    assert!(forgotten.is_empty(), "tests/desk/main.rs does not name {forgotten:?}");
}

/// Enums that are tables of kinds: what is added later must not compile until each place has decided about it.
const KINDS: [&str; 16] = [
    "About",
    "Action",
    "ActorKind",
    "Category",
    "Changes",
    "DatedBy",
    "Environment",
    "EventType",
    "Face",
    "Kind",
    "KeyNeeded",
    "Permission",
    "PurchaseChange",
    "Role",
    "Store",
    "Topic",
];

/// The patterns of the arms in the braces of a `match`, with their guards.
fn patterns(arms: &[TokenTree]) -> Vec<String> {
    let is = |at: usize, sign: char| matches!(arms.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == sign);
    let (mut found, mut at) = (Vec::new(), 0);
    while at < arms.len() {
        let start = at;
        while at < arms.len() && !(is(at, '=') && is(at + 1, '>')) {
            at += 1;
        }
        let pattern: TokenStream = arms[start..at].iter().cloned().collect();
        found.push(pattern.to_string());
        at += 2;
        let is_block = matches!(arms.get(at), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace);
        while !is_block && at < arms.len() && !is(at, ',') {
            at += 1;
        }
        at += usize::from(is_block);
        at += usize::from(is(at, ','));
    }
    found
}

/// Whether a pattern takes every value of a kind: `_`, `Some(_)`, `(_, _)` or a name.
fn takes_everything(pattern: &str) -> bool {
    if pattern.contains(" if ") {
        return false;
    }
    let bare = pattern.trim_start_matches("Some").replace(['(', ')', ',', '&', ' '], "");
    let is_name = bare.chars().all(|letter| letter.is_lowercase() || letter == '_');
    !bare.is_empty() && is_name && !["true", "false"].contains(&bare.as_str())
}

/// The wildcard arms of matches that name a value of a kind in another arm.
fn wildcards(tokens: &TokenStream) -> Vec<String> {
    let mut found = Vec::new();
    for_each_level(tokens, &mut |level| {
        for at in (0..level.len()).filter(|at| is_word(level.get(*at), "match")) {
            let braces = level[at..].iter().find_map(|tree| match tree {
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(trees(group.stream())),
                _ => None,
            });
            let patterns = patterns(&braces.unwrap_or_default());
            let of_kind = |pattern: &String| {
                let words: Vec<&str> = pattern.split([' ', '(', '&']).collect();
                words.windows(2).any(|pair| pair[1] == "::" && KINDS.contains(&pair[0]))
            };
            if let Some(kind) = patterns.iter().find(|pattern| of_kind(pattern)) {
                let wild = patterns.iter().filter(|pattern| takes_everything(pattern));
                found.extend(wild.map(|wild| format!("`{wild}` beside `{kind}`")));
            }
        }
    });
    found
}

#[test]
fn no_match_over_kinds_has_a_wildcard() {
    let mut wrong = Vec::new();
    for source in sources() {
        wrong.extend(wildcards(&source.tokens).into_iter().map(|arm| format!("{}: {arm}", source.name)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn wildcards_are_found_however_they_are_written() {
    let found =
        |arms: &str| !wildcards(&format!("fn f() {{ match x {{ {arms} }} }}").parse().expect("Rust")).is_empty();
    for arms in [
        "Store::Roku => 1, _ => 2",
        "Some(Store::Roku) => { 1 } Some(_) => 2, None => 3",
        "Role::Admin => a(|_| 1), other => 2",
    ] {
        assert!(found(arms), "{arms}");
    }
    for arms in [
        "Store::Roku => 1, Store::Other(_) => 2",
        "\"a\" => Some(Store::Roku), _ => None",
        "_ if a => 1, Role::Admin => 2",
    ] {
        assert!(!found(arms), "{arms}");
    }
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
