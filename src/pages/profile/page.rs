//! `GET /projects/{p}/customers/{id}`: loads every card on one connection and in one snapshot.

use askama::Template;
use url::form_urlencoded;

use super::answer::Answer;
use super::as_of::{self, Notice};
use super::asking::{IF_AWAY, REFUSE};
use super::explained::Explained;
use super::header::Header;
use super::refresh::Refresh;
use super::star::Star;
use super::visit::Visit;
use super::{
    app_user_ids, attributes, attribution, currencies, details, entitlements, history, manage, notes, offering,
};
use crate::actions::{self, InProject, Opened, Page, Reach, View};
use crate::base::Permission::{ManageConnections, ReadTeam};
use crate::base::error::Error;
use crate::db::Conn;
use crate::explanation::Language;
use crate::stores::{Line, Lines};
use crate::web::{Dialog, Flash, Layout, Section};
use crate::wording::sentence::Stamp;

/// What the query string asks for.
#[derive(Debug, Default)]
struct Asked {
    shows_all_ids: bool,
    history: history::Query,
    /// The fields that the sandbox switch keeps: choices that are valid in both views, but no place in one of them.
    kept: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "profile/page.html")]
pub struct ProfilePage {
    layout: Layout,
    visit: Visit,
    header: Header,
    notice: Option<Notice>,
    answer: Answer,
    details: details::Card,
    notes: notes::Card,
    history: history::Card,
    entitlements: entitlements::Card,
    offering: offering::Card,
    currencies: Option<currencies::Card>,
    app_user_ids: app_user_ids::Card,
    attributes: attributes::Card,
    attribution: Option<attribution::Card>,
    manage: manage::Card,
}

impl Page for ProfilePage {
    type Scope = InProject;

    /// # Errors
    /// [`Error::NotFound`] when no customer has the id of the address; [`Error::BadRequest`] for a malformed query;
    /// [`Error::Forbidden`] for the topic Team without its permission.
    fn load(conn: &mut Conn, view: &View<'_, InProject>) -> Result<ProfilePage, Error> {
        let member = view.who;
        let asked = Asked::parse(view.query)?;
        let visit = Visit::as_asked(conn, view.request, member, view.query)?;
        if asked.history.shown == history::Shown::Team && !visit.may(ReadTeam) {
            return Err(Error::Forbidden(ReadTeam));
        }
        let (star, refresh) = match visit.as_of {
            Some(_) => (None, None),
            None => (Some(Star::load(conn, member, &visit)?), Refresh::load(conn, &visit)?),
        };
        let kept = [asked.kept, visit.as_of_fields()].concat();
        let header = Header::new(&visit, kept.clone(), star, refresh);
        let explained = Explained::load(conn, &visit)?;
        let entitlements = entitlements::Card::new(&visit, &explained);
        Ok(ProfilePage {
            layout: member.layout(header.title(), Section::Customers),
            answer: Answer::new(&visit, &explained.explanations, entitlements.moved.as_ref(), &kept),
            details: details::Card::new(&visit),
            notes: notes::Card::load(conn, &visit)?,
            history: history::Card::load(conn, &visit, explained.moved.is_some(), &asked.history)?,
            offering: offering::Card::load(conn, &visit)?,
            currencies: currencies::Card::load(conn, &visit)?,
            app_user_ids: app_user_ids::Card::load(conn, &visit, asked.shows_all_ids)?,
            attributes: attributes::Card::new(&visit),
            attribution: attribution::Card::new(&visit),
            manage: manage::Card::load(conn, &visit)?,
            notice: Notice::new(&visit, as_of::asked(view.query, view.request.now)?),
            header,
            entitlements,
            visit,
        })
    }

    fn layout(&mut self) -> &mut Layout {
        &mut self.layout
    }

    fn flash(&self, conn: &mut Conn, view: &View<'_, InProject>) -> Result<Option<Flash>, Error> {
        let flash = actions::flash(conn, view.who, view.query, view.request.now)?;
        Ok(flash.map(|flash| flash.undone_at(self.visit.action("undo"))))
    }

    /// The name of a dialog begins with the name of its card.
    fn dialog(&self, conn: &mut Conn, view: &View<'_, InProject>, opened: Opened) -> Result<Option<Dialog>, Error> {
        let visit = &self.visit;
        if visit.as_of.is_some() {
            return Ok(None);
        }
        let lines = view.request.lines();
        let reach = |opened: &Opened| reach(visit, lines, opened);
        let at = |card: &str, opened: Opened| opened.with_back(visit.at(card));
        let act = |card: &str, opened: Opened| {
            let reach = reach(&opened);
            at(card, opened).with_reach(reach)
        };
        match opened.name.split('-').next() {
            Some("note") => notes::dialog(conn, visit, at("notes", opened)),
            Some("offering") => offering::dialog(conn, visit, act("offering", opened)),
            Some("attribute") => attributes::dialog(conn, visit, act("attributes", opened)),
            Some("currency") => currencies::dialog(conn, visit, act("currencies", opened)),
            Some("grant") => entitlements::grant_dialog(conn, visit, act("entitlements", opened)),
            Some("refund" | "cancel" | "resume" | "extend") => {
                let opened =
                    if visit.connected.is_some() { act("entitlements", opened) } else { at("entitlements", opened) };
                entitlements::purchase_dialog(conn, visit, lines, opened)
            }
            Some("manage") => manage::dialog(conn, visit, act("manage", opened)),
            _ => Ok(None),
        }
    }
}

/// Where what a dialog of the profile asks for arrives besides here.
pub fn reach(visit: &Visit, lines: &Lines, opened: &Opened) -> Reach {
    let Some(connected) = visit.connected else {
        let slug = &visit.project.slug;
        let connections = format!("/projects/{slug}/settings/connections");
        return Reach::WebhooksOnly { connections: visit.may(ManageConnections).then_some(connections) };
    };
    let now = visit.ctx.now;
    let rests_until = lines.rests_until(visit.project.id, &Line::RevenueCat, now);
    Reach::RevenueCat {
        is_suspended: connected.is_suspended,
        rests_until: rests_until.map(|until| Stamp::day_and_time(until, now)),
        refuses: opened.typed(IF_AWAY) == Some(REFUSE),
    }
}

impl Asked {
    fn parse(query: &str) -> Result<Asked, Error> {
        let history = history::Query::parse(query).map_err(|malformed| Error::BadRequest(malformed.0.into()))?;
        let mut asked = Asked { history, ..Asked::default() };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "ids" => asked.shows_all_ids = value == "all",
                "order" | "topic" if !value.is_empty() => {
                    asked.kept.push((name.into_owned(), value.into_owned()));
                }
                "language" if Language::parse(&value).is_some() => {
                    asked.kept.push((name.into_owned(), value.into_owned()));
                }
                _ => {}
            }
        }
        Ok(asked)
    }
}
