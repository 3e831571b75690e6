//! What templates may write behind a `|`. A file whose template uses one of these, or a macro that does, has
//! `use crate::web::filters`: the template finds them by that name.

use askama::{Result, Values};

use super::assets;
use super::icon::Icon;
use crate::wording::text;

/// `{{ id|visible }}`: an id with its hidden characters made visible.
#[askama::filter_fn]
pub fn visible(text: &str, _: &dyn Values) -> Result<String> {
    Ok(text::visible(text))
}

/// `{{ number|count("note", "notes") }}`: `1 note`, `12 notes`, `1,204 notes`.
#[askama::filter_fn]
pub fn count(number: &i64, _: &dyn Values, one: &str, many: &str) -> Result<String> {
    Ok(text::count(*number, one, many))
}

/// `{{ "check"|drawn("icon copy__done") }}`: an icon of the sprite, with these classes.
#[askama::filter_fn]
pub fn drawn(name: &str, _: &dyn Values, classes: &str) -> Result<Icon> {
    Ok(Icon { name: name.to_owned(), classes: classes.to_owned() })
}

/// `{{ "icons/mark.svg"|asset }}`: the address of a static file.
#[askama::filter_fn]
pub fn asset(path: &str, _: &dyn Values) -> Result<String> {
    Ok([assets::base(), "/", path].concat())
}
