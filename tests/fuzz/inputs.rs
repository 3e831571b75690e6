//! Where inputs come from, and the one loop that tries them.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::BoxedStrategy;
use proptest::test_runner::{Config, TestRunner};

/// No input may take longer.
const LONGEST: Duration = Duration::from_secs(1);

/// A change of a text, at places that are given as fractions of its length.
#[derive(Debug, Clone)]
enum Edit {
    Insert(Index, String),
    Delete(Index, Index),
    Repeat(Index, Index, usize),
}

/// What strangers put between other characters.
const AWKWARD: [&str; 44] = [
    "\0",
    "\r\n",
    "\n\n",
    "\t",
    " ",
    "\u{7F}",
    "\u{1B}",
    "\u{A0}",
    "\u{AD}",
    "\u{300}",
    "\u{200B}",
    "\u{200D}",
    "\u{202E}",
    "\u{2028}",
    "\u{2066}",
    "\u{FEFF}",
    "\u{FFFD}",
    "\u{10FFFF}",
    "é",
    "İ",
    "ß",
    "نو",
    "🌻",
    "%",
    "%2F",
    "%00",
    "\\",
    "/",
    "..",
    "\"",
    "'",
    "`",
    "<",
    ">",
    "&",
    "&#x3c;",
    "{",
    "[",
    "](",
    ":",
    "=",
    "-1",
    "9223372036854775808",
    "$RCAnonymousID:",
];

/// The texts of a corpus.
pub fn corpus(json: &str) -> Vec<String> {
    serde_json::from_str(json).expect("a corpus is an array of texts")
}

/// Tries every text of the corpus, and as many others as `PROPTEST_CASES` says.
pub fn fuzz(corpus: &[String], inputs: BoxedStrategy<String>, check: fn(&str)) {
    corpus.iter().for_each(|input| timed(input, check));
    let config = Config { failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config).run(&inputs, |input| {
        timed(&input, check);
        Ok(())
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
}

fn timed(input: &str, check: fn(&str)) {
    let began = Instant::now();
    check(input);
    assert!(began.elapsed() < LONGEST, "it took {:?}", began.elapsed());
}

/// Texts of the corpus, changed, and now and then random ones. A text never has more than `longest` characters.
pub fn texts(corpus: &[String], longest: usize) -> BoxedStrategy<String> {
    let changed = (select(corpus.to_vec()), prop::collection::vec(edit(corpus), 0..6));
    let changed = changed.prop_map(|(text, edits)| edits.iter().fold(text, changed_by));
    let random = prop::collection::vec(piece(), 0..40).prop_map(|pieces| pieces.concat());
    let any = prop_oneof![4 => changed, 1 => random];
    any.prop_map(move |text| text.chars().take(longest).collect()).boxed()
}

fn piece() -> BoxedStrategy<String> {
    let awkward = select(AWKWARD.to_vec()).prop_map(str::to_owned);
    prop_oneof![awkward, any::<char>().prop_map(String::from), "[ -~]{1,8}"].boxed()
}

fn edit(corpus: &[String]) -> BoxedStrategy<Edit> {
    let place = any::<Index>;
    prop_oneof![
        3 => (place(), piece()).prop_map(|(place, text)| Edit::Insert(place, text)),
        1 => (place(), select(corpus.to_vec())).prop_map(|(place, text)| Edit::Insert(place, text)),
        2 => (place(), place()).prop_map(|(from, to)| Edit::Delete(from, to)),
        1 => (place(), place(), 2..40_usize).prop_map(|(from, to, times)| Edit::Repeat(from, to, times)),
    ]
    .boxed()
}

fn changed_by(text: String, edit: &Edit) -> String {
    let letters: Vec<char> = text.chars().collect();
    let place = |index: &Index| index.index(letters.len() + 1);
    let range = |from: &Index, to: &Index| (place(from).min(place(to)), place(from).max(place(to)));
    let part = |from: usize, to: usize| letters[from..to].iter().collect::<String>();
    match edit {
        Edit::Insert(at, inserted) => format!("{}{inserted}{}", part(0, place(at)), part(place(at), letters.len())),
        Edit::Delete(from, to) => {
            let (from, to) = range(from, to);
            format!("{}{}", part(0, from), part(to, letters.len()))
        }
        Edit::Repeat(from, to, times) => {
            let (from, to) = range(from, to);
            // A long part is not repeated often, or most inputs would be long.
            let times = (*times).min(2_000 / (to - from).max(1) + 1);
            format!("{}{}{}", part(0, from), part(from, to).repeat(times), part(to, letters.len()))
        }
    }
}
