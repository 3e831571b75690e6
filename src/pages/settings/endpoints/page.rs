//! The list of webhook endpoints.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::dialog::dialog;
use crate::actions::{self, Opened};
use crate::auth::{Member, PageRequest};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::db::{Conn, Db};
use crate::endpoints::queries::{self, EndpointWithTypes};
use crate::endpoints::{Endpoint, MOST};
use crate::pages::settings::Nav;
use crate::pages::settings::overview::nav;
use crate::web::{Layout, Section, filters};
use crate::wording::sentence::Stamp;
use crate::wording::text::grouped;

#[derive(Template)]
#[template(path = "settings/endpoints/list.html")]
struct ListPage {
    layout: Layout,
    nav: Nav,
    rows: Vec<Row>,
}

struct Row {
    endpoint: Endpoint,
    /// Which events it gets, in a few words.
    events: String,
    waiting: i64,
    href: String,
    last: Option<(Stamp, Last)>,
}

/// The outcome of the newest attempt, and its colour class.
pub struct Last {
    pub label: String,
    pub tone: &'static str,
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
    format!("/projects/{}/settings/endpoints", member.project.slug)
}

fn load(conn: &mut Conn, request: &PageRequest, query: &str, opened: Option<Opened>) -> Result<Bytes, Error> {
    let member = request.authorize(conn)?;
    let all = queries::all(conn, member.project.id)?;
    let mut waiting = queries::waiting(conn, member.project.id)?;
    let flash = actions::flash(conn, &member, query, request.now)?;
    let mut layout = member.layout("Webhook endpoints", Section::Settings).with_flash(flash);
    if let Some(opened) = opened {
        let problem = opened.all_problems();
        let dialog = dialog(&member, None, opened.on(&member, address(&member)))?;
        layout.show_dialog(dialog, problem);
    }
    let row = |asking: EndpointWithTypes| {
        let waiting = waiting.remove(&asking.0.id).unwrap_or_default();
        Row::new(asking, waiting, &member, request.now)
    };
    let rows = all.into_iter().map(row).collect();
    let page = ListPage { layout, nav: nav(conn, &member, "endpoints")?, rows };
    Ok(Bytes::from(page.render_with_values(&member.preferences())?))
}

impl ListPage {
    fn count(&self) -> String {
        format!("{} of {MOST}", self.rows.len())
    }

    fn is_full(&self) -> bool {
        self.rows.len() >= MOST
    }

    fn opens(&self, dialog: &str) -> String {
        format!("{}/endpoints?dialog={dialog}", self.nav.base)
    }
}

impl Row {
    fn new((endpoint, types): EndpointWithTypes, waiting: i64, member: &Member, now: Moment) -> Row {
        let source = if endpoint.sends_received { "All events" } else { "Events made by Dossier" };
        let limit = if types.is_empty() { String::new() } else { format!(", {} types of them", types.len()) };
        let last = endpoint.last_at.map(|at| (Stamp::relative(at, now).inside(), Last::new(&endpoint)));
        Row {
            events: format!("{source}{limit}. {}.", endpoint.environments().words()),
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
    /// For an endpoint to which a delivery was tried.
    pub fn new(endpoint: &Endpoint) -> Last {
        match endpoint.last_status {
            Some(200) => Last { label: "Received".into(), tone: "good" },
            Some(status) => Last { label: format!("Answered {status}"), tone: "bad" },
            None => Last { label: "No answer".into(), tone: "bad" },
        }
    }
}
