//! A thing with an identifier that stays and a name that can change: entitlements and packages.

use askama::Template;
use serde::Deserialize;

use crate::actions::Opened;
use crate::base::error::{Problem, Refusal};
use crate::catalog::rules;
use crate::pages::settings::values::Values;
use crate::wording::text::sentence;

/// What was typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Draft {
    pub identifier: String,
    pub name: String,
    /// The place among others, where there is one.
    pub place: String,
    pub seen: String,
}

impl Draft {
    /// Identifier and name of a new one.
    ///
    /// # Errors
    /// A [`Problem`] for each field that was refused.
    pub fn parse(&self) -> Result<(String, String), Refusal> {
        let (identifier, name) = (rules::identifier(self.identifier.trim()), rules::name(&self.name));
        let problem = |field, why: &String| Problem { field, sentence: sentence(why) };
        match (identifier, name) {
            (Ok(identifier), Ok(name)) => Ok((identifier, name)),
            (identifier, name) => {
                let identifier = identifier.as_ref().err().map(|why| problem("identifier", why));
                let name = name.as_ref().err().map(|why| problem("name", why));
                Err(Refusal { problems: identifier.into_iter().chain(name).collect(), is_stale: false })
            }
        }
    }

    /// The name alone.
    ///
    /// # Errors
    /// A [`Refusal`] of the field `name`.
    pub fn parse_name(&self) -> Result<String, Refusal> {
        rules::name(&self.name).map_err(|why| Refusal::new("name", sentence(&why)))
    }
}

/// The dialog for a new one and for a change.
#[derive(Template)]
#[template(path = "settings/catalog/named.html")]
pub struct Write {
    pub form: Opened,
    pub action: String,
    /// `entitlement`
    pub what: &'static str,
    /// Its identifier; `None` for a new one.
    pub identifier: Option<String>,
    pub current_values: Values,
    pub name: String,
    /// Its place, and how many there are.
    pub place: Option<(usize, usize)>,
    /// Identifiers that are often chosen, with names.
    pub usual: &'static [(&'static str, &'static str)],
    pub hint: &'static str,
}

impl Write {
    fn first(&self) -> &'static str {
        if self.identifier.is_some() { "name" } else { "identifier" }
    }

    fn places(&self) -> Vec<(usize, bool)> {
        let (place, count) = self.place.unwrap_or_default();
        let chosen = self.form.value("place", &place.to_string()).to_owned();
        (1..=count).map(|one| (one, one.to_string() == chosen)).collect()
    }
}
