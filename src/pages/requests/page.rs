//! The page: what needs a person first, then what is under way, then what is finished.

use askama::Template;

use super::queries::{self, Deletion, Place};
use super::{dialog, queries as own};
use crate::actions::{self, InProject, Opened, Page, View};
use crate::audit::{Action, ActorKind};
use crate::auth::Member;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::RequestId;
use crate::db::Conn;
use crate::events::Environment;
use crate::pages::profile::subject;
use crate::pages::request_line::{self, RequestLine, Shown, plain_store_name};
use crate::requests::{Request, State};
use crate::stores::{Connected, Order, Wanted, revenuecat};
use crate::web::form::field;
use crate::web::{Dialog, Flash, Layout, Section, filters};
use crate::wording::sentence::Stamp;

/// How many finished requests a page has, and how many open ones at most.
const PAGE: usize = 50;
const MOST_OPEN: i64 = 100;

#[derive(Template)]
#[template(path = "requests/page.html")]
pub struct RequestsPage {
    layout: Layout,
    project: String,
    groups: Vec<Group>,
    deletions: Vec<DeletionLine>,
    is_later: bool,
    next: Option<String>,
}

struct Group {
    title: &'static str,
    rows: Vec<Row>,
    empty: Option<&'static str>,
    /// That not all are shown.
    more: Option<&'static str>,
}

/// A deletion that is done, without whom it was about: `Deleting a customer · done, 30 Nov, asked by Ada Okoye`
struct DeletionLine {
    title: &'static str,
    when: Stamp,
    asked_by: String,
}

struct Row {
    id: RequestId,
    customer: String,
    href: String,
    /// What it is about: a product and its store, an entitlement, the keys of attributes, currencies; or nothing more than its title.
    about: Vec<String>,
    /// What a refund is in US dollars.
    dollars: Option<String>,
    is_sandbox: bool,
    line: RequestLine,
    /// What the person can do: the dialog, and the text of its link.
    acts: Vec<(String, &'static str)>,
    /// Why the person cannot decide.
    hint: Option<&'static str>,
}

impl Page for RequestsPage {
    type Scope = InProject;

    /// # Errors
    /// [`Error::BadRequest`] for a place that Dossier did not make.
    fn load(conn: &mut Conn, view: &View<'_, InProject>) -> Result<RequestsPage, Error> {
        let after = match field(view.query, "after") {
            Some(place) => Some(parse(&place).ok_or_else(|| Error::BadRequest(NO_PLACE.into()))?),
            None => None,
        };
        let (member, now) = (view.who, view.request.now);
        let mut finished = queries::finished(conn, member.project.id, after, PAGE as i64 + 1)?;
        let has_more = finished.len() > PAGE;
        finished.truncate(PAGE);
        let next = finished.last().filter(|_| has_more).map(|last| format!("{}.{}", last.asked_at.millis(), last.id));
        let mut groups = Vec::new();
        let connected = revenuecat::queries::connected(conn, member.project.id)?;
        if after.is_none() {
            let mut waiting = queries::waiting(conn, member.project.id, MOST_OPEN + 1)?;
            let has_more = waiting.len() > MOST_OPEN as usize;
            waiting.truncate(MOST_OPEN as usize);
            groups.push(Group {
                title: "Waiting for somebody",
                rows: rows(conn, member, waiting, (connected, now))?,
                empty: Some("Nothing waits for anybody."),
                more: has_more.then_some("More are waiting. They follow as soon as these are decided."),
            });
            let under_way = queries::under_way(conn, member.project.id, MOST_OPEN)?;
            groups.push(Group {
                title: "Under way",
                rows: rows(conn, member, under_way, (connected, now))?,
                empty: None,
                more: None,
            });
        }
        let empty = groups.is_empty().then_some("There is nothing beyond this point.");
        groups.push(Group {
            title: "Finished",
            rows: rows(conn, member, finished, (connected, now))?,
            empty,
            more: None,
        });
        let deletions = match after {
            None => queries::deletions(conn, member.project.id, PAGE)?,
            Some(_) => Vec::new(),
        };
        let deletions = deletions.iter().map(|one| DeletionLine::new(one, now)).collect();
        let layout = member.layout("Requests", Section::Requests);
        Ok(RequestsPage {
            layout,
            project: member.project.slug.clone(),
            groups,
            deletions,
            is_later: after.is_some(),
            next,
        })
    }

    fn layout(&mut self) -> &mut Layout {
        &mut self.layout
    }

    fn flash(&self, conn: &mut Conn, view: &View<'_, InProject>) -> Result<Option<Flash>, Error> {
        Ok(actions::flash(conn, view.who, view.query, view.request.now)?)
    }

    fn dialog(&self, conn: &mut Conn, view: &View<'_, InProject>, opened: Opened) -> Result<Option<Dialog>, Error> {
        dialog::dialog(conn, view, opened.with_back(self.top()))
    }
}

const NO_PLACE: &str = "This page of the list does not exist. Start from the top of the list.";

impl RequestsPage {
    fn top(&self) -> String {
        format!("/projects/{}/requests", self.project)
    }
}

fn parse(place: &str) -> Option<Place> {
    let (at, id) = place.split_once('.')?;
    Some((Moment(at.parse().ok()?), id.parse().ok()?))
}

fn rows(
    conn: &mut Conn,
    member: &Member,
    requests: Vec<Request>,
    (connected, now): (Option<Connected>, Moment),
) -> Result<Vec<Row>, Error> {
    let project = (member.project.id, member.project.slug.as_str());
    let shown = request_line::shown(conn, project, requests, (Some(member.person.id), connected, now))?;
    let ids: Vec<_> = shown.iter().map(|one| one.request.customer).collect();
    let names = own::names(conn, &ids)?;
    let row = |one: Shown| {
        let (app_user_id, name) = names.get(&one.request.customer)?;
        Some(Row::new(member, one, app_user_id, name.as_deref(), now))
    };
    Ok(shown.into_iter().filter_map(row).collect())
}

impl DeletionLine {
    fn new(deletion: &Deletion, now: Moment) -> DeletionLine {
        let is_blocked = deletion.action == Action::CustomerBlocked;
        let title = if is_blocked { "Deleting a customer and blocking their ids" } else { "Deleting a customer" };
        DeletionLine { title, when: Stamp::day_and_time(deletion.at, now), asked_by: deletion.asked_by() }
    }
}

/// What the row says next to the customer.
fn about(order: &Order) -> Vec<String> {
    match &order.wanted {
        Wanted::Customer(act) => Some(act.about()).filter(|about| !about.is_empty()).into_iter().collect(),
        Wanted::Refund(_) | Wanted::Cancel { .. } | Wanted::Resume | Wanted::Extend { .. } => {
            vec![order.product_id.clone(), plain_store_name(order.store.as_ref())]
        }
    }
}

impl Row {
    fn new(member: &Member, shown: Shown, app_user_id: &str, name: Option<&str>, now: Moment) -> Row {
        let Shown { request, order, line, .. } = shown;
        let is_sandbox = request.environment == Environment::Sandbox;
        let query = if is_sandbox { "?sandbox=1" } else { "" };
        let is_own = request.asker.kind == ActorKind::Person && request.asker.id.0 == member.person.id.0;
        let may_decide = request.state == State::Waiting && !is_own;
        let may_withdraw = is_own
            && request.state.may_become(State::Withdrawn)
            && request.lease_until.is_none_or(|until| until <= now);
        let dialogs = [
            ("approve", "Agree", may_decide),
            ("refuse", "Refuse", may_decide),
            ("withdraw", "Take it back", may_withdraw),
            ("settle", "Say what came of it", request.needs_person()),
        ];
        let link = |(name, label, _): (&str, &'static str, bool)| {
            (format!("/projects/{}/requests?dialog={name}.{}", member.project.slug, request.id), label)
        };
        Row {
            id: request.id,
            customer: name.unwrap_or(app_user_id).to_owned(),
            href: format!("{}{query}#request-{}", subject::href(&member.project.slug, app_user_id), request.id),
            about: about(&order),
            dollars: match &order.wanted {
                Wanted::Refund(refund) => refund.dollars.map(|dollars| format!("USD {}", dollars.shown())),
                Wanted::Cancel { .. } | Wanted::Resume | Wanted::Extend { .. } | Wanted::Customer(_) => None,
            },
            is_sandbox,
            line: RequestLine { decide: None, ..line },
            acts: dialogs.into_iter().filter(|(_, _, may)| *may).map(link).collect(),
            hint: (request.state == State::Waiting && is_own).then_some("Somebody else has to agree to it."),
        }
    }
}
