//! The list of webhook endpoints.

use askama::Template;

use super::dialog::dialog;
use crate::actions::InProject;
use crate::actions::Opened;
use crate::actions::Page;
use crate::actions::View;
use crate::auth::Member;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::db::Conn;
use crate::endpoints::queries::{self, EndpointWithTypes};
use crate::endpoints::{Endpoint, MOST};
use crate::pages::settings::Nav;
use crate::pages::settings::overview::nav;
use crate::web::Dialog;
use crate::web::{Layout, Section};
use crate::wording::sentence::Stamp;
use crate::wording::text::grouped;

#[derive(Template)]
#[template(path = "settings/endpoints/list.html")]
pub struct ListPage {
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

/// The path of the page.
pub fn address(member: &Member) -> String {
    format!("/projects/{}/settings/endpoints", member.project.slug)
}

impl Page for ListPage {
    type Scope = InProject;

    fn load(conn: &mut Conn, view: &View<'_, InProject>) -> Result<ListPage, Error> {
        let member = view.who;
        let all = queries::all(conn, member.project.id)?;
        let mut waiting = queries::waiting(conn, member.project.id)?;
        let row = |asking: EndpointWithTypes| {
            let waiting = waiting.remove(&asking.0.id).unwrap_or_default();
            Row::new(asking, waiting, member, view.request.now)
        };
        let rows = all.into_iter().map(row).collect();
        let layout = member.layout("Webhook endpoints", Section::Settings);
        Ok(ListPage { layout, nav: nav(conn, member, "endpoints")?, rows })
    }

    fn layout(&mut self) -> &mut Layout {
        &mut self.layout
    }

    fn address(&self) -> String {
        format!("{}/endpoints", self.nav.base)
    }

    fn dialog(&self, _: &mut Conn, view: &View<'_, InProject>, opened: Opened) -> Result<Option<Dialog>, Error> {
        dialog(view.who, None, opened)
    }
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
            events: format!("{source}{limit}. {}.", endpoint.environment.words()),
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
