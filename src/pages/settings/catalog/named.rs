//! The form of entitlements and packages. Both have an identifier that stays and a name that can change.

use askama::Template;
use serde::Deserialize;

use crate::actions::Opened;
use crate::base::error::{Problem, Refusal};
use crate::catalog::rules;
use crate::pages::settings::values::Values;
use crate::web::filters;
use crate::wording::text::sentence;

/// The fields of the form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Draft {
    pub identifier: String,
    pub name: String,
    /// The place among the packages; empty for an entitlement.
    pub place: String,
    pub seen: String,
}

impl Draft {
    /// The identifier and the name of a new entitlement or package.
    ///
    /// # Errors
    /// A [`Refusal`] with a [`Problem`] for each field that is not valid.
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

    /// The name alone, for a change.
    ///
    /// # Errors
    /// A [`Refusal`] of the field `name`.
    pub fn parse_name(&self) -> Result<String, Refusal> {
        rules::name(&self.name).map_err(|why| Refusal::new("name", sentence(&why)))
    }
}

/// The dialog that adds or changes one.
#[derive(Template)]
#[template(path = "settings/catalog/named.html")]
pub struct Write {
    pub form: Opened,
    pub action: String,
    /// `an entitlement`
    pub what: &'static str,
    /// Its identifier; `None` for a new one.
    pub identifier: Option<String>,
    pub current_values: Values,
    pub name: String,
    /// Its place, and how many places there are.
    pub place: Option<(usize, usize)>,
    /// Common identifiers with their names, as suggestions.
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
