//! The SBOM (CycloneDX) that `tests/long/sbom` prints names everything that the program is built from.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A name with a version.
type Named = (String, String);

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(ROOT).output().expect("the program starts");
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn printed() -> String {
    output("python3", &["tests/long/sbom"])
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or("")
}

fn components() -> Vec<Value> {
    let bom: Value = serde_json::from_str(&printed()).expect("the SBOM is JSON");
    bom["components"].as_array().expect("a list of components").clone()
}

fn is_crate(component: &Value) -> bool {
    text(component, "purl").starts_with("pkg:cargo/")
}

fn named(component: &Value) -> Named {
    (text(component, "name").to_owned(), text(component, "version").to_owned())
}

/// The C libraries in the program, with their versions.
pub fn libraries() -> BTreeSet<Named> {
    components().iter().filter(|component| !is_crate(component)).map(named).collect()
}

/// What cargo itself says the program is linked from and built with.
fn crates_of_cargo() -> BTreeSet<Named> {
    let tree = output(env!("CARGO"), &["tree", "--locked", "-e", "normal,build", "--prefix", "none", "-f", "{p}"]);
    let crates = tree.lines().filter_map(|line| {
        let mut words = line.split(' ');
        Some((words.next()?.to_owned(), words.next()?.strip_prefix('v')?.to_owned()))
    });
    crates.filter(|(name, _)| name != "dossier").collect()
}

#[test]
fn the_sbom_holds_every_crate_that_the_program_is_built_from() {
    let crates: BTreeSet<Named> = components().iter().filter(|component| is_crate(component)).map(named).collect();
    assert!(crates.len() > 200);
    assert_eq!(crates, crates_of_cargo());
}

#[test]
fn each_component_has_a_licence_a_purl_and_the_checksum_of_the_lock_file() {
    let lock = std::fs::read_to_string(format!("{ROOT}/Cargo.lock")).expect("the lock file is read");
    for component in components() {
        let (name, version) = named(&component);
        let licence = &component["licenses"][0];
        let is_licensed = text(licence, "expression").len() + text(&licence["license"], "id").len() > 2;
        assert!(is_licensed && text(licence, "expression") != "NOASSERTION", "{name}");
        assert!(text(&component, "purl").ends_with(&format!("/{name}@{}", version.replace('+', "%2B"))), "{name}");
        let checksum = text(&component["hashes"][0], "content");
        let package = lock.split("\n\n").find(|package| {
            package.contains(&format!("name = \"{name}\"\n")) && package.contains(&format!("version = \"{version}\"\n"))
        });
        let is_locked = package.is_some_and(|package| package.contains(&format!("checksum = \"{checksum}\"")));
        assert_eq!(is_locked, is_crate(&component), "{name} {version}");
    }
}

/// Crates whose name ends in `-sys` or `-src` may hold the sources of a library, which then has a row of its own.
#[test]
fn the_sbom_holds_the_libraries_whose_sources_are_in_crates() {
    let names: Vec<String> = libraries().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["libpq", "mimalloc", "openssl", "sqlite", "zstd"]);
    let crates = crates_of_cargo().into_iter().map(|(name, _)| name);
    let with_sources: Vec<String> = crates.filter(|name| name.ends_with("-sys") || name.ends_with("-src")).collect();
    let known = ["libmimalloc-sys", "libsqlite3-sys", "openssl-src", "openssl-sys", "pq-src", "pq-sys", "zstd-sys"];
    assert_eq!(with_sources, known);
}

#[test]
fn the_sbom_is_the_same_each_time() {
    assert_eq!(printed(), printed());
}
