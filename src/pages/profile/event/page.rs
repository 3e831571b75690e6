//! The page of one event, as it is printed.

use askama::Template;

use super::code::Code;
use super::queries::Found;
use super::{json, queries};
use crate::actions::fresh_key;
use crate::auth::Member;
use crate::base::Permission::{ManageEndpoints, ResendDeliveries};
use crate::base::error::Error;
use crate::db::Conn;
use crate::endpoints::deliveries::{self, Sent};
use crate::events::{Delivery, Environment, Event};
use crate::pages::profile::history::{self, Amount, Category, Subject};
use crate::pages::profile::visit::{self, Visit};
use crate::web::{Flash, Layout, Section};
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
    /// The row in the customer's history.
    row: String,
    environment: Option<Environment>,
    facts: Facts,
    /// To whom it was sent, or will be.
    deliveries: Vec<Sent>,
    /// Where endpoints are set up, for those who may.
    endpoints: Option<String>,
    /// The event as it came; `None` when it cannot be read.
    code: Option<Code>,
    /// What the copy button copies.
    plain: String,
}

/// The block of names and values.
struct Facts {
    id: String,
    project: String,
    app_user_id: String,
    app_user_href: String,
    noticed: Stamp,
    /// Where the history shows it at another time.
    happened: Option<Stamp>,
    received: Stamp,
    kind: String,
    words: String,
    amount: Option<Amount>,
    changes: Vec<Sentence>,
}

impl EventPage {
    /// Loads an event of the customer's history.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the event is not in it.
    pub fn load(conn: &mut Conn, visit: &Visit, member: &Member, event_id: &str) -> Result<EventPage, Error> {
        let found = queries::find(conn, visit, event_id)?.ok_or(Error::NotFound)?;
        let event = Delivery::read_stored(&found.body, found.received_at);
        let event = event.map_err(|reason| Error::Internal(format!("a stored event cannot be read: {}", reason.0)))?;
        let heading = heading(&event, &found, visit);
        let environment = environment(&found);
        let code = json::read(&found.body).and_then(|body| body.field("event")).as_ref().map(Code::new);
        let sent = deliveries::of_event(conn, visit.project.id, found.place.event, visit.now)?;
        let settings = || format!("/projects/{}/settings/endpoints", visit.project.slug);
        Ok(EventPage {
            deliveries: with_again(sent, visit, event_id)?,
            endpoints: visit.may(ManageEndpoints).then(settings),
            layout: member.layout(heading.clone(), Section::Customers),
            customer: name(visit),
            customers: format!("/projects/{}/customers", visit.project.slug),
            profile: profile(visit),
            row: history::to_row(&visit.href, environment.unwrap_or(visit.environment), found.place),
            environment,
            plain: code.as_ref().map_or_else(|| found.body.clone(), Code::plain),
            facts: Facts::new(&event, &found, visit),
            heading,
            code,
        })
    }

    /// With what just happened in the corner.
    #[must_use]
    pub fn with_flash(self, flash: Option<Flash>) -> EventPage {
        EventPage { layout: self.layout.with_flash(flash), ..self }
    }
}

/// The deliveries, each with its way of sending it again where this person may.
fn with_again(all: Vec<Sent>, visit: &Visit, event_id: &str) -> Result<Vec<Sent>, Error> {
    if !visit.may(ResendDeliveries) {
        return Ok(all);
    }
    let again = |one: Sent| {
        let path = format!("events/{}/deliveries/{}/resend", text::segment(event_id), one.id());
        Ok(one.sent_again_at(visit.action(&path), fresh_key()?))
    };
    all.into_iter().map(again).collect()
}

impl Facts {
    fn new(event: &Event, found: &Found, visit: &Visit) -> Facts {
        let category = Category::from_event(event);
        let line = history::lines(event, found.side, &visit.catalog).into_iter().next();
        let differs = history::differ(found.place);
        let app_user_id = event.app_user_id.clone().unwrap_or_else(|| visit.opened_as.clone());
        Facts {
            id: event.id.clone(),
            project: visit.project.name.clone(),
            app_user_href: visit::href(&visit.project.slug, &app_user_id),
            app_user_id,
            noticed: Stamp::full(found.place.event_at),
            happened: differs.then(|| Stamp::full(found.place.timeline_at)),
            received: Stamp::full(found.received_at),
            kind: event.kind.as_str().to_owned(),
            words: line.map(|line| line.verb).unwrap_or_default(),
            amount: history::amount(event, category),
            changes: changes(event),
        }
    }
}

/// `Renewed Pro monthly`.
fn heading(event: &Event, found: &Found, visit: &Visit) -> String {
    let Some(line) = history::lines(event, found.side, &visit.catalog).into_iter().next() else {
        return event.kind.as_str().to_owned();
    };
    match line.subject {
        Subject::Product(product) => format!("{} {}", [line.verb.as_str(), line.joint].join(" ").trim(), product.name),
        _ => line.verb,
    }
}

fn environment(found: &Found) -> Option<Environment> {
    [Environment::Production, Environment::Sandbox].into_iter().find(|known| known.as_str() == found.environment)
}

/// The customer as the crumbs call them.
fn name(visit: &Visit) -> String {
    let known = visit.customer.display_name.as_ref().or(visit.customer.email.as_ref());
    known.cloned().unwrap_or_else(|| text::visible(&visit.opened_as))
}

fn profile(visit: &Visit) -> String {
    if visit.is_sandbox() { format!("{}?sandbox=1", visit.href) } else { visit.href.clone() }
}

/// What a currency transaction says beyond its line: each currency's name, and who asked.
fn changes(event: &Event) -> Vec<Sentence> {
    let change = |one: &crate::events::Adjustment| {
        let sign = if one.amount < 0 { "\u{2212}" } else { "+" };
        let sentence = Sentence::new(format!("{sign}{} ", history::grouped(one.amount.unsigned_abs()))).code(&one.code);
        one.name.iter().fold(sentence, |sentence, name| sentence.words(" ").name(name))
    };
    event.adjustments.iter().map(change).collect()
}
