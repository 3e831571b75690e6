//! Asks RevenueCat about one customer, and takes over what differs. What was asked of RevenueCat and is not settled comes first: a
//! customer for whom something is under way is compared afterwards.

use std::collections::HashSet;

use diesel::prelude::*;

use super::differences::{Differences, Finding, Marked, of_details, of_purchases, words_of};
use super::ours::{Index, Ours, events_of};
use crate::audit::Ctx;
use crate::base::clock::Moment;
use crate::base::error::Error;
use crate::base::ids::{CustomerId, ProjectId};
use crate::base::{AppUserId, lookup_key};
use crate::customers::{Seen, Tombstones, Verdict, contacts, identity, subject};
use crate::db::schema::comparisons;
use crate::db::{Both, Conn};
use crate::events::Origin;
use crate::events::own::{self, Moved};
use crate::ingest;
use crate::operations::catalog::Comparer;
use crate::requests;
use crate::stores::revenuecat::shown::{self, Shown};
use crate::stores::revenuecat::{Failure, NoReading, Pace, Session, Urgency};

/// How RevenueCat is asked.
pub struct How<'a> {
    pub urgency: Urgency,
    /// How the events are marked that follow.
    pub origin: Origin,
    pub pace: &'a dyn Pace,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Same,
    /// What was found, in words.
    Found(Vec<String>),
    /// As found, in the first fill.
    Filled(Vec<String>),
    /// RevenueCat does not know the customer.
    Unknown,
    /// The customer was erased here, or is blocked.
    LeftOut,
    /// Something is under way, or came meanwhile: later.
    Busy,
    /// Why it could not be read.
    Failed(String),
}

/// An outcome, and what differs and cannot be taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    pub outcome: Outcome,
    pub remarks: Vec<String>,
}

/// When RevenueCat was asked about a customer the last time, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Asked {
    pub at: Moment,
    pub outcome: String,
    pub words: String,
}

/// Asks about the customer with this id and takes over what differs. It blocks.
///
/// # Errors
/// When the database fails.
pub fn compare(comparer: &Comparer, project: ProjectId, id: &str, how: &How<'_>) -> Result<Compared, Error> {
    let db = &comparer.service.db;
    let before = db.read_here(|conn| Ok::<_, Error>(before(conn, project, id)?))?;
    if before.is_under_way {
        return Ok(Compared::bare(Outcome::Busy));
    }
    let read = match comparer.service.session(project, how.urgency) {
        Ok(session) => read(&session, id, how),
        Err(NoReading::Away(unread)) => Err(unread.words),
        Err(NoReading::Denied(words)) => Err(words),
    };
    let ctx = Ctx::system(project, &comparer.ids, comparer.service.clock.now());
    db.write_here(|conn| {
        let compared = match read {
            Ok(Some(known)) => take_over(conn, &ctx, &known, &before, how.origin)?,
            Ok(None) => Compared::bare(Outcome::Unknown),
            Err(words) => Compared::bare(Outcome::Failed(words)),
        };
        if let Some(customer) = identity::find(conn, project, id)? {
            note(conn, customer, &compared, ctx.now)?;
        }
        Ok(compared)
    })
}

fn read(session: &Session<'_>, id: &str, how: &How<'_>) -> Result<Option<shown::Known>, String> {
    shown::read(session, id, how.pace).map_err(|Failure(words)| words)
}

/// The customer before RevenueCat is asked.
#[derive(Debug, Default)]
struct Before {
    customer: Option<CustomerId>,
    events: i64,
    is_under_way: bool,
}

fn before(conn: &mut Conn, project: ProjectId, id: &str) -> QueryResult<Before> {
    let Some(customer) = identity::find(conn, project, id)? else { return Ok(Before::default()) };
    let is_under_way = !requests::queries::under_way(conn, &[customer])?.is_empty();
    Ok(Before { customer: Some(customer), events: events_of(conn, customer)?, is_under_way })
}

/// Stores what differs, if nothing has come since RevenueCat was asked: it may know more, or less.
fn take_over(
    conn: &mut Conn,
    ctx: &Ctx,
    known: &shown::Known,
    before: &Before,
    origin: Origin,
) -> Result<Compared, Error> {
    let shown = &known.shown;
    let ids: Vec<AppUserId> = shown.ids.iter().filter_map(|id| AppUserId::parse(id).ok()).collect();
    let locked = identity::lock_ids(conn, ctx.project, &[Seen { ids, at: ctx.now }])?;
    if shown.ids.iter().any(|id| locked.is_busy(&lookup_key(id))) {
        return Ok(Compared::bare(Outcome::Busy));
    }
    if is_left_out(conn, ctx, shown)? {
        return Ok(Compared::bare(Outcome::LeftOut));
    }
    let ours = Ours::load(conn, ctx.project, shown)?;
    let is_same = ours.customer == before.customer && ours.events == before.events;
    if !is_same || is_under_way(conn, ours.customer)? {
        return Ok(Compared::bare(Outcome::Busy));
    }
    let marked = Marked { origin, now: ctx.now };
    let details = of_details(shown, &ours, marked)?;
    store(conn, ctx, &details, origin)?;
    let (moved, differences) = converge(conn, ctx, shown, marked)?;
    note_contact(conn, ctx, shown)?;
    let found: Vec<Finding> = [details.found, moved, differences.found].concat();
    let mut remarks = details.remarks;
    remarks.extend(differences.remarks);
    remarks.extend(known.remarks.iter().cloned());
    let words = words_of(&found);
    let outcome = match (words.is_empty(), origin) {
        (true, _) => Outcome::Same,
        (false, Origin::Import | Origin::Fill) => Outcome::Filled(words),
        (false, Origin::Comparison) => Outcome::Found(words),
    };
    Ok(Compared { outcome, remarks })
}

/// Whether one of the ids was erased here or is blocked: by the others they would come back.
fn is_left_out(conn: &mut Conn, ctx: &Ctx, shown: &Shown) -> QueryResult<bool> {
    let ids: Vec<&str> = shown.ids.iter().map(String::as_str).collect();
    let mut tombstones = Tombstones::default();
    tombstones.load(conn, ctx.project, ids.iter().copied())?;
    Ok(!matches!(tombstones.verdict(conn, ctx.project, &ids, Moment::EARLIEST)?, Verdict::Accepted))
}

fn store(conn: &mut Conn, ctx: &Ctx, differences: &Differences, origin: Origin) -> QueryResult<()> {
    ingest::take_found(conn, ctx, &differences.deliveries, origin == Origin::Comparison).map(drop)
}

/// Enters transfers and purchases, each if nothing of it differs afterwards. What would differ still is not entered, for it would be
/// found again and again, and is said in words.
fn converge(conn: &mut Conn, ctx: &Ctx, shown: &Shown, marked: Marked) -> Result<(Vec<Finding>, Differences), Error> {
    if let Some(found) = enter(conn, ctx, shown, marked, None)? {
        return Ok(found);
    }
    let (mut moved, mut all) = (Vec::new(), Differences::default());
    for theirs in &shown.purchases {
        if let Some((transfers, found)) = enter(conn, ctx, shown, marked, Some(&theirs.transaction))? {
            moved.extend(transfers);
            all.found.extend(found.found);
        }
    }
    let left = of_purchases(shown, &Ours::load(conn, ctx.project, shown)?, marked, None)?;
    all.remarks = left.remarks;
    if !left.found.is_empty() {
        let words = words_of(&left.found).join(", ");
        all.remarks
            .push(format!("What RevenueCat shows beside that does not fit together with the events here: {words}."));
    }
    Ok((moved, all))
}

/// Enters what differs of all purchases, or of one. `None`, and nothing is entered, if something of it differs afterwards.
fn enter(
    conn: &mut Conn,
    ctx: &Ctx,
    shown: &Shown,
    marked: Marked,
    only: Option<&str>,
) -> Result<Option<(Vec<Finding>, Differences)>, Error> {
    let mut differs_still = false;
    let entered = conn.transaction(|conn| {
        let ours = Ours::load(conn, ctx.project, shown)?;
        let moved = transfers(conn, ctx, shown, &ours, marked.origin)?;
        let ours = if moved.is_empty() { ours } else { Ours::load(conn, ctx.project, shown)? };
        let found = of_purchases(shown, &ours, marked, only)?;
        store(conn, ctx, &found, marked.origin)?;
        if !found.deliveries.is_empty() {
            let after = of_purchases(shown, &Ours::load(conn, ctx.project, shown)?, marked, only)?;
            if !after.deliveries.is_empty() {
                differs_still = true;
                return Err(Error::from(diesel::result::Error::RollbackTransaction));
            }
        }
        Ok::<_, Error>((moved, found))
    });
    match entered {
        Ok(found) => Ok(Some(found)),
        Err(_) if differs_still => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_under_way(conn: &mut Conn, customer: Option<CustomerId>) -> QueryResult<bool> {
    let Some(customer) = customer else { return Ok(false) };
    Ok(!requests::queries::under_way(conn, &[customer])?.is_empty())
}

/// Enters transfers that no webhook has told: RevenueCat shows all purchases of somebody here with this customer.
fn transfers(conn: &mut Conn, ctx: &Ctx, shown: &Shown, ours: &Ours, origin: Origin) -> Result<Vec<Finding>, Error> {
    let Some(customer) = ours.customer else { return Ok(Vec::new()) };
    let mut moved = Vec::new();
    let mut done: Vec<CustomerId> = Vec::new();
    for holder in ours.elsewhere.values() {
        let index = Index::of(&holder.purchases);
        let there: HashSet<usize> =
            shown.purchases.iter().filter_map(|theirs| index.find(&holder.purchases, theirs)).collect();
        let has_all = there.len() == holder.purchases.len();
        if !has_all || done.contains(&holder.customer) || is_under_way(conn, Some(holder.customer))? {
            continue;
        }
        let to = subject::load(conn, customer)?;
        let event = own::transfer(Moved::FoundElsewhere, &holder.subject, &to, ctx.now, ctx.now)?;
        ingest::take_found(conn, ctx, &[event], origin == Origin::Comparison)?;
        done.push(holder.customer);
        // Who it was is not said: whoever is erased later would stay known by it.
        moved.push(Finding::new("a transfer from another customer"));
    }
    Ok(moved)
}

/// When the app was last open, and on which device: no webhook tells it.
fn note_contact(conn: &mut Conn, ctx: &Ctx, shown: &Shown) -> QueryResult<()> {
    let Some((at, device)) = &shown.last_contact else { return Ok(()) };
    let Some(customer) = identity::find(conn, ctx.project, &shown.app_user_id)? else { return Ok(()) };
    contacts::store_contact(conn, customer, device, (*at).min(ctx.now))
}

fn note(conn: &mut Conn, customer: CustomerId, compared: &Compared, now: Moment) -> QueryResult<()> {
    let values = (
        comparisons::asked_at.eq(now),
        comparisons::outcome.eq(compared.word()),
        comparisons::words.eq(compared.words()),
    );
    let row = (comparisons::customer_id.eq(customer), values.clone());
    let noted = diesel::insert_into(comparisons::table).values(row).on_conflict(comparisons::customer_id);
    Both(noted.do_update().set(values)).execute(conn).map(drop)
}

/// Notes that RevenueCat is being asked about a customer: until it has answered, it did not.
pub fn note_asking(conn: &mut Conn, customer: CustomerId, now: Moment) -> QueryResult<()> {
    let asking = Compared::bare(Outcome::Failed("It is being asked.".into()));
    note(conn, customer, &asking, now)
}

/// When RevenueCat was last asked about a customer.
pub fn last_asked(conn: &mut Conn, customer: CustomerId) -> QueryResult<Option<Asked>> {
    let row = comparisons::table.find(customer);
    row.select((comparisons::asked_at, comparisons::outcome, comparisons::words)).first(conn).optional()
}

impl Compared {
    pub(super) fn bare(outcome: Outcome) -> Compared {
        Compared { outcome, remarks: Vec::new() }
    }

    /// What came of it, as an answer to whoever asked.
    pub fn message(&self) -> String {
        let words = self.words();
        match &self.outcome {
            Outcome::Same | Outcome::Found(_) | Outcome::Filled(_) => format!("RevenueCat was asked. {words}"),
            Outcome::Failed(_) => format!("RevenueCat could not be asked: {words}"),
            Outcome::Busy => format!("{words} Try again afterwards."),
            Outcome::Unknown | Outcome::LeftOut => words,
        }
    }

    /// What came of it, for people to read.
    pub fn words(&self) -> String {
        let said = match &self.outcome {
            Outcome::Same => "Nothing differs.".to_owned(),
            Outcome::Found(found) | Outcome::Filled(found) => format!("Found {}.", crate::wording::text::listed(found)),
            Outcome::Unknown => "RevenueCat does not know this customer.".to_owned(),
            Outcome::LeftOut => "The customer was deleted here, or is blocked, and stays so.".to_owned(),
            Outcome::Busy => {
                "Something has just come for this customer, or what was asked for them is not settled yet; the page \
                              Requests says how far that is."
                    .to_owned()
            }
            Outcome::Failed(words) => words.clone(),
        };
        std::iter::once(&said).chain(&self.remarks).map(String::as_str).collect::<Vec<_>>().join(" ")
    }
}

impl Compared {
    /// How it is stored.
    fn word(&self) -> &'static str {
        match &self.outcome {
            Outcome::Same if self.remarks.is_empty() => "same",
            Outcome::Same => "differs",
            Outcome::Found(_) => "found",
            Outcome::Filled(_) => "filled",
            Outcome::Unknown => "unknown",
            Outcome::Failed(_) | Outcome::Busy => "failed",
            // So that the next sample is not theirs again.
            Outcome::LeftOut => "same",
        }
    }
}
