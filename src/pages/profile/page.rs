//! `GET /projects/{p}/customers/{id}`: loads every card on one connection and in one snapshot.
//!
//! The number of queries does not depend on the amount of data: the person (1); the id with its customer and project
//! (1); the catalog (3); purchases (4); attributes (1); the star (1); notes, entitlements, ids and currencies (1
//! each); offering (2); manage (3); and those of the history.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use url::form_urlencoded;

use super::answer::Answer;
use super::header::Header;
use super::star::Star;
use super::visit::Visit;
use super::{
    app_user_ids, attributes, attribution, currencies, details, entitlements, export, history, manage, notes, offering,
};
use crate::actions::{self, Opened};
use crate::auth::{Member, PageRequest};
use crate::base::Permission::ReadTeam;
use crate::base::error::Error;
use crate::db::{Conn, Db};
use crate::web::{Dialog, Layout, Section, filters};

/// The initial capacity of the buffer in bytes, which is enough for most pages.
const USUAL_LENGTH: usize = 96 * 1024;

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
struct ProfilePage {
    layout: Layout,
    header: Header,
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

pub async fn show(request: PageRequest, req: HttpRequest, db: Data<Db>) -> Result<HttpResponse, Error> {
    actions::page(request, &req, &db, rendered).await
}

/// Renders the page, with a dialog over it if `opened` names one.
///
/// # Errors
/// Those of [`PageRequest::authorize`]; [`Error::NotFound`] when no customer has the id of the address;
/// [`Error::BadRequest`] for a malformed query; [`Error::Forbidden`] for the topic Team without its permission.
pub fn rendered(conn: &mut Conn, request: &PageRequest, query: &str, opened: Option<Opened>) -> Result<Bytes, Error> {
    let member = request.authorize(conn)?;
    let asked = Asked::parse(query)?;
    let visit = Visit::from_request(conn, request, &member, query)?;
    if asked.history.shown == history::Shown::Team && !visit.may(ReadTeam) {
        return Err(Error::Forbidden(ReadTeam));
    }
    let mut page = ProfilePage::load(conn, &member, &visit, &asked)?;
    let flash = actions::flash(conn, &member, query, request.now)?.map(|flash| flash.undone_at(visit.action("undo")));
    page.layout = page.layout.with_flash(flash);
    if let Some(opened) = opened {
        page.open(conn, &member, &visit, opened)?;
    }
    let mut html = String::with_capacity(USUAL_LENGTH);
    page.render_into_with_values(&mut html, &member.preferences())?;
    Ok(Bytes::from(html))
}

impl ProfilePage {
    fn load(conn: &mut Conn, member: &Member, visit: &Visit, asked: &Asked) -> Result<ProfilePage, Error> {
        let header = Header::new(visit, asked.kept.clone(), Star::load(conn, member, visit)?);
        let entitlements = entitlements::Card::load(conn, visit)?;
        Ok(ProfilePage {
            layout: member.layout(header.title(), Section::Customers),
            answer: Answer::new(visit, &entitlements),
            details: details::Card::new(visit),
            notes: notes::Card::load(conn, visit)?,
            history: history::Card::load(conn, visit, &asked.history)?,
            offering: offering::Card::load(conn, visit)?,
            currencies: currencies::Card::load(conn, visit)?,
            app_user_ids: app_user_ids::Card::load(conn, visit, asked.shows_all_ids)?,
            attributes: attributes::Card::new(visit),
            attribution: attribution::Card::new(visit),
            manage: manage::Card::load(conn, visit)?,
            header,
            entitlements,
        })
    }

    /// Opens a dialog. If there is no dialog of this name for this person, the page shows a refusal in its corner.
    fn open(&mut self, conn: &mut Conn, member: &Member, visit: &Visit, opened: Opened) -> Result<(), Error> {
        let problem = opened.all_problems();
        let dialog = dialog(conn, member, visit, opened)?;
        self.layout.show_dialog(dialog, problem);
        Ok(())
    }
}

/// The name of a dialog begins with the name of its card.
fn dialog(conn: &mut Conn, member: &Member, visit: &Visit, opened: Opened) -> Result<Option<Dialog>, Error> {
    match opened.name.split('-').next() {
        Some("note") => notes::dialog(conn, visit, opened.on(member, visit.at("notes"))),
        Some("export") => export::dialog(visit, opened.on(member, visit.at("manage"))),
        Some("offering") => offering::dialog(conn, visit, opened.on(member, visit.at("offering"))),
        Some("attribute") => attributes::dialog(conn, visit, opened.on(member, visit.at("attributes"))),
        Some("grant") => entitlements::dialog(conn, visit, opened.on(member, visit.at("entitlements"))),
        Some("manage") => manage::dialog(conn, visit, opened.on(member, visit.at("manage"))),
        _ => Ok(None),
    }
}

impl Asked {
    fn parse(query: &str) -> Result<Asked, Error> {
        let history = history::Query::parse(query).map_err(|malformed| Error::BadRequest(malformed.0.into()))?;
        let mut asked = Asked { history, ..Asked::default() };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "ids" => asked.shows_all_ids = value == "all",
                "order" | "topic" if !value.is_empty() => asked.kept.push((name.into_owned(), value.into_owned())),
                _ => {}
            }
        }
        Ok(asked)
    }
}
