//! Reads JSON that may hold anything. A field of the wrong type counts as absent, and a number keeps its digits.

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

/// A string that is not empty. NUL, which PostgreSQL cannot store, becomes the visible symbol `␀`.
pub fn word(field: Field<'_>) -> Option<String> {
    text(field).filter(|text| !text.is_empty()).map(visible)
}

/// An id, kept byte for byte; the caller decides whether it is allowed. A string that is not valid text (an unpaired
/// surrogate) becomes the replacement character, which no id may contain.
pub fn id(field: Field<'_>) -> Option<String> {
    let is_string = field.is_some_and(|raw| raw.get().starts_with('"'));
    let unreadable = || is_string.then(|| String::from('\u{FFFD}'));
    text(field).or_else(unreadable).filter(|text| !text.is_empty())
}

/// The strings of an array, each read by [`id`].
pub fn ids(field: Field<'_>) -> Vec<String> {
    items(field).into_iter().filter_map(|item| id(Some(item))).collect()
}

/// Replaces NUL by `␀`, so that both databases can store the text.
pub fn visible(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{2400}") } else { text }
}

/// A whole number, also when it was sent as a string or with a fraction of zero (`12`, `"12"`, `12.0`, `1.2e1`).
pub fn integer(field: Field<'_>) -> Option<i64> {
    let text = text(field)?;
    text.parse().ok().or_else(|| Micros::parse(&text).filter(|n| n.0 % 1_000_000 == 0).map(|n| n.0 / 1_000_000))
}

/// A time in milliseconds, also when it was sent as RFC 3339 (`2026-11-23T17:00:00Z`).
pub fn moment(field: Field<'_>) -> Option<Moment> {
    integer(field).map(Moment).or_else(|| Moment::parse_rfc3339(text(field)?.trim()))
}

/// Whether something was sent that is no time: neither null nor an empty text.
pub fn is_no_time(field: Field<'_>) -> bool {
    let is_empty = text(field).is_some_and(|text| text.trim().is_empty());
    field.is_some() && !is_empty && moment(field).is_none()
}

/// An amount of money, exact to the micro-unit.
pub fn micros(field: Field<'_>) -> Option<Micros> {
    Micros::parse(&text(field)?)
}

/// A yes or no, also when it was sent as a string in any case, or as 1 or 0.
pub fn boolean(field: Field<'_>) -> Option<bool> {
    match text(field)?.trim().to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// The strings of an array; other items are left out. A single string counts as an array of one item.
pub fn words(field: Field<'_>) -> Option<Vec<String>> {
    let raw = field?;
    match raw.get().as_bytes().first()? {
        b'[' => Some(items(field).into_iter().filter_map(|item| word(Some(item))).collect()),
        b'"' => word(field).map(|one| vec![one]),
        _ => None,
    }
}

/// The items of an array; empty for any other value.
pub fn items(field: Field<'_>) -> Vec<&RawValue> {
    field.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

/// Reads an object into a struct; `None` for any other value.
pub fn object<'a, T: serde::Deserialize<'a>>(field: Field<'a>) -> Option<T> {
    let raw = field?.get();
    is_object(raw).then(|| serde_json::from_str(raw).ok())?
}

/// Whether a JSON text is an object. Callers check this first because serde also reads a struct from an array.
pub fn is_object(text: &str) -> bool {
    text.trim_ascii_start().starts_with('{')
}

/// The entries of an object, sorted by key; the last one counts if a key occurs twice. Empty for any other value. An
/// unpaired surrogate in a key becomes the replacement character.
pub fn entries(field: Field<'_>) -> BTreeMap<String, Box<RawValue>> {
    let Some(raw) = field.map(RawValue::get).filter(|raw| is_object(raw)) else { return BTreeMap::new() };
    serde_json::from_str(raw).or_else(|_| serde_json::from_str(&paired(raw))).unwrap_or_default()
}

/// Replaces the escapes of unpaired surrogates by that of the replacement character.
fn paired(text: &str) -> String {
    const LONE: &str = "\\ufffd";
    let mut repaired = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        repaired.push_str(before);
        let (unit, low) = (code_unit(escape), escape.get(6..).and_then(code_unit));
        let (kept, length) = match (unit, low) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => (escape.get(..12), 12),
            (Some(0xD800..=0xDFFF), _) => (Some(LONE), 6),
            _ => (escape.get(..2), 2),
        };
        repaired.push_str(kept.unwrap_or(escape));
        rest = escape.get(length..).unwrap_or("");
    }
    repaired + rest
}

/// The code unit of a `\uXXXX` escape at the start of a text.
fn code_unit(text: &str) -> Option<u16> {
    u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok()
}

/// How deep the arrays and objects of a JSON text are nested.
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
