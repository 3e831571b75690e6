//! The page of one event, as the template prints it.

use askama::Template;

use super::code::Code;
use super::queries::Found;
use super::{json, queries};
use crate::actions::{InProject, Page, View, fresh_key};
use crate::base::Permission::{ManageEndpoints, ResendDeliveries};
use crate::base::error::Error;
use crate::db::Conn;
use crate::endpoints::deliveries;
use crate::events::{Delivery, Environment, Event, EventType, Rejection, Summary};
use crate::pages::delivery::Sent;
use crate::pages::profile::history::{self, Amount, Category, Subject};
use crate::pages::profile::subject;
use crate::pages::profile::visit::Visit;
use crate::web::{Layout, Section, filters};
use crate::wording::sentence::{Sentence, Stamp};
use crate::wording::text;

#[derive(Template)]
#[template(path = "profile/event.html")]
pub struct EventPage {
    layout: Layout,
    heading: String,
    customer: String,
    customers: String,
    profile: String,
    /// The address of the row in the customer's history.
    row: String,
    environment: Option<Environment>,
    unknown_environment: Option<String>,
    facts: Facts,
    /// The deliveries to webhook endpoints, sent or waiting.
    deliveries: Vec<Sent>,
    /// The settings page of the endpoints; `None` without the permission.
    endpoints: Option<String>,
    /// The event as it was received; `None` when it cannot be read as JSON.
    code: Option<Code>,
    /// What the copy button copies.
    plain: String,
}

/// The facts at the top of the page.
struct Facts {
    id: String,
    project: String,
    app_user_id: String,
    app_user_href: String,
    noticed: Stamp,
    /// The time in the history, if it differs from `noticed`.
    happened: Option<Stamp>,
    received: Stamp,
    kind: String,
    words: String,
    amount: Option<Amount>,
    changes: Vec<Sentence>,
}

impl Page for EventPage {
    type Scope = InProject;

    /// # Errors
    /// [`Error::NotFound`] when the event is not in the history; [`Error::Internal`] when its stored body is
    /// unreadable.
    fn load(conn: &mut Conn, view: &View<'_, InProject>) -> Result<EventPage, Error> {
        let (member, event_id) = (view.who, view.request.parameter("event_id")?);
        let visit = &Visit::from_request(conn, view.request, member, view.query)?;
        let found = queries::find(conn, visit, event_id)?.ok_or(Error::NotFound)?;
        let (event, body) = read(&found).map_err(|Rejection(reason)| {
            Error::Internal(format!("the stored event {} cannot be read: {reason}", found.place.event))
        })?;
        let heading = heading(&event, &found, visit);
        let environment = found.environment.environment();
        let code = json::read(&body).and_then(|body| body.field("event")).as_ref().map(Code::new);
        let tried = deliveries::of_event(conn, visit.project.id, found.place.event)?;
        let sees_requests = visit.may(ResendDeliveries);
        let sent = tried.into_iter().map(|tried| Sent::of_event(tried, visit.ctx.now, sees_requests)).collect();
        let settings = || format!("/projects/{}/settings/endpoints", visit.project.slug);
        Ok(EventPage {
            deliveries: with_resend(sent, visit, event_id)?,
            endpoints: visit.may(ManageEndpoints).then(settings),
            layout: member.layout(heading.clone(), Section::Customers),
            customer: name(visit),
            customers: format!("/projects/{}/customers", visit.project.slug),
            profile: profile(visit),
            row: history::to_row(&visit.href, environment.unwrap_or(visit.environment), found.place),
            environment,
            unknown_environment: event.unknown_environment.clone(),
            plain: code.as_ref().map_or(body, Code::plain),
            facts: Facts::new(&event, &found, visit),
            heading,
            code,
        })
    }

    fn layout(&mut self) -> &mut Layout {
        &mut self.layout
    }
}

/// The event, and the body it came in.
fn read(found: &Found) -> Result<(Event, String), Rejection> {
    let body = found.body.text()?;
    Ok((Delivery::read_stored(&body, found.received_at)?, body))
}

/// Adds a form to each delivery that sends it again, if the person has the permission.
fn with_resend(all: Vec<Sent>, visit: &Visit, event_id: &str) -> Result<Vec<Sent>, Error> {
    if !visit.may(ResendDeliveries) {
        return Ok(all);
    }
    let resend = |one: Sent| {
        let path = format!("events/{}/deliveries/{}/resend", text::segment(event_id), one.id());
        Ok(one.sent_again_at(visit.action(&path), fresh_key()?))
    };
    all.into_iter().map(resend).collect()
}

impl Facts {
    fn new(event: &Event, found: &Found, visit: &Visit) -> Facts {
        let summary = Summary::new(event);
        let line = history::lines(&summary, found.side, &visit.catalog).into_iter().next();
        let differs = history::differ(found.place);
        let app_user_id = event.app_user_id.clone().unwrap_or_else(|| visit.opened_as.clone());
        Facts {
            id: event.id.clone(),
            project: visit.project.name.clone(),
            app_user_href: subject::href(&visit.project.slug, &app_user_id),
            app_user_id,
            noticed: Stamp::full(found.place.event_at),
            happened: differs.then(|| Stamp::full(found.place.timeline_at)),
            received: Stamp::full(found.received_at),
            kind: event.kind.as_str().to_owned(),
            words: line.map(|line| words(line.verb, &summary)).unwrap_or_default(),
            amount: history::amount(&summary, Category::from_event(&summary)),
            changes: changes(event),
        }
    }
}

/// What the event is, and how it came, if Dossier was not told: `Renewed, imported from an export`
fn words(verb: String, event: &Summary) -> String {
    let origin = event.origin.filter(|_| event.kind != EventType::CustomerDetails);
    origin.map_or(verb.clone(), |origin| format!("{verb}, {}", origin.words()))
}

/// `Renewed Pro monthly`
fn heading(event: &Event, found: &Found, visit: &Visit) -> String {
    let Some(line) = history::lines(&Summary::new(event), found.side, &visit.catalog).into_iter().next() else {
        return event.kind.as_str().to_owned();
    };
    match line.subject {
        Subject::Product(product) => format!("{} {}", [line.verb.as_str(), line.joint].join(" ").trim(), product.name),
        Subject::None
        | Subject::Change { .. }
        | Subject::Customer(_)
        | Subject::Ids { .. }
        | Subject::Currency { .. } => line.verb,
    }
}

/// The customer's name in the breadcrumbs: display name, else e-mail address, else the id.
fn name(visit: &Visit) -> String {
    let known = visit.customer.display_name.as_ref().or(visit.customer.email.as_ref());
    known.cloned().unwrap_or_else(|| text::visible(&visit.opened_as))
}

fn profile(visit: &Visit) -> String {
    if visit.is_sandbox() { format!("{}?sandbox=1", visit.href) } else { visit.href.clone() }
}

/// Each change of a virtual currency: amount, code and name.
fn changes(event: &Event) -> Vec<Sentence> {
    let change = |one: &crate::events::Adjustment| {
        let sign = if one.amount < 0 { "\u{2212}" } else { "+" };
        let sentence = Sentence::new(format!("{sign}{} ", history::grouped(one.amount.unsigned_abs()))).code(&one.code);
        one.name.iter().fold(sentence, |sentence, name| sentence.words(" ").name(name))
    };
    event.adjustments.iter().map(change).collect()
}
