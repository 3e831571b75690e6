//! The dialogs in which people decide about a request. The one to agree shows the same preview as whoever asked saw, drawn anew,
//! and what has changed since.

use askama::Template;

use crate::actions::{InProject, Opened, View};
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::RequestId;
use crate::db::Conn;
use crate::operations::requests::{Payment, WAITING_DAYS, check, stored_ask};
use crate::pages::profile::entitlements::{AccessChange, what_changes};
use crate::pages::profile::subject::Subject;
use crate::pages::profile::visit::Visit;
use crate::pages::request_line::{self, RequestLine, Shown};
use crate::requests::{Request, State, queries};
use crate::stores::{Order, Wanted, revenuecat};
use crate::web::{Dialog, filters};
use crate::wording::times;

#[derive(Template)]
#[template(path = "requests/decide.html")]
struct Decide {
    form: Opened,
    action: String,
    what: What,
    title: String,
    /// The profile of the customer.
    href: String,
    customer: String,
    /// What is known of it: the payment, what would become of access and renewal, who asked and why.
    facts: Vec<(&'static str, String)>,
    /// The store's number of the payment.
    order: Option<String>,
    access_changes: Vec<AccessChange>,
    /// Why it cannot be sent as it was asked: what has changed since.
    changed: Option<String>,
    store: String,
    /// The text of the button that agrees.
    says: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Approve,
    Refuse,
    Withdraw,
    Settle,
}

impl What {
    fn parse(name: &str) -> Option<What> {
        match name {
            "approve" => Some(What::Approve),
            "refuse" => Some(What::Refuse),
            "withdraw" => Some(What::Withdraw),
            "settle" => Some(What::Settle),
            _ => None,
        }
    }

    /// What is to be known of the request before this is decided.
    fn facts(self, request: &Request, line: &RequestLine, now: Moment) -> Vec<(&'static str, String)> {
        let at = |moment| times::day_and_time(moment, now);
        match self {
            What::Approve | What::Refuse => vec![("Ends by itself", at(request.asked_at.plus_days(WAITING_DAYS)))],
            What::Settle => {
                let last = line.steps.last().map(|step| ("Last step", format!("{} {}", step.words, step.quote)));
                request
                    .sent_at
                    .filter(|_| !request.is_unsent())
                    .map(|sent| ("Sent", at(sent)))
                    .into_iter()
                    .chain(last)
                    .collect()
            }
            What::Withdraw => Vec::new(),
        }
    }

    fn is(self, name: &str) -> bool {
        What::parse(name) == Some(self)
    }
}

impl Decide {
    const fn verb(&self) -> &'static str {
        match self.what {
            What::Approve => "Agree to the",
            What::Refuse => "Refuse the",
            What::Withdraw => "Take back the",
            What::Settle => "Say what came of the",
        }
    }
}

/// The dialog of this name; `None` when it does not exist, or the request is not one that it can be about.
pub fn dialog(conn: &mut Conn, view: &View<'_, InProject>, form: Opened) -> Result<Option<Dialog>, Error> {
    let (member, now) = (view.who, view.request.now);
    let (Some(what), Some(id)) = (What::parse(&form.name), form.number::<RequestId>()) else { return Ok(None) };
    let Some(request) = queries::find(conn, (member.project.id, id))? else { return Ok(None) };
    let is_open = match what {
        What::Approve | What::Refuse => request.state == State::Waiting,
        What::Withdraw => request.state.may_become(State::Withdrawn),
        What::Settle => request.needs_person(),
    };
    // After a refusal the dialog is shown in any case, with the reason.
    if !is_open && form.is_of_address {
        return Ok(None);
    }
    let project = (member.project.id, member.project.slug.as_str());
    let connected = revenuecat::queries::connected(conn, member.project.id)?;
    let Some(Shown { request, order, line, asked_by, asked }) =
        request_line::shown(conn, project, vec![request], (Some(member.person.id), connected, now))?.pop()
    else {
        return Ok(None);
    };
    let id = crate::customers::subject::load(conn, request.customer)?.app_user_id;
    let ctx = view.request.ctx(member);
    let Some(subject) = Subject::find(conn, &ctx, &id, request.environment, member.role)? else { return Ok(None) };
    let visit = Visit::load(conn, subject)?;
    let ask = stored_ask(&request, &order);
    let checked = ask.as_ref().map(|ask| check(conn, &ctx, ask)).transpose()?;
    let found = checked.as_ref().and_then(|checked| checked.as_ref().ok());
    let payment = found.and_then(|(.., payment)| payment.clone());
    let purchase = found.map(|(holder, ..)| holder.purchase.clone());
    let changed = checked.and_then(Result::err).filter(|_| what == What::Approve).map(|refusal| refusal.words());
    let access_changes = match ask.filter(|_| what == What::Approve) {
        Some(ask) => what_changes(conn, &visit, &ask)?,
        None => Vec::new(),
    };
    let of_purchase = purchase.as_ref().map(|purchase| visit.product_name(purchase).to_owned());
    let mut facts = Vec::new();
    if order.wanted.is_about_a_purchase() {
        let sandbox = if visit.is_sandbox() { ", in the sandbox" } else { "" };
        facts.push(("Product", of_purchase.unwrap_or_else(|| order.product_id.clone())));
        facts.push(("Store", format!("{}{sandbox}", request_line::plain_store_name(order.store.as_ref()))));
    }
    facts.extend(money(&order, payment.as_ref()));
    facts.push(("Asked by", format!("{asked_by}, {asked}")));
    facts.extend(request.reason.clone().map(|reason| ("Because", reason)));
    facts.extend(what.facts(&request, &line, now));
    Ok(Some(Dialog::new(Decide {
        action: format!("/projects/{}/requests/{}/{}", member.project.slug, request.id, form.name),
        what,
        title: order.wanted.words(),
        href: visit.href.clone(),
        customer: visit.customer.display_name.clone().unwrap_or(id),
        facts,
        order: order.transaction_id.clone(),
        access_changes,
        changed,
        store: order.asked_of(),
        says: format!("Agree: {}", order.wanted.words()),
        form,
    })))
}

/// What was paid, what is left, and what a refund does with access and renewal.
fn money(order: &Order, payment: Option<&Payment>) -> Vec<(&'static str, String)> {
    let Wanted::Refund(refund) = &order.wanted else { return Vec::new() };
    let mut facts = Vec::new();
    facts.extend(refund.dollars.map(|dollars| ("In US dollars", format!("USD {}", dollars.shown()))));
    if let Some(payment) = payment {
        facts.extend(payment.paid.as_ref().map(|paid| ("Paid", paid.shown())));
        facts.extend(payment.money_left().filter(|_| payment.is_refunded).map(|left| ("Left of it", left.shown())));
        let period = payment.event.purchased_at.map(|from| match payment.event.expires_at {
            Some(to) => format!("{} to {}", times::day(from), times::day(to)),
            None => times::day(from),
        });
        facts.extend(period.map(|period| ("Paid for", period)));
    }
    let access = if refund.keeps_access { "stays as it is" } else { "ends, where this payment pays for it" };
    facts.push(("Access", access.into()));
    facts
}
