//! The list of all keys, revoked ones included.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::dialog::dialog;
use crate::actions::{self, Opened};
use crate::auth::api_keys::{Line, platform_of, queries};
use crate::auth::{Member, PageRequest};
use crate::base::clock::Moment;
use crate::base::config::Config;
use crate::base::error::Error;
use crate::db::{Conn, Db};
use crate::pages::settings::Nav;
use crate::pages::settings::overview::nav;
use crate::web::{Layout, Section, filters};
use crate::wording::sentence::Stamp;

#[derive(Template)]
#[template(path = "settings/keys.html")]
struct KeysPage {
    layout: Layout,
    nav: Nav,
    slug: String,
    /// The address that clients call: the value of an app's `proxyURL`.
    origin: String,
    /// How many keys are not revoked.
    active: usize,
    keys: Vec<Row>,
}

struct Row {
    line: Line,
    kind: String,
    made: Stamp,
    used: Option<Stamp>,
    revoked: Option<Stamp>,
}

pub async fn show(
    request: PageRequest,
    req: HttpRequest,
    db: Data<Db>,
    config: Data<Config>,
) -> Result<HttpResponse, Error> {
    actions::page(request, &req, &db, move |conn, request, query, opened| load(conn, request, &config, query, opened))
        .await
}

/// Renders the page with a dialog open, for an action.
pub fn page(
    config: Data<Config>,
) -> impl FnOnce(&mut Conn, &PageRequest, Opened) -> Result<Bytes, Error> + Send + 'static {
    move |conn, request, opened| load(conn, request, &config, "", Some(opened))
}

/// The path of the page.
pub fn address(member: &Member) -> String {
    format!("/projects/{}/settings/keys", member.project.slug)
}

fn load(
    conn: &mut Conn,
    request: &PageRequest,
    config: &Config,
    query: &str,
    opened: Option<Opened>,
) -> Result<Bytes, Error> {
    let member = request.authorize(conn)?;
    let origin = config.address_of("");
    let flash = actions::flash(conn, &member, query, request.now)?;
    let mut layout = member.layout("API keys", Section::Settings).with_flash(flash);
    let keys: Vec<Row> =
        queries::list(conn, member.project.id)?.into_iter().map(|line| Row::new(line, request.now)).collect();
    if let Some(opened) = opened {
        let problem = opened.all_problems();
        let lines: Vec<&Line> = keys.iter().map(|row| &row.line).collect();
        let dialog = dialog(&member, opened.on(&member, address(&member)), &lines, &origin)?;
        layout.show_dialog(dialog, problem);
    }
    let page = KeysPage {
        layout,
        nav: nav(conn, &member, "keys")?,
        slug: member.project.slug.clone(),
        origin,
        active: keys.iter().filter(|row| row.line.counts()).count(),
        keys,
    };
    Ok(Bytes::from(page.render_with_values(&member.preferences())?))
}

impl KeysPage {
    fn opens(&self, dialog: &str) -> String {
        format!("{}/keys?dialog={dialog}", self.nav.base)
    }
}

impl Row {
    fn new(line: Line, now: Moment) -> Row {
        let relative = |at| Stamp::relative(at, now);
        Row {
            kind: kind(&line),
            made: relative(line.created_at),
            used: line.used_at.map(relative),
            revoked: line.revoked_at.map(relative),
            line,
        }
    }
}

/// `Secret`, `Public, App Store`
pub fn kind(line: &Line) -> String {
    match line.store.as_deref() {
        None => "Secret".into(),
        Some(store) => format!("Public, {}", platform_of(store).map_or(store, |platform| platform.name)),
    }
}
