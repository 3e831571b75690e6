//! The page: members, open invitations, and whether a second factor is required.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::dialog::dialog;
use crate::actions::{self, Opened};
use crate::auth::invitations::Invitation;
use crate::auth::members::{self, Line};
use crate::auth::{Member, PageRequest};
use crate::base::Permission::ManagePeople;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::db::{Conn, Db};
use crate::pages::settings::Nav;
use crate::pages::settings::overview::nav;
use crate::web::{Layout, Section, filters};
use crate::wording::sentence::Stamp;

#[derive(Template)]
#[template(path = "settings/people.html")]
struct PeoplePage {
    layout: Layout,
    nav: Nav,
    members: Vec<Row>,
    invitations: Vec<(Invitation, Stamp)>,
    requires_second_factor: bool,
    /// How many members have no second factor.
    without: usize,
    may_manage: bool,
}

struct Row {
    line: Line,
    seen: Option<Stamp>,
    is_own: bool,
}

pub async fn show(request: PageRequest, req: HttpRequest, db: Data<Db>) -> Result<HttpResponse, Error> {
    actions::page(request, &req, &db, load).await
}

/// Renders the page with a dialog open.
pub fn rendered(conn: &mut Conn, request: &PageRequest, opened: Opened) -> Result<Bytes, Error> {
    load(conn, request, "", Some(opened))
}

/// The path of the page.
pub fn address(member: &Member) -> String {
    format!("/projects/{}/settings/people", member.project.slug)
}

fn load(conn: &mut Conn, request: &PageRequest, query: &str, opened: Option<Opened>) -> Result<Bytes, Error> {
    let member = request.authorize(conn)?;
    let mut page = PeoplePage::load(conn, &member, request.now)?;
    page.layout.flash = actions::flash(conn, &member, query, request.now)?;
    if let Some(opened) = opened {
        let problem = opened.all_problems();
        let dialog = dialog(conn, &member, opened.on(&member, address(&member)), request.now)?;
        page.layout.show_dialog(dialog, problem);
    }
    Ok(Bytes::from(page.render_with_values(&member.preferences())?))
}

impl PeoplePage {
    fn load(conn: &mut Conn, member: &Member, now: Moment) -> Result<PeoplePage, Error> {
        let lines = members::queries::list(conn, member.project.id)?;
        let open = crate::auth::invitations::queries::list(conn, member.project.id, now)?;
        Ok(PeoplePage {
            layout: member.layout("People", Section::Settings),
            nav: nav(conn, member, "people")?,
            without: lines.iter().filter(|line| !line.has_second_factor).count(),
            members: lines.into_iter().map(|line| Row::new(line, member, now)).collect(),
            invitations: open.into_iter().map(|one| (one.clone(), Stamp::relative(one.expires_at, now))).collect(),
            requires_second_factor: member.project.requires_second_factor,
            may_manage: member.may(ManagePeople),
        })
    }

    fn everybody_has_one(&self) -> bool {
        self.without == 0
    }

    fn requirement_verb(&self) -> &'static str {
        if self.requires_second_factor { "Make it optional" } else { "Require it" }
    }

    fn opens(&self, dialog: &str) -> String {
        format!("{}/people?dialog={dialog}", self.nav.base)
    }
}

impl Row {
    fn new(line: Line, member: &Member, now: Moment) -> Row {
        let seen = line.seen_at.map(|at| Stamp::relative(at, now));
        Row { seen, is_own: line.id == member.person.id, line }
    }
}
