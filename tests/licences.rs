//! Every crate that the program is built from has a permissive licence.

use std::process::Command;

use serde_json::Value;

const PERMISSIVE: [&str; 13] = [
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "0BSD",
    "Unicode-3.0",
    "PostgreSQL",
    "CC0-1.0",
    "Unlicense",
];

/// Crates under MPL-2.0, a copyleft for single files, used unchanged. The sanitiser ammonia parses CSS with them.
const WITH_AMMONIA: [&str; 2] = ["cssparser", "dtoa-short"];

fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo lists its packages");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("metadata is JSON");
    metadata["packages"].as_array().expect("packages are listed").clone()
}

/// `A OR B` needs one of them, `A AND B` both; brackets group alternatives in the few crates that use them.
fn is_permissive(expression: &str) -> bool {
    let flat = expression.replace(['(', ')'], "").replace('/', " OR ");
    flat.split(" AND ").all(|part| part.split(" OR ").any(|licence| PERMISSIVE.contains(&licence.trim())))
}

#[test]
fn every_crate_is_permissively_licensed() {
    let packages = packages();
    assert!(packages.len() > 50);
    for package in packages {
        let licence = package["license"].as_str().unwrap_or("none");
        let name = package["name"].as_str().unwrap_or("");
        let is_of_ammonia = licence == "MPL-2.0" && WITH_AMMONIA.contains(&name);
        assert!(is_of_ammonia || is_permissive(licence), "{} {}: {licence}", package["name"], package["version"]);
    }
}
