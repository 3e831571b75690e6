//! Stores deliveries: the raw events, their places in the histories of their customers, and the state that follows. All
//! deliveries of a batch go in together, in the caller's transaction: the number of statements does not depend on how many
//! they are.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};

use diesel::prelude::*;

use super::screening::Screened;
use super::{incomplete, queries, rejected, screening};
use crate::audit::Ctx;
use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, EventId};
use crate::base::{AppUserId, lookup_key};
use crate::customers::contacts::{self, LastContact};
use crate::customers::identity::Locked;
use crate::customers::retained::{self, HistoryPlace};
use crate::customers::state::{Later, News, WaitingTerms};
use crate::customers::{Seen, Tombstones, identity, locks, state};
use crate::db::Conn;
use crate::db::many::Inserts;
use crate::endpoints::{self, Announced, Source};
use crate::events::history::Side;
use crate::events::{Delivery, Event, EventType};
use crate::projection::Fact;
use crate::requests::echo::{Awaited, Echo};

/// What was done with a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Stored,
    /// The event is stored already; nothing changed.
    Duplicate,
    /// A `TEST` event: answered, but not kept.
    Test,
    /// Older than the erasure of its customer: answered, but not kept.
    Late,
    /// For a blocked id: only a mark that it came is kept.
    Ignored,
}

/// Where events come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Outside,
    /// Dossier made them.
    Own,
    /// Dossier read in an export what they say.
    Read,
}

/// Stores deliveries that came from outside, and derives the state of their customers. Queues the new events for the
/// endpoints that want them. Returns what was done with each: `None`, if another transaction has locked its customer and
/// this one may not wait.
pub fn take(conn: &mut Conn, ctx: &Ctx, deliveries: &[&Delivery]) -> QueryResult<Vec<Option<Outcome>>> {
    let mut batch = Batch::screened(conn, ctx, deliveries, Origin::Outside)?;
    batch.store(conn, Origin::Outside, |news| news)?;
    endpoints::announce(conn, ctx, &batch.announced(), Source::Received)?;
    incomplete::ask_about(conn, ctx, &batch.owned())?;
    Ok(batch.outcomes)
}

/// What [`take_many`] did.
#[derive(Debug, Default)]
pub struct Taken {
    /// What was done with each delivery.
    pub outcomes: Vec<Outcome>,
    /// The new customers whose state was derived.
    pub settled: BTreeSet<CustomerId>,
    /// The customers whose state is still to be derived.
    pub stale: BTreeSet<CustomerId>,
}

/// As [`take`], for many deliveries in no order: only the state of customers who are new is derived, because all their
/// events are here; that of others is derived later, once for all their events, by whoever settles stale customers. No
/// endpoint is told.
pub fn take_many(conn: &mut Conn, ctx: &Ctx, deliveries: &[&Delivery]) -> QueryResult<Taken> {
    let mut batch = Batch::screened(conn, ctx, deliveries, Origin::Outside)?;
    let mut taken = Taken::default();
    batch.store(conn, Origin::Outside, |news| {
        let is_of_one = |fact: &&Fact| fact.lost_by.is_none() && news.new.contains_key(&fact.customer);
        let of_others = news.facts.iter().filter(|fact| !is_of_one(fact)).flat_map(Fact::parties);
        taken.stale = of_others.chain(news.merged.keys().copied()).filter(|customer| customer.0 > 0).collect();
        taken.settled = news.new.keys().copied().filter(|customer| !taken.stale.contains(customer)).collect();
        let facts = news.facts.into_iter().filter(|fact| taken.settled.contains(&fact.customer)).collect();
        News { facts, ..news }
    })?;
    mark_stale(conn, taken.stale.iter().copied())?;
    taken.outcomes = batch.outcomes.into_iter().flatten().collect();
    Ok(taken)
}

/// As [`take_many`], for events that Dossier made of the rows of an export. Nobody comes back by them who was erased here or is
/// blocked. What they say of known customers apart from purchases is taken in at once, and with it when apps were last open;
/// what is stored of a later time stays. Search terms of new customers go to `waiting`, if they may wait.
pub fn take_read(
    conn: &mut Conn,
    ctx: &Ctx,
    (deliveries, contacts): (&[&Delivery], &[&LastContact]),
    waiting: &mut WaitingTerms,
) -> QueryResult<Taken> {
    let mut batch = Batch::screened(conn, ctx, deliveries, Origin::Read)?;
    batch.contacts = contacts.to_vec();
    let mut taken = Taken::default();
    let wait = waiting.may_wait();
    let later = batch.store_and_let_wait(conn, Origin::Read, wait, |news| {
        let is_late = |fact: &&Fact| fact.is_about_purchases() && !news.new.contains_key(&fact.customer);
        let late = news.facts.iter().filter(is_late).flat_map(Fact::parties);
        taken.stale = late.chain(news.merged.keys().copied()).filter(|customer| customer.0 > 0).collect();
        taken.settled = news.new.keys().copied().filter(|customer| !taken.stale.contains(customer)).collect();
        let facts = news.facts.into_iter().filter(|fact| !taken.stale.contains(&fact.customer)).collect();
        News { facts, ..news }
    })?;
    mark_stale(conn, taken.stale.iter().chain(taken.settled.iter().filter(|_| wait)).copied())?;
    if wait {
        waiting.add(later, &taken.settled, &taken.stale);
    }
    taken.outcomes = batch.outcomes.into_iter().flatten().collect();
    Ok(taken)
}

/// As [`take_read`], for what was found about one customer: their state is derived at once. Returns what was done with each event.
/// With `is_news`, the endpoints that want it are told.
pub fn take_found(
    conn: &mut Conn,
    ctx: &Ctx,
    deliveries: &[Delivery],
    is_news: bool,
) -> QueryResult<Vec<Option<Outcome>>> {
    let all: Vec<&Delivery> = deliveries.iter().collect();
    let mut batch = Batch::screened(conn, ctx, &all, Origin::Read)?;
    batch.store(conn, Origin::Read, |news| news)?;
    if is_news {
        endpoints::announce(conn, ctx, &batch.announced(), Source::Own)?;
    }
    Ok(batch.outcomes)
}

/// Stores events that Dossier makes, as if they had been delivered: without screening, because their customer exists, so
/// they cannot be late, whatever the clock of an erasure said. Returns whether all were new.
pub fn append(conn: &mut Conn, ctx: &Ctx, deliveries: &[Delivery]) -> QueryResult<bool> {
    Ok(append_rows(conn, ctx, deliveries)?.is_some())
}

/// As [`append`]. Returns the rows of the events in their order; `None` when one was stored before.
pub fn append_rows(conn: &mut Conn, ctx: &Ctx, deliveries: &[Delivery]) -> QueryResult<Option<Vec<EventId>>> {
    let all: Vec<&Delivery> = deliveries.iter().collect();
    let mut batch = Batch::unscreened(conn, ctx, &all)?;
    batch.store(conn, Origin::Own, |news| news)?;
    endpoints::announce(conn, ctx, &batch.announced(), Source::Own)?;
    let are_stored = batch.outcomes.iter().all(|outcome| *outcome == Some(Outcome::Stored));
    Ok(are_stored.then(|| batch.accepted.iter().map(|one| one.row).collect()))
}

/// As [`append`], for one event. Returns its row.
///
/// # Errors
/// [`diesel::result::Error::RollbackTransaction`] when an event with its id is stored already.
pub fn append_one(conn: &mut Conn, ctx: &Ctx, delivery: &Delivery) -> QueryResult<EventId> {
    let mut batch = Batch::unscreened(conn, ctx, &[delivery])?;
    batch.store(conn, Origin::Own, |news| news)?;
    endpoints::announce(conn, ctx, &batch.announced(), Source::Own)?;
    batch.accepted.first().map(|one| one.row).ok_or(diesel::result::Error::RollbackTransaction)
}

/// Marks customers whose state must still be derived.
pub fn mark_stale(conn: &mut Conn, customers: impl IntoIterator<Item = CustomerId>) -> QueryResult<()> {
    queries::mark_stale(conn, customers.into_iter().filter(|customer| customer.0 > 0))
}

/// Finds the customers of sets of ids that no event names, and creates those who are new. Their order is that of the sets.
pub fn introduce(conn: &mut Conn, ctx: &Ctx, seen: &[Seen]) -> QueryResult<Vec<Option<CustomerId>>> {
    let locked = identity::lock_ids(conn, ctx.project, seen)?;
    let assigned = identity::assign(conn, ctx, &locked, seen)?;
    state::settle(conn, ctx.project, assigned.news)?;
    Ok(assigned.owners)
}

/// Resolves the customers of stored events again, as if they had just come, and corrects the histories that differ.
pub fn reassign(conn: &mut Conn, ctx: &Ctx, events: &[(EventId, Delivery)]) -> QueryResult<()> {
    let accepted =
        |(row, delivery): &'_ (EventId, Delivery)| Accepted::new(0, *row, Cow::Owned(delivery.clone()), false);
    let accepted: Vec<Accepted<'_>> = events.iter().map(accepted).collect();
    let locked = identity::lock_ids(conn, ctx.project, &seen_in(events.iter().map(|(_, delivery)| delivery)))?;
    let mut batch = Batch { ctx, locked, outcomes: Vec::new(), accepted, contacts: Vec::new() };
    let news = batch.find_customers(conn)?;
    state::settle(conn, ctx.project, News { facts: Vec::new(), ..news })?;
    batch.link(conn)?;
    for accepted in &batch.accepted {
        queries::show_only_in(conn, &accepted.receivers, accepted.row, &accepted.delivery)?;
        if accepted.delivery.event.kind == EventType::Transfer {
            retained::link_again(conn, accepted.row)?;
        }
    }
    Ok(())
}

/// The sets of ids in events: two for each, of which the second is empty unless it is a transfer.
fn seen_in<'a>(deliveries: impl Iterator<Item = &'a Delivery>) -> Vec<Seen> {
    let sets = |delivery: &'a Delivery| {
        let at = delivery.event.generated_at();
        sets_of(&delivery.event).map(|named| Seen { ids: usable(&named).0, at })
    };
    deliveries.flat_map(sets).collect()
}

/// The ids of the customer whom an event names; for a transfer those of who loses the purchases, and of who gets them.
fn sets_of(event: &Event) -> [Vec<&str>; 2] {
    match event.kind == EventType::Transfer {
        true => [&event.transferred_from, &event.transferred_to].map(|ids| ids.iter().map(String::as_str).collect()),
        false => [event.customer_ids().collect(), Vec::new()],
    }
}

/// Deliveries that are stored together.
struct Batch<'a> {
    ctx: &'a Ctx,
    locked: Locked,
    /// What was done with each delivery of the caller; `None`, if its customer is busy.
    outcomes: Vec<Option<Outcome>>,
    accepted: Vec<Accepted<'a>>,
    /// When apps were last open, of ids that the deliveries name.
    contacts: Vec<&'a LastContact>,
}

/// A delivery whose event is new.
struct Accepted<'a> {
    /// Its place among the deliveries of the caller.
    place: usize,
    row: EventId,
    delivery: Cow<'a, Delivery>,
    /// Whether it is a transfer whose receiver was erased or is blocked.
    to_nobody: bool,
    /// The customers in whose histories it belongs, each with the side.
    receivers: Vec<(CustomerId, Side)>,
    /// Whether it is only a mark that an event of a blocked id came.
    is_mark: bool,
    /// What it is to what was asked here of a store.
    echo: Option<Echo>,
}

impl<'a> Accepted<'a> {
    fn new(place: usize, row: EventId, delivery: Cow<'a, Delivery>, to_nobody: bool) -> Accepted<'a> {
        Accepted { place, row, delivery, to_nobody, receivers: Vec::new(), is_mark: false, echo: None }
    }
}

impl<'a> Batch<'a> {
    /// Locks the customers, and keeps out the events of erased and blocked ids, those that are stored already, and those
    /// whose customers are busy.
    fn screened(conn: &mut Conn, ctx: &'a Ctx, deliveries: &[&'a Delivery], origin: Origin) -> QueryResult<Batch<'a>> {
        let mut batch = Batch::locked(conn, ctx, deliveries)?;
        let mut tombstones = Tombstones::default();
        let ids = deliveries.iter().flat_map(|delivery| screening::ids_in(&delivery.event));
        tombstones.load(conn, ctx.project, ids)?;
        for (place, delivery) in deliveries.iter().enumerate() {
            if batch.outcomes.get(place).is_some_and(|outcome| *outcome == Some(Outcome::Stored)) {
                let screened = match origin {
                    Origin::Read => screening::screen_read(conn, ctx.project, &mut tombstones, delivery)?,
                    Origin::Outside | Origin::Own => screening::screen(conn, ctx.project, &mut tombstones, delivery)?,
                };
                batch.sort_in(place, screened);
            }
        }
        // Of what can be read again as often as somebody likes, nothing is counted.
        if origin != Origin::Read {
            tombstones.store_counts(conn, ctx.project)?;
        }
        batch.leave_out_known(conn)?;
        Ok(batch)
    }

    fn unscreened(conn: &mut Conn, ctx: &'a Ctx, deliveries: &[&'a Delivery]) -> QueryResult<Batch<'a>> {
        let mut batch = Batch::locked(conn, ctx, deliveries)?;
        for (place, delivery) in deliveries.iter().enumerate() {
            batch.sort_in(place, Screened::Taken { delivery: Cow::Borrowed(*delivery), to_nobody: false });
        }
        batch.leave_out_known(conn)?;
        Ok(batch)
    }

    /// Locks the customers of the deliveries.
    fn locked(conn: &mut Conn, ctx: &'a Ctx, deliveries: &[&'a Delivery]) -> QueryResult<Batch<'a>> {
        let seen = seen_in(deliveries.iter().copied());
        let locked = identity::lock_ids(conn, ctx.project, &seen)?;
        let busy = locked.busy_among(&seen);
        let outcome = |(delivery, busy): (&&Delivery, &[bool])| match delivery.event.kind == EventType::Test {
            true => Some(Outcome::Test),
            false if busy.contains(&true) => None,
            false => Some(Outcome::Stored),
        };
        let outcomes = deliveries.iter().zip(busy.chunks(2)).map(outcome).collect();
        Ok(Batch { ctx, locked, outcomes, accepted: Vec::new(), contacts: Vec::new() })
    }

    fn sort_in(&mut self, place: usize, screened: Screened<'a>) {
        let (outcome, accepted) = match screened {
            Screened::Taken { delivery, to_nobody } => {
                (Outcome::Stored, Some(Accepted::new(place, self.ctx.next_id(), delivery, to_nobody)))
            }
            Screened::Late => (Outcome::Late, None),
            Screened::Ignored(mark) => {
                let mark = mark.map(|mark| Accepted {
                    is_mark: true,
                    ..Accepted::new(place, self.ctx.next_id(), Cow::Owned(mark), false)
                });
                (Outcome::Ignored, mark)
            }
        };
        self.accepted.extend(accepted);
        if let Some(own) = self.outcomes.get_mut(place) {
            *own = Some(outcome);
        }
    }

    /// Leaves out events that are stored, or that come twice in the batch. One with another body is kept as a rejected
    /// delivery, for developers to see (§5.1). The first body stays.
    fn leave_out_known(&mut self, conn: &mut Conn) -> QueryResult<()> {
        let keys = self.accepted.iter().map(|one| one.delivery.stored.key.clone()).collect::<HashSet<_>>();
        let mut known = queries::bodies_of(conn, self.ctx.project, keys)?;
        let mut changed = Vec::new();
        let mut fresh = Vec::with_capacity(self.accepted.len());
        for one in std::mem::take(&mut self.accepted) {
            let key = one.delivery.stored.key.clone();
            match known.get(&key) {
                None => {
                    known.insert(key, one.delivery.body.clone());
                    fresh.push(one);
                }
                Some(_) if one.is_mark => {}
                Some(body) => {
                    if let Some(outcome) = self.outcomes.get_mut(one.place) {
                        *outcome = Some(Outcome::Duplicate);
                    }
                    if *body != one.delivery.body {
                        changed.push(one.delivery);
                    }
                }
            }
        }
        self.accepted = fresh;
        for delivery in changed {
            tracing::warn!("a delivery repeats an event id with a different body; the first body stays");
            let reason = "This event came before with a different body. The first body stays.";
            rejected::keep(conn, self.ctx, delivery.received_at, reason, delivery.body.as_bytes())?;
        }
        Ok(())
    }

    /// Stores the events, puts them into the histories of their customers, and has the state of these brought up to date
    /// with what `settled` leaves of what is new.
    fn store(&mut self, conn: &mut Conn, origin: Origin, settled: impl FnOnce(News) -> News) -> QueryResult<()> {
        self.store_and_let_wait(conn, origin, false, settled).map(drop)
    }

    /// As [`Batch::store`]. Where they may `wait`, the search terms of new customers are returned and not written.
    fn store_and_let_wait(
        &mut self,
        conn: &mut Conn,
        origin: Origin,
        wait: bool,
        settled: impl FnOnce(News) -> News,
    ) -> QueryResult<Later> {
        let mut news = self.find_customers(conn)?;
        if origin == Origin::Outside {
            self.recognise_echoes(conn, &mut news)?;
        }
        let news = settled(news);
        let mut inserts = if origin == Origin::Read { Inserts::in_pieces() } else { Inserts::default() };
        let events = self.accepted.iter().map(|one| (one.row, &*one.delivery));
        queries::insert_events(&mut inserts, self.ctx.project, events);
        queries::show_in_histories(&mut inserts, &self.places());
        let later = state::settle_and_let_wait(conn, self.ctx.project, news, inserts, wait)?;
        let repeated = self.accepted.iter().filter(|one| one.echo == Some(Echo::Repeats)).map(|one| one.row);
        queries::mute(conn, &[], &repeated.collect::<Vec<_>>())?;
        self.link(conn)?;
        self.retain(conn)?;
        Ok(later)
    }

    /// Finds the events that say of a store what was asked of it here. One takes the place of the event that Dossier wrote
    /// itself, and one that says the same again counts no more.
    fn recognise_echoes(&mut self, conn: &mut Conn, news: &mut News) -> QueryResult<()> {
        let events = self.accepted.iter().filter(|one| !one.is_mark).map(|one| (&*one.delivery, one.customers()));
        let events = events.map(|(delivery, customers)| (delivery.event.as_ref(), customers));
        let mut awaited = Awaited::load(conn, self.ctx, events)?;
        for one in self.accepted.iter_mut().filter(|one| !one.is_mark) {
            let customers = one.customers();
            one.echo = awaited.recognise(conn, self.ctx, (one.row, &one.delivery.event), &customers)?;
            match one.echo {
                Some(Echo::Replaces(own)) => {
                    let holders = queries::holders(conn, own)?;
                    locks::lock(conn, holders.iter().copied())?;
                    queries::mute(conn, &holders, &[own])?;
                    news.afresh.extend(holders);
                }
                Some(Echo::Repeats) => news.facts.retain(|fact| fact.row != one.row),
                Some(Echo::Confirms) | None => {}
            }
        }
        Ok(())
    }

    /// Finds the customers in whose histories the events belong.
    fn find_customers(&mut self, conn: &mut Conn) -> QueryResult<News> {
        let mut seen = Vec::new();
        for one in self.accepted.iter().filter(|one| !one.is_mark) {
            for named in sets_of(&one.delivery.event) {
                let (ids, refused) = usable(&named);
                if let Some(reason) = refused {
                    let body = one.delivery.body.as_bytes();
                    rejected::keep(conn, self.ctx, one.delivery.received_at, &reason, body)?;
                }
                seen.push(Seen { ids, at: one.delivery.event.generated_at() });
            }
        }
        let of_events = seen.len();
        let contacts = self.add_contacts(&mut seen);
        let assigned = identity::assign(conn, self.ctx, &self.locked, &seen)?;
        let mut news = assigned.news;
        let (owners, of_contacts) = assigned.owners.split_at(of_events);
        let contacts = contacts.into_iter().zip(of_contacts.iter().flatten().copied());
        self.take_contacts(conn, contacts, &mut news)?;
        let mut owners = owners.chunks(2);
        for one in self.accepted.iter_mut().filter(|one| !one.is_mark) {
            let [first, second] = owners.next().and_then(|pair| pair.try_into().ok()).unwrap_or([None, None]);
            one.receive(first, second);
            news.facts.extend(one.fact());
        }
        Ok(news)
    }

    /// Adds the ids of the contacts to what was seen, and returns these contacts. A contact creates nobody, and says nothing of
    /// since when an id is there: both do events.
    fn add_contacts(&self, seen: &mut Vec<Seen>) -> Vec<&'a LastContact> {
        let new: HashSet<String> = match self.contacts.is_empty() {
            true => HashSet::new(),
            false => seen.iter().flat_map(|one| &one.ids).map(|id| id.as_str().to_owned()).collect(),
        };
        let mut contacts = Vec::new();
        for contact in &self.contacts {
            let id = &contact.app_user_id;
            let exists = new.contains(id) || self.locked.owner(id).is_some();
            if let Some(id) = AppUserId::parse(id).ok().filter(|_| exists) {
                seen.push(Seen { ids: vec![id], at: Moment::NEVER });
                contacts.push(*contact);
            }
        }
        contacts
    }

    /// Takes when apps were last open, each contact with its customer.
    fn take_contacts(
        &self,
        conn: &mut Conn,
        contacts: impl Iterator<Item = (&'a LastContact, CustomerId)>,
        news: &mut News,
    ) -> QueryResult<()> {
        let mut of_known = Vec::new();
        for (contact, customer) in contacts {
            let new = news.new.get_mut(&customer).or(news.ids.get_mut(&customer));
            let new = new.and_then(|ids| ids.iter_mut().find(|id| id.app_user_id == contact.app_user_id));
            match new {
                Some(id) => id.seen_at = id.seen_at.max(Some(contact.at)),
                None => of_known.push((self.ctx.project, lookup_key(&contact.app_user_id), contact.at)),
            }
            news.contacts.entry(customer).or_default().push(contact.clone());
        }
        contacts::note_ids(conn, &of_known)
    }

    /// The places of the events in the histories of their customers.
    fn places(&self) -> Vec<(CustomerId, EventId, &Delivery, Side)> {
        let mut places = Vec::with_capacity(self.accepted.len());
        for one in &self.accepted {
            places.extend(one.receivers.iter().map(|(customer, side)| (*customer, one.row, &*one.delivery, *side)));
        }
        places
    }

    /// Keeps the transfers to nobody, for the sake of those who lost the purchases.
    fn retain(&self, conn: &mut Conn) -> QueryResult<()> {
        for one in self.accepted.iter().filter(|one| one.to_nobody) {
            let place = HistoryPlace { event_id: one.row, side: Side::Own, stands_as: CustomerId(-one.row.0) };
            one.receivers.iter().try_for_each(|(customer, _)| retained::retain(conn, *customer, place))?;
        }
        Ok(())
    }

    /// Links the two customers of each transfer: the state of each depends on the other (§5.3).
    fn link(&self, conn: &mut Conn) -> QueryResult<()> {
        let both = |one: &Accepted<'_>| match one.receivers[..] {
            [(winner, _), (loser, _)] => Some((winner, loser)),
            _ => None,
        };
        let links: BTreeSet<(CustomerId, CustomerId)> = self.accepted.iter().filter_map(both).collect();
        state::link(conn, links)
    }

    /// The events that are stored, each with its customer.
    fn owned(&self) -> Vec<(&Event, Option<CustomerId>)> {
        let stored = self.accepted.iter().filter(|one| !one.is_mark);
        stored.map(|one| (one.delivery.event.as_ref(), one.owner())).collect()
    }

    fn announced(&self) -> Vec<Announced<'_>> {
        // Of a fact that Dossier announced itself, the store's own event is no news.
        let is_known = |echo: Option<Echo>| matches!(echo, Some(Echo::Replaces(_) | Echo::Repeats));
        let stored = self.accepted.iter().filter(|one| !one.is_mark && !is_known(one.echo));
        stored.map(|one| Announced { row: one.row, customer: one.owner(), delivery: &one.delivery }).collect()
    }
}

impl Accepted<'_> {
    /// The customer whose event it is.
    fn owner(&self) -> Option<CustomerId> {
        self.receivers.iter().find(|(_, side)| *side == Side::Own).map(|(owner, _)| *owner)
    }

    /// The customers in whose histories it belongs.
    fn customers(&self) -> Vec<CustomerId> {
        self.receivers.iter().map(|(customer, _)| *customer).collect()
    }

    /// Takes the customer of the event; for a transfer the one who loses the purchases, and the one who receives them.
    fn receive(&mut self, first: Option<CustomerId>, second: Option<CustomerId>) {
        let is_transfer = self.delivery.event.kind == EventType::Transfer;
        let (own, lost) = if is_transfer { (second, first) } else { (first, None) };
        let lost = lost.filter(|loser| own != Some(*loser));
        let own = own.map(|customer| (customer, Side::Own));
        self.receivers = own.into_iter().chain(lost.map(|customer| (customer, Side::Lost))).collect();
    }

    /// The event with its customers; `None` when it has none. A transfer to nobody takes the purchases away.
    fn fact(&self) -> Option<Fact> {
        let side = |wanted: Side| self.receivers.iter().find(|(_, side)| *side == wanted).map(|(one, _)| *one);
        let nobody = self.to_nobody.then_some(CustomerId(-self.row.0));
        let (own, lost) = (side(Side::Own).or(nobody), side(Side::Lost));
        let customer = own.or(lost)?;
        let lost_by = lost.filter(|loser| *loser != customer);
        Some(Fact { row: self.row, event: self.delivery.event.clone(), customer, lost_by })
    }
}

/// The ids that can be App User IDs, each once, and a report on those that cannot (§9.2).
fn usable(named: &[&str]) -> (Vec<AppUserId>, Option<String>) {
    let mut ids: Vec<AppUserId> = Vec::new();
    let mut seen = HashSet::new();
    let mut refused = None;
    for text in named.iter().filter(|text| seen.insert(**text)) {
        match AppUserId::parse(text) {
            Ok(id) => ids.push(id),
            Err(why) => refused = refused.or(Some(why)),
        }
    }
    let kept = if ids.is_empty() { "The event is stored without a customer" } else { "The other ids were used" };
    let report = refused.map(|why| format!("An App User ID in this event {}. {kept}.", why.words()));
    (ids, report)
}
