//! The dialogs of an offering.

use askama::Template;

use super::draft::{indented, values};
use super::href;
use crate::actions::Opened;
use crate::auth::Member;
use crate::base::error::Error;
use crate::catalog::rows::Offering;
use crate::catalog::rules::LONGEST_METADATA;
use crate::pages::settings::catalog::address;
use crate::pages::settings::catalog::confirm::Confirm;
use crate::pages::settings::values::Values;
use crate::web::{Dialog, filters};
use crate::wording::sentence::Sentence;
use crate::wording::text::count;

#[derive(Template)]
#[template(path = "settings/catalog/offering_form.html")]
struct Write {
    form: Opened,
    action: String,
    current_values: Values,
    /// The offering that is changed; `None` for a new one.
    offering: Option<Offering>,
}

/// The dialog that adds an offering, over the catalog's page; `None` for another name.
pub fn dialog_to_add(member: &Member, form: Opened) -> Result<Option<Dialog>, Error> {
    if form.name != "offering-add" {
        return Ok(None);
    }
    let action = format!("{}/offerings", address(member));
    Ok(Some(Dialog::new(Write { form, action, current_values: Values::default(), offering: None })))
}

/// What the dialogs need to know about an offering.
pub struct Known<'a> {
    pub row: &'a Offering,
    /// For how many customers it is set by an override.
    pub overrides: i64,
    /// The project's default offering.
    pub default: Option<&'a Offering>,
    pub is_alone: bool,
}

/// The dialog that `form` names, over the offering's page; `None` for an unknown name or an action that would be
/// refused.
pub fn dialog(member: &Member, known: &Known<'_>, form: Opened) -> Result<Option<Dialog>, Error> {
    let row = known.row;
    let action = |verb: &str| format!("{}{verb}", href(member, &row.identifier));
    let (verb, title, consequences, button, is_danger) = match form.name.as_str() {
        "offering-edit" => {
            let write = Write { form, action: action(""), current_values: values(row), offering: Some(row.clone()) };
            return Ok(Some(Dialog::new(write)));
        }
        "offering-default" if !row.is_default && !row.is_archived => (
            "/default",
            format!("Make {} the default", row.display_name),
            by_default(known),
            "Make it the default",
            false,
        ),
        "offering-archive" if !row.is_default && !row.is_archived => {
            ("/archive", format!("Archive {}", row.display_name), stopped(known), "Archive the offering", true)
        }
        "offering-unarchive" if row.is_archived => {
            let consequences =
                vec![Sentence::new(format!("It can be offered again. {}", set_for(known.overrides, "get it again")))];
            ("/unarchive", format!("Take {} out of the archive", row.display_name), consequences, "Take it out", false)
        }
        "offering-delete" if !row.is_default || known.is_alone => {
            let mut consequences = stopped(known);
            consequences
                .push(Sentence::new("Its packages go with it. Apps that ask for it by its identifier get nothing."));
            ("/delete", format!("Delete {}", row.display_name), consequences, "Delete the offering", true)
        }
        _ => return Ok(None),
    };
    let asks_proof = verb == "/delete";
    Confirm { action: action(verb), form, title, consequences, button, is_danger, asks_proof, field: None }.dialog()
}

fn by_default(known: &Known<'_>) -> Vec<Sentence> {
    let instead = Sentence::new("Customers without an override get ").name(&known.row.display_name);
    let instead = match known.default {
        Some(default) => instead.words(" instead of ").name(&default.display_name),
        None => instead.words(" instead of none"),
    };
    vec![instead.words(", when their app asks for its offerings the next time. What they own stays as it is.")]
}

fn stopped(known: &Known<'_>) -> Vec<Sentence> {
    let consequences = Sentence::new(set_for(known.overrides, "get the default instead"));
    vec![consequences.words(" What customers own stays as it is.")]
}

fn set_for(overrides: i64, then: &str) -> String {
    match overrides {
        0 => "It is set for no customer.".to_owned(),
        _ => format!("It is set for {}, who {then}.", count(overrides, "customer", "customers")),
    }
}

impl Write {
    fn name(&self) -> &str {
        self.form.value("name", self.offering.as_ref().map_or("", |offering| &offering.display_name))
    }

    fn metadata(&self) -> String {
        let kept = self.offering.as_ref().map_or_else(|| "{}".to_owned(), |offering| indented(&offering.metadata));
        self.form.typed("metadata").map_or(kept, str::to_owned)
    }

    fn first(&self) -> &'static str {
        if self.offering.is_some() { "name" } else { "identifier" }
    }
}
