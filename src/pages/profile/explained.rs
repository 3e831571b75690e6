//! Why the customer has access or not: loads what explanations are made of, and shows them on the page and as JSON.

use std::collections::HashMap;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use askama::filters::HtmlSafe;
use diesel::QueryResult;

use super::entitlements::{GIVE, REVOKE};
use super::reply::{Languages, Reply, writing};
use super::subject;
use super::visit::Visit;
use crate::auth::PageRequest;
use crate::base::Permission::{ChangePurchases, GrantEntitlements, ManageCatalog, ReadSettings};
use crate::base::error::Error;
use crate::base::ids::EventId;
use crate::db::{Conn, Db};
use crate::explanation::{self, Explanation, Explanations, Known, Next, NextAct, ShownAll, Step};
use crate::operations::evidence::{Evidence, Moved};
use crate::operations::trail::{self, Transfer};
use crate::web::filters;
use crate::wording::sentence::{Sentence, Stamp};
use crate::wording::text::segment;

/// What is explained of a customer.
#[derive(Debug)]
pub struct Explained {
    pub explanations: Explanations,
    /// The newest transfer between the customer and another one.
    pub moved: Option<Moved>,
    /// The transfers that moved purchases of the customer, by the rows of their events.
    pub transfers: HashMap<EventId, Transfer>,
}

impl Explained {
    pub fn load(conn: &mut Conn, visit: &Visit) -> QueryResult<Explained> {
        let moves = visit.purchases.iter().flat_map(|purchase| &purchase.moves);
        let moves: Vec<EventId> = moves.map(|one| one.by).collect();
        let transfers = trail::transfers(conn, visit.project.id, &moves)?;
        Ok(Explained { transfers, ..Explained::of(visit, evidence(conn, visit)?) })
    }

    /// As [`Explained::load`], without the names of the team and of other customers.
    pub fn load_alone(conn: &mut Conn, visit: &Visit) -> QueryResult<Explained> {
        Ok(Explained::of(visit, evidence(conn, visit)?.without_others()))
    }

    fn of(visit: &Visit, evidence: Evidence) -> Explained {
        let explanations = explanation::explain(&Known {
            now: visit.ctx.now,
            environment: visit.environment,
            catalog: &visit.catalog,
            purchases: &visit.purchases,
            evidence: &evidence,
            locked: visit.locked_by,
            connected: visit.connected,
            has_others: match visit.is_sandbox() {
                true => visit.customer.status_purchase.is_some(),
                false => visit.customer.made_sandbox,
            },
        });
        Explained { explanations, moved: evidence.moved, transfers: HashMap::new() }
    }
}

fn evidence(conn: &mut Conn, visit: &Visit) -> QueryResult<Evidence> {
    let concerned = explanation::concerned(&visit.catalog, &visit.purchases, visit.ctx.now);
    let of = (visit.project.id, visit.customer.id);
    let view = (visit.environment, visit.as_of);
    Evidence::load(conn, of, view, &concerned, visit.customer.email.as_deref())
}

/// The part of an explanation that is folded: steps, the rule, what would change it, what can be done, what to write.
#[derive(Debug, Template)]
#[template(path = "profile/why.html")]
pub struct Why {
    is_open: bool,
    is_past: bool,
    steps: Vec<ShownStep>,
    rule: &'static str,
    would_change: Vec<Sentence>,
    next: Vec<Link>,
    reply: Option<Reply>,
}

impl HtmlSafe for Why {}

#[derive(Debug)]
struct ShownStep {
    when: Option<Stamp>,
    text: Sentence,
    href: Option<String>,
    icon: &'static str,
    tone: &'static str,
    /// What the icon means, for screen readers.
    meaning: &'static str,
}

/// Something that can be done; without an address where this person may not do it, or it is done elsewhere.
#[derive(Debug)]
struct Link {
    words: String,
    href: Option<String>,
    is_dialog: bool,
}

impl Why {
    fn title(&self) -> &'static str {
        if self.is_past { "Why" } else { "Why, and what can be done" }
    }

    /// The explanation of the customer as a whole, where the language of the answer can be chosen; open without access.
    pub fn main(visit: &Visit, one: &Explanation, kept: &[(String, String)]) -> Why {
        let writing = writing(visit);
        let languages = || Languages::new(visit, &writing, kept);
        let answer = one.tell.as_ref().filter(|_| visit.as_of.is_none());
        let reply = answer.map(|answer| Reply::new(answer, &writing, visit.ctx.now, Some(languages())));
        let is_asked = visit.asked_language.is_some();
        Why { is_open: !one.has_access || is_asked, reply, ..Why::folded(visit, one) }
    }

    /// That of a further entitlement. Where the page shows the past, it says neither what can be done nor what to write.
    pub fn folded(visit: &Visit, one: &Explanation) -> Why {
        let is_past = visit.as_of.is_some();
        let answer = one.tell.as_ref().filter(|_| !is_past);
        Why {
            is_open: false,
            is_past,
            steps: one.steps.iter().map(|step| ShownStep::new(visit, step)).collect(),
            rule: one.rule,
            would_change: one.would_change.clone(),
            next: one.next.iter().filter(|_| !is_past).map(|next| Link::new(visit, one, next)).collect(),
            reply: answer.map(|answer| Reply::new(answer, &writing(visit), visit.ctx.now, None)),
        }
    }
}

impl ShownStep {
    fn new(visit: &Visit, step: &Step) -> ShownStep {
        let (icon, tone, meaning) = match step.mark {
            explanation::Mark::Yes => ("check", "good", "gives access"),
            explanation::Mark::No => ("close", "bad", "ends access"),
            explanation::Mark::Warning => ("alert", "warn", "may end access"),
        };
        let query = if visit.is_sandbox() { "?sandbox=1" } else { "" };
        ShownStep {
            when: step.at.map(|at| Stamp::short_day(at, visit.ctx.now)),
            text: step.text.clone(),
            href: step.event.as_deref().map(|id| format!("{}/events/{}{query}", visit.href, segment(id))),
            icon,
            tone,
            meaning,
        }
    }
}

impl Link {
    fn new(visit: &Visit, one: &Explanation, next: &Next) -> Link {
        let (href, is_dialog) = match (&next.act, &one.deciding) {
            (NextAct::Grant, _) => {
                let may =
                    visit.may(GrantEntitlements) && !visit.is_sandbox() && !visit.catalog.entitlements().is_empty();
                (may.then(|| visit.dialog(GIVE)), true)
            }
            (NextAct::RemoveGrant, Some(key)) => {
                let may = visit.may(GrantEntitlements) && !visit.is_sandbox();
                (may.then(|| visit.dialog(&format!("{REVOKE}.{key}"))), true)
            }
            (NextAct::FindPurchase, _) => (Some(format!("/projects/{}/customers", visit.project.slug)), false),
            (NextAct::Settings, _) => {
                let settings = || format!("/projects/{}/settings", visit.project.slug);
                (visit.may(ReadSettings).then(settings), false)
            }
            (NextAct::Store(kind), Some(key)) => {
                let dialog = || visit.dialog(&format!("{}.{key}", kind.name()));
                (visit.may(ChangePurchases).then(dialog), true)
            }
            (NextAct::Open(id), _) => (Some(subject::href(&visit.project.slug, id) + &visit.view()), false),
            (NextAct::Attach, _) => {
                let catalog = || format!("/projects/{}/catalog", visit.project.slug);
                (visit.may(ManageCatalog).then(catalog), false)
            }
            (NextAct::SwitchEnvironment, _) => {
                let query = if visit.is_sandbox() { "" } else { "?sandbox=1" };
                (Some(format!("{}{query}", visit.href)), false)
            }
            (NextAct::Outside, _) | (NextAct::Store(_) | NextAct::RemoveGrant, None) => (None, false),
        };
        Link { words: next.words.clone(), href, is_dialog }
    }
}

/// `GET C/explanation.json`
pub async fn show(request: PageRequest, req: HttpRequest, db: Data<Db>) -> Result<HttpResponse, Error> {
    let query = req.query_string().to_owned();
    let read = move |conn: &mut Conn| {
        let member = request.authorize(conn)?;
        let visit = Visit::as_asked(conn, &request, &member, &query)?;
        let at = (visit.environment, visit.ctx.now);
        let explanations = Explained::load(conn, &visit)?.explanations;
        Ok::<_, Error>(ShownAll::new(&visit.opened_as, at, &explanations, &writing(&visit)))
    };
    Ok(HttpResponse::Ok().json(db.read(read).await?))
}
