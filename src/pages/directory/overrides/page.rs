//! The page: a row for each override, with its customer.

use askama::Template;

use crate::actions::{self, InProject, Opened, Page, View, fresh_key};
use crate::auth::Member;
use crate::base::Permission::OverrideOffering;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::customers::overrides::{self, Cursor, Offering, Override, may_change};
use crate::db::Conn;
use crate::pages::directory::lists::List;
use crate::pages::directory::overview::{self, Overview};
use crate::pages::profile::subject;
use crate::web::form::field;
use crate::web::{Flash, Layout, Section};
use crate::wording::Preferences;
use crate::wording::sentence::{Sentence, Stamp};
use crate::wording::text;

/// Rows of a page.
const PAGE: usize = 50;

#[derive(Template)]
#[template(path = "directory/overrides.html")]
pub struct OverridesPage {
    layout: Layout,
    project: String,
    default: Option<Offering>,
    rows: Vec<Row>,
    /// Whether this page is not the first.
    is_later: bool,
    next: Option<Cursor>,
}

struct Row {
    overview: Overview,
    href: String,
    offering: String,
    identifier: String,
    /// Until when it lasts, who set it and why, and whether the catalog still lets it count.
    sentence: Sentence,
    seen: i64,
    /// The key of the form that clears the override; `None` when the member may not.
    once: Option<String>,
}

/// The address to return to after clearing the override of this customer.
pub fn address(project: &str, app_user_id: &str) -> String {
    format!("/projects/{project}/overrides?of={}", text::segment(app_user_id))
}

impl Page for OverridesPage {
    type Scope = InProject;

    /// # Errors
    /// [`Error::BadRequest`] for a cursor that Dossier did not make.
    fn load(conn: &mut Conn, view: &View<'_, InProject>) -> Result<OverridesPage, Error> {
        let after = match field(view.query, "after") {
            Some(place) => Some(Cursor::parse(&place).ok_or_else(|| Error::BadRequest(NO_PLACE.into()))?),
            None => None,
        };
        OverridesPage::after(conn, view.who, after, view.request.now)
    }

    fn layout(&mut self) -> &mut Layout {
        &mut self.layout
    }

    fn flash(&self, conn: &mut Conn, view: &View<'_, InProject>) -> Result<Option<Flash>, Error> {
        let undo = |of: String| format!("{}/undo", subject::href(&self.project, &of));
        let flash = actions::flash(conn, view.who, view.query, view.request.now)?;
        Ok(flash.map(|flash| flash.undone_at(field(view.query, "of").map(undo).unwrap_or_default())))
    }

    /// A refusal is shown in the corner, because the forms are in the rows.
    fn open(&mut self, _: &mut Conn, _: &View<'_, InProject>, opened: Opened, _: Preferences) -> Result<(), Error> {
        let problem = if opened.is_stale { CHANGED.into() } else { opened.all_problems() };
        self.layout.show_dialog(None, problem);
        Ok(())
    }
}

const NO_PLACE: &str = "This page of the list does not exist. Start from the top of the list.";
const CHANGED: &str = "Somebody changed this override meanwhile. The list shows it as it is now.";

impl OverridesPage {
    fn after(conn: &mut Conn, member: &Member, after: Option<Cursor>, now: Moment) -> Result<OverridesPage, Error> {
        let project = &member.project;
        let most = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
        let mut found = overrides::queries::in_force(conn, project.id, now, after, most)?;
        let has_more = found.len() > PAGE;
        found.truncate(PAGE);
        let offerings = overrides::queries::offerings_of(conn, project.id)?;
        let held = overrides::queries::restricts_developers(conn, project.id)?;
        let ids: Vec<_> = found.iter().map(|set| set.customer_id).collect();
        let rows = overview::rows_of(conn, &ids)?;
        let overviews = overview::complete(conn, project.id, now, rows)?;
        let next = found.last().map(Cursor::new).filter(|_| has_more);
        let mut rows = Vec::new();
        for set in found {
            let Some(overview) = overviews.iter().find(|overview| overview.row.id == set.customer_id) else { continue };
            let may = member.may(OverrideOffering) && may_change(member.role, held, overview.status_purchase.as_ref());
            let once = may.then(fresh_key).transpose()?;
            rows.push(Row::new(&project.slug, overview.clone(), &set, &offerings, once, now));
        }
        let default = offerings.into_iter().find(|offering| offering.is_default && !offering.is_archived);
        let layout = member.layout("Offering overrides", Section::Customers);
        Ok(OverridesPage { layout, project: project.slug.clone(), default, rows, is_later: after.is_some(), next })
    }

    fn lists(&self) -> [List; 6] {
        List::ALL
    }

    fn top(&self) -> String {
        format!("/projects/{}/overrides", self.project)
    }
}

impl Row {
    fn new(
        project: &str,
        overview: Overview,
        set: &Override,
        offerings: &[Offering],
        once: Option<String>,
        now: Moment,
    ) -> Row {
        let offering = offerings.iter().find(|offering| offering.identifier == set.offering);
        Row {
            href: format!("{}#offering", overview.href(project)),
            offering: offering.map_or(&set.offering, |offering| &offering.display_name).clone(),
            identifier: text::visible(&set.offering),
            sentence: sentence(set, offering, now),
            seen: Override::version(Some(set)),
            once,
            overview,
        }
    }
}

/// `until 30 Nov, 23:59 UTC. Set by Sol Mbeki on 20 Nov: “asked for a discount”.`
fn sentence(set: &Override, offering: Option<&Offering>, now: Moment) -> Sentence {
    let sentence = match set.until {
        Some(until) => Sentence::new("until ").time(Stamp::day_and_time(until, now)),
        None => Sentence::new("without an end"),
    };
    let sentence = sentence.words(". Set by ").name(&set.set_by).words(" on ").time(Stamp::short_day(set.set_at, now));
    let sentence = match &set.reason {
        Some(reason) => sentence.words(": \u{201C}").name(reason).words("\u{201D}."),
        None => sentence.words("."),
    };
    match offering {
        None => sentence.words(" It does not count: the catalog has no such offering."),
        Some(offering) if offering.is_archived => sentence.words(" It does not count: that offering is archived."),
        Some(_) => sentence,
    }
}
