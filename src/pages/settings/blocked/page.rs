//! The list of blocked customers.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::dialog::dialog;
use crate::actions::{self, Opened};
use crate::auth::{Member, PageRequest};
use crate::base::error::Error;
use crate::db::{Conn, Db};
use crate::operations::erasure::blocking::{self, Blocked, MOST};
use crate::pages::settings::Nav;
use crate::pages::settings::overview::nav;
use crate::web::{Layout, Section, filters};
use crate::wording::sentence::Stamp;
use crate::wording::text::count;

#[derive(Template)]
#[template(path = "settings/blocked.html")]
struct BlockedPage {
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

pub async fn show(request: PageRequest, req: HttpRequest, db: Data<Db>) -> Result<HttpResponse, Error> {
    actions::page(request, &req, &db, load).await
}

/// Renders the page with a dialog open.
pub fn rendered(conn: &mut Conn, request: &PageRequest, opened: Opened) -> Result<Bytes, Error> {
    load(conn, request, "", Some(opened))
}

/// The path of the page.
pub fn address(member: &Member) -> String {
    format!("/projects/{}/settings/blocked", member.project.slug)
}

fn load(conn: &mut Conn, request: &PageRequest, query: &str, opened: Option<Opened>) -> Result<Bytes, Error> {
    let member = request.authorize(conn)?;
    let all = blocking::all(conn, member.project.id)?;
    let flash = actions::flash(conn, &member, query, request.now)?;
    let mut layout = member.layout("Blocked", Section::Settings).with_flash(flash);
    if let Some(opened) = opened {
        let problem = opened.all_problems();
        let dialog = dialog(&member, &all, opened.on(&member, address(&member)))?;
        layout.show_dialog(dialog, problem);
    }
    let page = BlockedPage {
        layout,
        nav: nav(conn, &member, "blocked")?,
        rows: all.into_iter().map(|blocked| Row { at: Stamp::full(blocked.at), blocked }).collect(),
        late: blocking::count_late(conn, member.project.id)?,
    };
    Ok(Bytes::from(page.render_with_values(&member.preferences())?))
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
