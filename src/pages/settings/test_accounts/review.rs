//! How much would be deleted, and the field for the number that confirms it.

use askama::Template;

use super::address;
use crate::actions::InProject;
use crate::actions::Opened;
use crate::actions::Page;
use crate::actions::View;
use crate::auth::Member;
use crate::base::error::Error;
use crate::base::ids::{CustomerId, ProjectId};
use crate::db::Conn;
use crate::operations::test_accounts::queries::{self, Candidate};
use crate::operations::test_accounts::{MOST, Wanted};
use crate::pages::settings::Nav;
use crate::pages::settings::overview::nav;
use crate::web::{Layout, Section, filters};
use crate::wording::text::{count, grouped};

/// What a link may fill in: the choice that the page before made, of which the page shows how much it is. Not the number
/// that confirms it.
const LINKS: [&str; 5] = ["bought", "ids", "before", "scope", "customer"];

/// The chosen customers: all who match the filter, or only the ticked ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    pub wanted: Wanted,
    pub ticked: Option<Vec<CustomerId>>,
}

#[derive(Template)]
#[template(path = "settings/test_accounts/review.html")]
pub struct ReviewPage {
    layout: Layout,
    nav: Nav,
    address: String,
    form: Opened,
    choice: Choice,
    chosen: i64,
    events: i64,
    purchases: i64,
}

impl Page for ReviewPage {
    type Scope = InProject;

    /// The choice is in the fields of the form, or in those of the address.
    fn load(conn: &mut Conn, view: &View<'_, InProject>) -> Result<ReviewPage, Error> {
        let member = view.who;
        let form = match view.sent() {
            Some(sent) => sent.clone(),
            None => Opened::of_address("review", view.query)?
                .filled_by_links(&LINKS)
                .by(member.is_proven, member.has_second_factor),
        };
        let choice = Choice::parse(|name| form.all(name))?;
        let chosen = choice.find(conn, member.project.id)?;
        ReviewPage::new(conn, member, form, choice, &chosen)
    }

    fn layout(&mut self) -> &mut Layout {
        &mut self.layout
    }

    fn has_dialogs() -> bool {
        false
    }
}

impl Choice {
    /// Reads the choice from the fields of an address or a form.
    ///
    /// # Errors
    /// [`Error::BadRequest`] when a field is missing or not valid.
    pub fn parse<'a>(field: impl Fn(&str) -> Vec<&'a str>) -> Result<Choice, Error> {
        let unknown = || Error::BadRequest("This choice was not made on the page before. Start from there.".into());
        let first = |name| field(name).first().copied().unwrap_or("");
        let wanted = Wanted::parse(first("bought"), first("ids"), first("before")).map_err(|_| unknown())?;
        let ticked = match first("scope") {
            "all" => None,
            "ticked" => Some(read(&field("customer")).ok_or_else(unknown)?),
            _ => return Err(unknown()),
        };
        Ok(Choice { wanted, ticked })
    }

    /// The chosen customers who match the filter now.
    pub fn find(&self, conn: &mut Conn, project: ProjectId) -> Result<Vec<Candidate>, Error> {
        Ok(match &self.ticked {
            None => queries::all(conn, project, &self.wanted)?,
            Some(ticked) => queries::still(conn, project, &self.wanted, ticked)?,
        })
    }

    fn scope(&self) -> &'static str {
        if self.ticked.is_some() { "ticked" } else { "all" }
    }

    /// The ids of the ticked customers as the value of one field.
    fn customers(&self) -> String {
        let numbers = self.ticked.iter().flatten().map(ToString::to_string);
        numbers.collect::<Vec<_>>().join(".")
    }
}

/// The ids of customers: one in each field, or several separated by dots. `None` when one is no number, or for too
/// many.
fn read(fields: &[&str]) -> Option<Vec<CustomerId>> {
    let numbers = fields.iter().flat_map(|field| field.split('.')).filter(|text| !text.is_empty());
    numbers.map(|text| text.parse().ok()).collect::<Option<Vec<_>>>().filter(|all| all.len() <= MOST)
}

impl ReviewPage {
    fn new(
        conn: &mut Conn,
        member: &Member,
        form: Opened,
        choice: Choice,
        chosen: &[Candidate],
    ) -> Result<ReviewPage, Error> {
        let address = address(&member.project.slug);
        Ok(ReviewPage {
            layout: member.layout("Delete test accounts", Section::Settings),
            nav: nav(conn, member, "test-accounts")?,
            form: form.with_back(format!("{address}?{}", choice.wanted.query())),
            address,
            chosen: i64::try_from(chosen.len()).unwrap_or(i64::MAX),
            events: chosen.iter().map(|one| one.events).sum(),
            purchases: chosen.iter().map(|one| one.purchases).sum(),
            choice,
        })
    }

    fn counted(&self) -> String {
        count(self.chosen, "customer", "customers")
    }

    fn erased(&self) -> [String; 3] {
        [
            format!("{} with all their App User IDs, notes and attributes", self.counted()),
            count(self.events, "event", "events"),
            format!("{} of the sandbox", count(self.purchases, "purchase", "purchases")),
        ]
    }

    fn number(&self) -> String {
        grouped(self.chosen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_everybody_or_those_who_were_ticked() {
        let choice = |fields: &[(&'static str, &'static str)]| {
            Choice::parse(|name| fields.iter().filter(|(known, _)| *known == name).map(|(_, value)| *value).collect())
        };
        let all = choice(&[("bought", "sandbox"), ("scope", "all"), ("customer", "7")]).expect("a choice");
        assert_eq!(all.ticked, None);
        let ticked = choice(&[("bought", "sandbox"), ("scope", "ticked"), ("customer", "7"), ("customer", "8.9")]);
        assert_eq!(ticked.expect("a choice").customers(), "7.8.9");
        for fields in [
            &[("bought", "sandbox")][..],
            &[("bought", "sandbox"), ("scope", "ticked"), ("customer", "x")],
            &[("bought", "either"), ("scope", "all")],
        ] {
            assert!(matches!(choice(fields), Err(Error::BadRequest(_))), "{fields:?}");
        }
    }
}
