//! How values look in templates: `{{ moment|utc }}`.

use askama::Values;

use crate::clock::Moment;

/// `23 Nov 2026, 17:03:58 UTC`, for people.
#[askama::filter_fn]
pub fn utc(moment: &Moment, _: &dyn Values) -> askama::Result<String> {
    let text = moment.utc().map(|time| time.format("%-d %b %Y, %H:%M:%S UTC").to_string());
    Ok(text.unwrap_or_else(|| format!("{} ms", moment.millis())))
}

/// `2026-11-23T17:03:58.000Z`, for `<time datetime>`.
#[askama::filter_fn]
pub fn iso(moment: &Moment, _: &dyn Values) -> askama::Result<String> {
    let text = moment.utc().map(|time| time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string());
    Ok(text.unwrap_or_default())
}
