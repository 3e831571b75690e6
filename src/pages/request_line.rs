//! A request as pages show it: what was asked, how far it is, and each step with its time and the other side's own words.

use std::collections::BTreeMap;

use askama::Template;
use askama::filters::HtmlSafe;
use diesel::prelude::*;

use crate::audit::ActorKind;
use crate::base::clock::Moment;
use crate::base::ids::{PersonId, ProjectId, RequestId};
use crate::db::Conn;
use crate::db::schema::people;
use crate::events::Store;
use crate::operations::requests::{CARRIED_OUT_HERE, WAITING_DAYS};
use crate::requests::{Asker, Request, State, Step, held, queries};
use crate::stores::{Connected, Order, Side, Wanted};
use crate::web::filters;
use crate::wording::sentence::Stamp;
use crate::wording::{text, times};

#[derive(Debug, Clone, Template)]
#[template(path = "request_line.html")]
pub struct RequestLine {
    pub id: RequestId,
    /// `Refund of EUR 8.99`
    pub title: String,
    /// How far it is: `done`, `waits for a colleague to agree`.
    pub state: String,
    pub tone: &'static str,
    pub since: Stamp,
    /// Why it was not done, or why that is not known: who said so, if that was one of the team, and the words.
    pub why: Option<(String, String)>,
    /// Who asked, and why: the summary of the steps.
    pub by: String,
    pub steps: Vec<StepLine>,
    /// The page on which the one who looks decides about it, if they can: its address, and what they can do.
    pub decide: Option<(String, &'static str)>,
}

#[derive(Debug, Clone)]
pub struct StepLine {
    pub when: Stamp,
    pub words: String,
    /// What the other side said, or a reason.
    pub quote: String,
}

impl HtmlSafe for RequestLine {}

/// A request with what pages show of it.
#[derive(Debug, Clone)]
pub struct Shown {
    pub request: Request,
    pub order: Order,
    pub line: RequestLine,
    /// The name of whoever asked, and when: `30 Nov, 02:26 UTC`.
    pub asked_by: String,
    pub asked: String,
}

/// The names of people, by their ids.
type Names = BTreeMap<PersonId, String>;

/// Adds to requests of a project what pages show to `who`, who may decide about requests; `None` for somebody who may not. Two
/// queries, and none where there is no request.
pub fn shown(
    conn: &mut Conn,
    (project, slug): (ProjectId, &str),
    requests: Vec<Request>,
    (who, connected, now): (Option<PersonId>, Option<Connected>, Moment),
) -> QueryResult<Vec<Shown>> {
    if requests.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<RequestId> = requests.iter().map(|request| request.id).collect();
    let steps = queries::steps(conn, project, &ids)?;
    let names = names(conn, &requests, &steps)?;
    let is_suspended = connected.is_some_and(|connected| connected.is_suspended);
    let one = |request: Request| {
        let order =
            request.order().inspect_err(|error| tracing::error!(request = request.id.0, %error, "unreadable")).ok()?;
        let own: Vec<&Step> = steps.iter().filter(|step| step.request == request.id).collect();
        let line = RequestLine::new((slug, who), &request, (&order, &own, &names), (is_suspended, now));
        let asked_by = name_of(&request.asker, &names);
        let asked = times::day_and_time(request.asked_at, now);
        Some(Shown { request, order, line, asked_by, asked })
    };
    Ok(requests.into_iter().filter_map(one).collect())
}

fn names(conn: &mut Conn, requests: &[Request], steps: &[Step]) -> QueryResult<Names> {
    let askers = requests.iter().filter(|one| one.asker.kind == ActorKind::Person).map(|one| PersonId(one.asker.id.0));
    let ids: Vec<PersonId> = askers.chain(steps.iter().filter_map(|step| step.person)).collect();
    let rows = people::table.filter(people::id.eq_any(ids)).select((people::id, people::name));
    Ok(rows.load::<(PersonId, String)>(conn)?.into_iter().collect())
}

fn name_of(asker: &Asker, names: &Names) -> String {
    match asker.kind {
        ActorKind::Person => {
            names.get(&PersonId(asker.id.0)).cloned().unwrap_or_else(|| "Somebody who has left".into())
        }
        ActorKind::ApiKey | ActorKind::System | ActorKind::Operator => asker.role.clone(),
    }
}

impl RequestLine {
    fn new(
        (slug, who): (&str, Option<PersonId>),
        request: &Request,
        (order, steps, names): (&Order, &[&Step], &Names),
        (is_suspended, now): (bool, Moment),
    ) -> RequestLine {
        let asked_by = name_of(&request.asker, names);
        let line = |step: &&Step| StepLine {
            when: Stamp::day_and_time(step.at, now),
            words: step_words(step, &asked_by, names, order),
            quote: quote(step, request, order),
        };
        let act = match request.state {
            State::Waiting if who.is_some_and(|who| request.asker.is_person(who)) => Some("Take it back"),
            State::Waiting => Some("Agree or refuse"),
            State::Unknown if request.needs_person() => Some("Say what came of it"),
            State::Asked if who.is_some() => Some("Requests"),
            State::Unknown
            | State::Asked
            | State::Sending
            | State::Pending
            | State::Confirmed
            | State::Refused
            | State::Withdrawn
            | State::Expired
            | State::Reversed => None,
        };
        RequestLine {
            id: request.id,
            title: title(&order.wanted),
            state: state_words(request, order, steps, (is_suspended, now)),
            tone: tone(request.state),
            since: Stamp::day_and_time(request.state_at, now),
            why: why(request, steps, names),
            by: match &request.reason {
                Some(reason) => format!("Asked by {asked_by}: {reason}"),
                None => format!("Asked by {asked_by}"),
            },
            steps: steps.iter().map(line).collect(),
            decide: act
                .filter(|_| who.is_some())
                .map(|act| (format!("/projects/{slug}/requests#request-{}", request.id), act)),
        }
    }
}

/// What was asked: `Refund of EUR 8.99`.
pub fn title(wanted: &Wanted) -> String {
    text::capitalised(&wanted.words())
}

/// The name of the store alone: `Test Store`.
pub fn plain_store_name(store: Option<&Store>) -> String {
    store.map(Store::name).filter(|name| !name.is_empty()).unwrap_or("Unknown store").to_owned()
}

fn tone(state: State) -> &'static str {
    match state {
        State::Asked | State::Sending | State::Pending => "tone-accent",
        State::Waiting | State::Unknown => "tone-warn",
        State::Confirmed => "tone-good",
        State::Refused | State::Reversed => "tone-bad",
        State::Withdrawn | State::Expired => "tone-quiet",
    }
}

fn state_words(request: &Request, order: &Order, steps: &[&Step], (is_suspended, now): (bool, Moment)) -> String {
    let at = |moment| times::day_and_time(moment, now);
    let store = order.asked_of();
    match request.state {
        State::Asked if is_suspended && order.side == Side::RevenueCat => {
            "waits until an admin lets this database act, under Settings, Connections".into()
        }
        State::Asked if request.due_at.is_some_and(|due| due > request.state_at) => {
            format!("{store} does not answer; it is sent as soon as it does")
        }
        State::Asked => "about to be sent".into(),
        State::Waiting => {
            let until = at(request.asked_at.plus_days(WAITING_DAYS));
            format!("waits for a colleague to agree, until {until}")
        }
        State::Sending => "sent, no answer yet".into(),
        State::Pending => format!("accepted; {store} decides later"),
        State::Unknown if steps.last().is_some_and(|last| last.words == held::WORDS) => {
            format!("not known; this database may not act at {store} before an admin lets it")
        }
        State::Unknown if request.needs_person() => {
            format!("still not known after 24 hours; somebody has to look in {store}")
        }
        State::Unknown => {
            let until = at(request.state_at.plus_days(1));
            format!(
                "not known yet whether it was done. It is not sent again: Dossier reads at {store} until {until}, and then asks a person"
            )
        }
        State::Confirmed => "done".into(),
        State::Refused => "not done".into(),
        State::Withdrawn => "taken back".into(),
        State::Expired => "nobody agreed in time".into(),
        State::Reversed => format!("undone by {store}"),
    }
}

/// Why a request was not done, or why that is not known.
fn why(request: &Request, steps: &[&Step], names: &Names) -> Option<(String, String)> {
    let step = match request.state {
        State::Refused => steps.iter().rfind(|step| step.state == State::Refused)?,
        State::Unknown => steps
            .iter()
            .find(|step| step.state == State::Unknown && step.person.is_none() && step.words != held::WORDS)?,
        State::Asked
        | State::Waiting
        | State::Sending
        | State::Pending
        | State::Confirmed
        | State::Withdrawn
        | State::Expired
        | State::Reversed => return None,
    };
    let person = step.person.and_then(|person| names.get(&person));
    let who = person.map(|person| format!("{person} refused it")).unwrap_or_default();
    Some((who, step.words.clone())).filter(|(who, words)| !who.is_empty() || !words.is_empty())
}

fn step_words(step: &Step, asked_by: &str, names: &Names, order: &Order) -> String {
    let store = order.asked_of();
    let person = step.person.and_then(|person| names.get(&person)).map(String::as_str);
    match (step.state, person) {
        (State::Asked, Some(person)) if person != asked_by => format!("{person} agreed"),
        (State::Asked, None) if !step.words.is_empty() => format!("{} did not take it", text::capitalised(&store)),
        (State::Asked, _) => format!("{asked_by} asked for it"),
        (State::Waiting, _) => format!("{asked_by} asked for it; a colleague has to agree"),
        (State::Sending, _) => format!("Sent to {store}"),
        (State::Pending, _) => format!("{} accepted it, and decides later", text::capitalised(&store)),
        (State::Unknown, _) if step.words == held::WORDS => "Left alone".into(),
        (State::Unknown, Some(person)) => format!("{person} let this database act"),
        (State::Unknown, None) => "No definite answer".into(),
        (State::Confirmed, Some(person)) if step.words == CARRIED_OUT_HERE => {
            format!("{person} disconnected the project")
        }
        (State::Confirmed, Some(person)) => format!("{person} found that it was done"),
        (State::Confirmed, None) => "Done".into(),
        (State::Refused, Some(person)) => format!("{person} refused it"),
        (State::Refused, None) => "Not done".into(),
        (State::Withdrawn, _) => format!("{asked_by} took it back"),
        (State::Expired, _) => "Nobody agreed".into(),
        (State::Reversed, _) => format!("{} undid it", text::capitalised(&store)),
    }
}

/// What stands behind a step: the reason of whoever asked at the first, the words of the other side at the others.
fn quote(step: &Step, request: &Request, order: &Order) -> String {
    let is_first = step.at == request.asked_at && matches!(step.state, State::Asked | State::Waiting);
    let reason = request.reason.clone().filter(|_| is_first && step.words.is_empty());
    let says_nothing_new = step.words == "Done." && order.store.is_some();
    reason.unwrap_or_else(|| if says_nothing_new { String::new() } else { step.words.clone() })
}

/// What stands in the way of asking for the same: who has asked, when, and how far it is.
pub fn already(shown: &Shown) -> String {
    format!("{} asked for this on {}: it {}.", shown.asked_by, shown.asked, already_words(shown.request.state))
}

const fn already_words(state: State) -> &'static str {
    match state {
        State::Asked | State::Sending => "is being sent",
        State::Waiting => "waits for a colleague to agree",
        State::Pending => "was accepted, and the store has not decided yet",
        State::Unknown => "was sent, and it is not known yet whether it was done",
        State::Confirmed | State::Refused | State::Withdrawn | State::Expired | State::Reversed => "is finished",
    }
}
