//! The list of blocked customers.

use askama::Template;

use super::dialog::dialog;
use crate::actions::InProject;
use crate::actions::Opened;
use crate::actions::Page;
use crate::actions::View;
use crate::auth::Member;
use crate::base::error::Error;
use crate::db::Conn;
use crate::operations::erasure::blocking::{self, Blocked, MOST};
use crate::pages::settings::Nav;
use crate::pages::settings::overview::nav;
use crate::web::Dialog;
use crate::web::{Layout, Section, filters};
use crate::wording::sentence::Stamp;
use crate::wording::text::count;

#[derive(Template)]
#[template(path = "settings/blocked.html")]
pub struct BlockedPage {
    layout: Layout,
    nav: Nav,
    rows: Vec<Row>,
    /// How many events came for customers after their deletion.
    late: i64,
}

struct Row {
    blocked: Blocked,
    at: Stamp,
}

/// The path of the page.
pub fn address(member: &Member) -> String {
    format!("/projects/{}/settings/blocked", member.project.slug)
}

impl Page for BlockedPage {
    type Scope = InProject;

    fn load(conn: &mut Conn, view: &View<'_, InProject>) -> Result<BlockedPage, Error> {
        let member = view.who;
        let all = blocking::all(conn, member.project.id)?;
        Ok(BlockedPage {
            layout: member.layout("Blocked", Section::Settings),
            nav: nav(conn, member, "blocked")?,
            rows: all.into_iter().map(|blocked| Row { at: Stamp::full(blocked.at), blocked }).collect(),
            late: blocking::count_late(conn, member.project.id)?,
        })
    }

    fn layout(&mut self) -> &mut Layout {
        &mut self.layout
    }

    fn address(&self) -> String {
        format!("{}/blocked", self.nav.base)
    }

    fn dialog(&self, _: &mut Conn, view: &View<'_, InProject>, opened: Opened) -> Result<Option<Dialog>, Error> {
        let all: Vec<&Blocked> = self.rows.iter().map(|row| &row.blocked).collect();
        dialog(view.who, &all, opened)
    }
}

impl BlockedPage {
    fn count(&self) -> String {
        format!("{} of {MOST}", self.rows.len())
    }

    fn is_full(&self) -> bool {
        i64::try_from(self.rows.len()).unwrap_or(i64::MAX) >= MOST
    }

    fn opens(&self, dialog: &str) -> String {
        format!("{}/blocked?dialog={dialog}", self.nav.base)
    }

    fn late(&self) -> String {
        count(self.late, "event", "events")
    }
}

impl Row {
    /// How many other ids of the same customer are blocked.
    fn others(&self) -> Option<String> {
        let others = self.blocked.ids - 1;
        (others > 0).then(|| format!("and {}", count(others, "other id", "other ids")))
    }
}
