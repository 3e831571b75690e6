//! The list of endpoints.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::dialog::dialog;
use crate::actions::{self, Opened};
use crate::auth::{Door, Member};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::db::{Conn, Db};
use crate::endpoints::queries::{self, Asking};
use crate::endpoints::{Destination, MOST};
use crate::pages::settings::Nav;
use crate::pages::settings::overview::nav;
use crate::web::{Layout, Section};
use crate::wording::sentence::Stamp;
use crate::wording::text::grouped;

#[derive(Template)]
#[template(path = "settings/destinations/list.html")]
struct ListPage {
    layout: Layout,
    nav: Nav,
    rows: Vec<Row>,
}

struct Row {
    endpoint: Destination,
    /// What it asks for, in a few words.
    asks: String,
    waiting: i64,
    href: String,
    last: Option<(Stamp, Last)>,
}

/// How the newest attempt went, and the tone of that.
pub struct Last {
    pub told: String,
    pub tone: &'static str,
}

pub async fn show(door: Door, req: HttpRequest, db: Data<Db>) -> Result<HttpResponse, Error> {
    actions::page(door, &req, &db, load).await
}

/// The page with a dialog over it.
///
/// # Errors
/// As [`show`].
pub fn rendered(conn: &mut Conn, door: &Door, opened: Opened) -> Result<Bytes, Error> {
    load(conn, door, "", Some(opened))
}

/// The address of the page.
pub fn address(member: &Member) -> String {
    format!("/projects/{}/settings/destinations", member.project.slug)
}

fn load(conn: &mut Conn, door: &Door, query: &str, opened: Option<Opened>) -> Result<Bytes, Error> {
    let member = door.enter(conn)?;
    let all = queries::all(conn, member.project.id)?;
    let mut waiting = queries::waiting(conn, member.project.id)?;
    let flash = actions::flash(conn, &member, query, door.now)?;
    let mut layout = member.layout("Webhook endpoints", Section::Settings).with_flash(flash);
    if let Some(opened) = opened {
        let told = opened.told();
        let dialog = dialog(&member, None, opened.on(&member, address(&member)))?;
        layout.lay_over(dialog, told);
    }
    let row = |asking: Asking| {
        let waiting = waiting.remove(&asking.0.id).unwrap_or_default();
        Row::of(asking, waiting, &member, door.now)
    };
    let rows = all.into_iter().map(row).collect();
    let page = ListPage { layout, nav: nav(conn, &member, "destinations")?, rows };
    Ok(Bytes::from(page.render_with_values(&member.look())?))
}

impl ListPage {
    fn count(&self) -> String {
        format!("{} of {MOST}", self.rows.len())
    }

    fn is_full(&self) -> bool {
        self.rows.len() >= MOST
    }

    fn opens(&self, dialog: &str) -> String {
        format!("{}/destinations?dialog={dialog}", self.nav.base)
    }
}

impl Row {
    fn of((endpoint, types): Asking, waiting: i64, member: &Member, now: Moment) -> Row {
        let whose = if endpoint.sends_received { "All events" } else { "Events made by Dossier" };
        let asked = if types.is_empty() { String::new() } else { format!(", {} types of them", types.len()) };
        let last = endpoint.last_at.map(|at| (Stamp::relative(at, now).inside(), Last::of(&endpoint)));
        Row {
            asks: format!("{whose}{asked}. {}.", endpoint.environments().words()),
            waiting,
            href: super::one::address(member, endpoint.id),
            last,
            endpoint,
        }
    }

    fn waiting(&self) -> String {
        grouped(self.waiting)
    }
}

impl Last {
    /// Of an endpoint that was tried.
    pub fn of(endpoint: &Destination) -> Last {
        match endpoint.last_status {
            Some(200) => Last { told: "Received".into(), tone: "good" },
            Some(status) => Last { told: format!("Answered {status}"), tone: "bad" },
            None => Last { told: "No answer".into(), tone: "bad" },
        }
    }
}
