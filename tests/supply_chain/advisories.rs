//! No known advisory concerns a version that the program is built from. The lists have a date: an old one is a warning and
//! never a failure, because nothing here asks the network.
//!
//! `rustsec.json` is written by `tests/long/advisories` from a clone of RustSec's database. `noted.json` is kept by hand: what
//! change logs and makers of C libraries say, and what is accepted until when and why.

use std::collections::BTreeSet;
use std::io::Write;

use chrono::{Days, NaiveDate, Utc};
use semver::{Version, VersionReq};
use serde::Deserialize;

use crate::sbom;

/// How old a list may be before a warning.
const FRESH: Days = Days::new(60);

#[derive(Deserialize)]
struct List {
    /// The day up to which advisories are known.
    as_of: String,
    advisories: Vec<Advisory>,
    #[serde(default)]
    accepted: Vec<Accepted>,
}

#[derive(Deserialize)]
struct Advisory {
    id: String,
    /// A crate, or `library` and the name that a C library has in the SBOM.
    package: String,
    patched: Vec<String>,
    unaffected: Vec<String>,
}

/// An advisory that applies, and that the program is published with.
#[derive(Deserialize)]
struct Accepted {
    id: String,
    /// `null` when it does not concern the way in which we build.
    until: Option<String>,
    because: String,
}

fn lists() -> [List; 2] {
    [include_str!("rustsec.json"), include_str!("noted.json")]
        .map(|text| serde_json::from_str(text).expect("a list of advisories"))
}

impl Advisory {
    fn concerns(&self, version: &Version) -> bool {
        let holds = |range: &String| VersionReq::parse(range).expect("a range").matches(version);
        !self.patched.iter().chain(&self.unaffected).any(holds)
    }
}

/// A version such as 18.6 gets a third part.
fn version(text: &str) -> Version {
    let padded = if text.split('.').count() == 2 { format!("{text}.0") } else { text.to_owned() };
    Version::parse(&padded).expect("a version")
}

/// Every crate of the lock file, and every C library in one.
fn packages() -> BTreeSet<(String, Version)> {
    let value = |line: &str, key: &str| Some(line.strip_prefix(key)?.trim_matches('"').to_owned());
    let lock = include_str!("../../Cargo.lock");
    let crates = lock.split("[[package]]").skip(1).map(|package| {
        let field = |key| package.lines().find_map(|line| value(line, key)).expect("a field of a package");
        (field("name = "), field("version = "))
    });
    let libraries = sbom::libraries().into_iter().map(|(name, version)| (format!("library {name}"), version));
    crates.chain(libraries).map(|(name, text)| (name, version(&text))).collect()
}

/// The advisories that concern one of the packages.
fn found(packages: &BTreeSet<(String, Version)>) -> Vec<(Advisory, Version)> {
    let version_of = |advisory: &Advisory| {
        let same = packages.iter().filter(|(name, _)| *name == advisory.package);
        same.map(|(_, version)| version.clone()).find(|version| advisory.concerns(version))
    };
    let all = lists().into_iter().flat_map(|list| list.advisories);
    all.filter_map(|advisory| version_of(&advisory).map(|version| (advisory, version))).collect()
}

/// Written past the test runner, which hides what a test prints that passes.
fn warn(sentence: &str) {
    writeln!(std::io::stderr(), "WARNING: {sentence}").expect("standard error is open");
}

fn is_past(day: &str, days: Days) -> bool {
    let day: NaiveDate = day.parse().expect("a day");
    Utc::now().date_naive() > day + days
}

#[test]
fn no_advisory_concerns_what_we_build_with_but_those_that_are_accepted() {
    let accepted: Vec<Accepted> = lists().into_iter().flat_map(|list| list.accepted).collect();
    for (Advisory { id, package, .. }, version) in found(&packages()) {
        let reason = accepted.iter().find(|accepted| accepted.id == id);
        let Accepted { until, because, .. } = reason.unwrap_or_else(|| panic!("{id} concerns {package} {version}"));
        match until {
            Some(until) if is_past(until, Days::new(0)) => {
                warn(&format!("{id} concerns {package} {version}. It was accepted until {until}: {because}"));
            }
            Some(until) => warn(&format!("{id} concerns {package} {version}. It is accepted until {until}: {because}")),
            None => {}
        }
    }
}

#[test]
fn an_advisory_that_is_accepted_still_applies() {
    let packages = packages();
    let ids: BTreeSet<String> = found(&packages).into_iter().map(|(advisory, _)| advisory.id).collect();
    let accepted = lists().into_iter().flat_map(|list| list.accepted);
    accepted.for_each(|accepted| assert!(ids.contains(&accepted.id), "{}: {}", accepted.id, accepted.because));
}

/// Warns, and never fails, so that old sources can be built on any day.
#[test]
fn an_old_list_of_advisories_is_a_warning() {
    for list in lists() {
        if is_past(&list.as_of, FRESH) {
            warn(&format!(
                "advisories after {} are not known here; tests/long/advisories makes a new list",
                list.as_of
            ));
        }
    }
}

#[test]
fn going_back_to_an_older_version_would_fail() {
    for (name, older) in [
        ("ammonia", "4.2.4"),
        ("ammonia", "4.1.1"),
        ("diesel", "2.3.7"),
        ("tokio", "1.44.1"),
        ("library sqlite", "3.51.2"),
    ] {
        let packages = BTreeSet::from([(name.to_owned(), version(older))]);
        assert!(!found(&packages).is_empty(), "{name} {older}");
    }
}
