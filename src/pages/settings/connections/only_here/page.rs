//! The page: one kind at a time, with boxes to tick.

use std::collections::HashMap;

use askama::Template;

use super::card::counts;
use crate::actions::{InProject, Opened, Page, View};
use crate::auth::Member;
use crate::base::error::Error;
use crate::base::ids::CustomerId;
use crate::db::Conn;
use crate::operations::only_here::{Fact, Kind, Place, last_words, page};
use crate::pages::profile::subject::href;
use crate::pages::settings::Nav;
use crate::pages::settings::overview::nav;
use crate::stores::revenuecat::queries;
use crate::web::{Layout, Section, filters, form};
use crate::wording::sentence::Stamp;
use crate::wording::text::{capitalised, grouped};

/// Rows of a page.
const ROWS: usize = 50;

#[derive(Template)]
#[template(path = "settings/connections/only_here/page.html")]
pub struct OnlyHerePage {
    layout: Layout,
    nav: Nav,
    form: Opened,
    address: String,
    slug: String,
    is_connected: bool,
    kind: Kind,
    counts: Vec<(Kind, i64)>,
    rows: Vec<Fact>,
    said: HashMap<(CustomerId, String), String>,
    is_first: bool,
    next: Option<Place>,
}

/// The path of the page.
pub fn address(member: &Member) -> String {
    format!("/projects/{}/settings/connections/revenuecat/only-here", member.project.slug)
}

impl Page for OnlyHerePage {
    type Scope = InProject;

    fn load(conn: &mut Conn, view: &View<'_, InProject>) -> Result<OnlyHerePage, Error> {
        let (member, now) = (view.who, view.request.now);
        let connection = queries::find(conn, member.project.id)?;
        let kind = form::field(view.query, "kind").and_then(|word| Kind::parse(&word)).unwrap_or(Kind::Grant);
        let after =
            form::field(view.query, "after").map(|text| Place::parse(&text).ok_or(Error::NotFound)).transpose()?;
        let most = i64::try_from(ROWS + 1).unwrap_or(i64::MAX);
        let mut rows = match &connection {
            Some(known) => page(conn, known.own(now), kind, &after.clone().unwrap_or_else(Place::first), most)?,
            None => Vec::new(),
        };
        let has_more = rows.len() > ROWS;
        rows.truncate(ROWS);
        let form = match view.sent() {
            Some(sent) => sent.clone(),
            None => Opened::of_address("only-here", "")?.by(member.is_proven, member.has_second_factor),
        };
        Ok(OnlyHerePage {
            layout: member.layout("Only here", Section::Settings),
            nav: nav(conn, member, "connections")?,
            form,
            address: address(member),
            slug: member.project.slug.clone(),
            kind,
            is_connected: connection.is_some(),
            counts: connection.map(|known| counts(conn, &known, now)).transpose()?.unwrap_or_default(),
            said: last_words(conn, member.project.id, kind, &rows)?,
            is_first: after.is_none(),
            next: rows.last().filter(|_| has_more).map(Fact::place),
            rows,
        })
    }

    fn layout(&mut self) -> &mut Layout {
        &mut self.layout
    }

    fn has_dialogs() -> bool {
        false
    }
}

impl OnlyHerePage {
    /// Why the form was refused: all of it where its fields are not on the page.
    fn refusal(&self) -> Option<String> {
        let words = match self.rows.is_empty() {
            true => Some(self.form.all_problems()),
            false => self.form.problem("").map(str::to_owned),
        };
        words.filter(|words| !words.is_empty())
    }

    /// How many of the kind there are.
    fn total(&self) -> String {
        grouped(self.counts.iter().find(|(kind, _)| *kind == self.kind).map_or(0, |(_, number)| *number))
    }

    fn is_here(&self, kind: &Kind) -> bool {
        *kind == self.kind
    }

    fn what(&self, row: &Fact) -> String {
        row.what(self.kind)
    }

    fn tabs(&self) -> Vec<(Kind, String, String)> {
        let tab = |(kind, number): &(Kind, i64)| (*kind, capitalised(kind.words().1), grouped(*number));
        self.counts.iter().map(tab).collect()
    }

    fn href(&self, row: &Fact) -> String {
        href(&self.slug, &row.app_user_id)
    }

    fn said(&self, row: &Fact) -> Option<&str> {
        let said = self.said.get(&(row.customer_id, row.item.clone())).filter(|words| !words.is_empty());
        said.map(String::as_str)
    }

    fn made(row: &Fact) -> Stamp {
        Stamp::day(row.made_at)
    }

    fn ends(row: &Fact) -> Option<Stamp> {
        row.ends_at.map(Stamp::day)
    }

    /// Whether the box is ticked: all are, unless the form was sent.
    fn is_ticked(&self, row: &Fact) -> bool {
        let ticked = self.form.all("fact");
        self.form.is_of_address || ticked.contains(&row.place().to_string().as_str())
    }

    fn after(place: &Place) -> String {
        url::form_urlencoded::byte_serialize(place.to_string().as_bytes()).collect()
    }
}
