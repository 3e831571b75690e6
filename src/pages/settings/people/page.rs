//! The page: members, open invitations, and whether a second factor is required.

use askama::Template;

use super::dialog::dialog;
use crate::actions::InProject;
use crate::actions::Opened;
use crate::actions::Page;
use crate::actions::View;
use crate::auth::Member;
use crate::auth::invitations::Invitation;
use crate::auth::members::{self, Line};
use crate::base::Permission::ManagePeople;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::db::Conn;
use crate::pages::settings::Nav;
use crate::pages::settings::overview::nav;
use crate::web::Dialog;
use crate::web::{Layout, Section};
use crate::wording::sentence::Stamp;

#[derive(Template)]
#[template(path = "settings/people.html")]
pub struct PeoplePage {
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

/// The path of the page.
pub fn address(member: &Member) -> String {
    format!("/projects/{}/settings/people", member.project.slug)
}

impl Page for PeoplePage {
    type Scope = InProject;

    fn load(conn: &mut Conn, view: &View<'_, InProject>) -> Result<PeoplePage, Error> {
        let (member, now) = (view.who, view.request.now);
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

    fn layout(&mut self) -> &mut Layout {
        &mut self.layout
    }

    fn address(&self) -> String {
        format!("{}/people", self.nav.base)
    }

    fn dialog(&self, conn: &mut Conn, view: &View<'_, InProject>, opened: Opened) -> Result<Option<Dialog>, Error> {
        dialog(conn, view.who, opened, view.request.now)
    }
}

impl PeoplePage {
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
