//! Reading JSON that may hold anything: a field of the wrong type is as good as absent, a number keeps its digits.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::base::clock::Moment;
use crate::base::money::Micros;

/// A field as it was sent; `None` for absent and null.
pub type Field<'a> = Option<&'a RawValue>;

/// A string, or a number or boolean as its own text.
pub fn text(field: Field<'_>) -> Option<String> {
    let raw = field?.get();
    match raw.as_bytes().first()? {
        b'"' => serde_json::from_str(raw).ok(),
        b'{' | b'[' => None,
        _ => Some(raw.to_owned()),
    }
}

/// A string that says something. NUL, which PostgreSQL cannot store, becomes the picture of itself.
pub fn word(field: Field<'_>) -> Option<String> {
    text(field).filter(|text| !text.is_empty()).map(visible)
}

/// A name that must stay byte for byte what it was; whether it may be used is decided by who uses it. One that is no
/// text (an unpaired surrogate) becomes the replacement character, which may name nothing.
pub fn id(field: Field<'_>) -> Option<String> {
    let is_string = field.is_some_and(|raw| raw.get().starts_with('"'));
    let unreadable = || is_string.then(|| String::from('\u{FFFD}'));
    text(field).or_else(unreadable).filter(|text| !text.is_empty())
}

/// The strings of an array, as [`id`].
pub fn ids(field: Field<'_>) -> Vec<String> {
    items(field).into_iter().filter_map(|item| id(Some(item))).collect()
}

/// Text that both databases can store.
pub fn visible(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{2400}") } else { text }
}

/// A whole number, also when sent as a string or with an empty fraction (`12`, `"12"`, `12.0`, `1.2e1`).
pub fn integer(field: Field<'_>) -> Option<i64> {
    let text = text(field)?;
    text.parse().ok().or_else(|| Micros::parse(&text).filter(|n| n.0 % 1_000_000 == 0).map(|n| n.0 / 1_000_000))
}

/// A time in milliseconds.
pub fn moment(field: Field<'_>) -> Option<Moment> {
    integer(field).map(Moment)
}

/// An amount of money, exact to the micro-unit.
pub fn micros(field: Field<'_>) -> Option<Micros> {
    Micros::parse(&text(field)?)
}

pub fn boolean(field: Field<'_>) -> Option<bool> {
    match text(field)?.as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// The strings of an array; other items are left out. A single string counts as an array of one.
pub fn words(field: Field<'_>) -> Option<Vec<String>> {
    let raw = field?;
    match raw.get().as_bytes().first()? {
        b'[' => Some(items(field).into_iter().filter_map(|item| word(Some(item))).collect()),
        b'"' => word(field).map(|one| vec![one]),
        _ => None,
    }
}

/// The items of an array; nothing for any other value.
pub fn items(field: Field<'_>) -> Vec<&RawValue> {
    field.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

/// An object as some struct of fields; `None` for any other value.
pub fn object<'a, T: serde::Deserialize<'a>>(field: Field<'a>) -> Option<T> {
    let raw = field?.get();
    is_object(raw).then(|| serde_json::from_str(raw).ok())?
}

/// Whether a JSON text is an object: a struct would be read from an array as well.
pub fn is_object(text: &str) -> bool {
    text.trim_ascii_start().starts_with('{')
}

/// The entries of an object, in the order of their keys, the last of each key; nothing for any other value. Where a key
/// is no text (an unpaired surrogate), the replacement character stands for what is none.
pub fn entries(field: Field<'_>) -> BTreeMap<String, Box<RawValue>> {
    let Some(raw) = field.map(RawValue::get).filter(|raw| is_object(raw)) else { return BTreeMap::new() };
    serde_json::from_str(raw).or_else(|_| serde_json::from_str(&paired(raw))).unwrap_or_default()
}

/// A JSON text with the escapes of unpaired surrogates replaced.
fn paired(text: &str) -> String {
    const LONE: &str = "\\ufffd";
    let mut mended = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        mended.push_str(before);
        let (unit, low) = (code_unit(escape), escape.get(6..).and_then(code_unit));
        let (kept, length) = match (unit, low) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => (escape.get(..12), 12),
            (Some(0xD800..=0xDFFF), _) => (Some(LONE), 6),
            _ => (escape.get(..2), 2),
        };
        mended.push_str(kept.unwrap_or(escape));
        rest = escape.get(length..).unwrap_or("");
    }
    mended + rest
}

/// The number of a `\uXXXX` at the start of a text.
fn code_unit(text: &str) -> Option<u16> {
    u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok()
}

/// How many arrays and objects lie in one another, at the deepest.
pub fn depth(text: &str) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}
