//! The dialogs of the list and of an endpoint's page.

use askama::Template;

use super::model::{LONGEST_NAME, TYPE, types, values};
use super::{one, page};
use crate::actions::Opened;
use crate::auth::Member;
use crate::base::error::Error;
use crate::endpoints::queries::EndpointWithTypes;
use crate::endpoints::{Environments, OVERLAP_HOURS};
use crate::pages::settings::values::Values;
use crate::web::{Dialog, filters};

/// Adds or changes an endpoint.
#[derive(Template)]
#[template(path = "settings/endpoints/edit.html")]
struct Edit {
    form: Opened,
    action: String,
    asking: Option<EndpointWithTypes>,
    current_values: Values,
}

#[derive(Template)]
#[template(path = "settings/endpoints/replace.html")]
struct Replace {
    form: Opened,
    action: String,
}

#[derive(Template)]
#[template(path = "settings/endpoints/delete.html")]
struct Delete {
    form: Opened,
    action: String,
    name: String,
}

/// Shows a new secret, once.
#[derive(Template)]
#[template(path = "settings/endpoints/secret.html")]
struct Secret {
    form: Opened,
}

/// The dialog that `form` names; `None` for an unknown name, or one that needs an endpoint when there is none.
pub fn dialog(member: &Member, asking: Option<&EndpointWithTypes>, form: Opened) -> Result<Option<Dialog>, Error> {
    let asking = asking.cloned();
    let at = |path: &str| asking.as_ref().map(|(one, _)| format!("{}{path}", one::address(member, one.id)));
    match (form.name.as_str(), &asking) {
        ("endpoint-secret", _) if form.is_shown_once => Ok(Some(Dialog::new(Secret { form }))),
        ("endpoint-new", None) => {
            let action = page::address(member);
            Ok(Some(Dialog::new(Edit { form, action, asking: None, current_values: Values::default() })))
        }
        ("endpoint-edit", Some((endpoint, kinds))) => {
            let (action, current_values) = (at("").unwrap_or_default(), values(endpoint, kinds));
            Ok(Some(Dialog::new(Edit { form, action, asking, current_values })))
        }
        ("endpoint-replace", Some(_)) => {
            let action = at("/secret").unwrap_or_default();
            Ok(Some(Dialog::new(Replace { form, action })))
        }
        ("endpoint-delete", Some((endpoint, _))) => {
            let (action, name) = (at("/delete").unwrap_or_default(), endpoint.name.clone());
            Ok(Some(Dialog::new(Delete { form, action, name })))
        }
        _ => Ok(None),
    }
}

impl Edit {
    fn name(&self) -> &str {
        self.form.value("name", self.asking.as_ref().map_or("", |(one, _)| one.name.as_str()))
    }

    fn url(&self) -> &str {
        self.form.value("url", self.asking.as_ref().map_or("", |(one, _)| one.url.as_str()))
    }

    fn has_authorization(&self) -> bool {
        self.asking.as_ref().is_some_and(|(one, _)| one.authorization_value.is_some())
    }

    /// The choices: name, words, and whether each is chosen.
    fn environments(&self) -> impl Iterator<Item = (&'static str, &'static str, bool)> {
        let current = self.asking.as_ref().map_or(Environments::All, |(one, _)| one.environment);
        let chosen = self.form.value("environment", current.name()).to_owned();
        Environments::ALL.into_iter().map(move |one| (one.name(), one.words(), one.name() == chosen))
    }

    fn sends_received(&self) -> bool {
        let current = self.asking.as_ref().is_some_and(|(one, _)| one.sends_received);
        if self.was_sent() { self.form.typed("sends_received").is_some() } else { current }
    }

    /// Every type: the field's name, the type, and whether it is ticked.
    fn types(&self) -> Vec<(String, &'static str, bool)> {
        let current = self.asking.as_ref().map(|(_, types)| types.as_slice()).unwrap_or_default();
        let ticked = |kind: &str, field: &str| match self.was_sent() {
            true => self.form.typed(field).is_some(),
            false => current.iter().any(|known| known == kind),
        };
        types().map(|kind| (format!("{TYPE}{kind}"), kind, ticked(kind, &format!("{TYPE}{kind}")))).collect()
    }

    fn has_types(&self) -> bool {
        self.types().iter().any(|(.., is_ticked)| *is_ticked)
    }

    /// Whether the form was sent. It omits boxes that are not ticked, but never `seen`.
    fn was_sent(&self) -> bool {
        self.form.typed("seen").is_some()
    }
}
