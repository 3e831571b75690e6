//! Reads what is needed to apply new events: the customers, where to begin with each, the events to apply, and the
//! purchases and payments that these concern.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use diesel::QueryResult;
use diesel::sql_types::{BigInt, Bool, Nullable, SmallInt, Text};

use super::contact::{Term, terms_since};
use super::member::{Age, Columns, Former, Member, Start, Stored, Totals, read};
use super::{Merged, NewId, News};
use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, EventId, ProjectId};
use crate::base::money::Micros;
use crate::customers::contacts::{self, LastContact};
use crate::customers::facts::{self, Since};
use crate::customers::locks;
use crate::customers::search_terms::TermKind;
use crate::customers::{AsOf, Reading};
use crate::db::Conn;
use crate::db::many::{self, Column, Kind, Row, row};
use crate::projection::{
    Fact, Folding, Payment, PaymentKind, Progress, Revenue, TOGETHER_MS, TransactionKey, keys_named_by,
};

/// Of customers with more purchases only those are read that the events may concern.
const FEW_PURCHASES: i64 = 50;

/// What was read.
pub struct Loaded {
    pub project: ProjectId,
    pub members: BTreeMap<CustomerId, Member>,
    /// The facts to apply that are about purchases, in no order.
    pub facts: BTreeMap<EventId, Fact>,
    /// The facts of which everything else is taken: of each customer the new ones, or all.
    pub recorded: BTreeMap<(CustomerId, EventId), Fact>,
    pub folding: Folding,
    /// The stored payments of the events that are applied again.
    pub payments: Vec<(CustomerId, Payment)>,
    /// The stored terms of the transactions that these events named first.
    pub terms: BTreeSet<Term>,
    pub new: BTreeMap<CustomerId, Vec<NewId>>,
    pub ids: BTreeMap<CustomerId, Vec<NewId>>,
    /// Customers who are derived afresh, because Dossier read somewhere what others may tell as well (§6.7).
    with_read: BTreeSet<CustomerId>,
    /// Set when it is read how customers were, and nothing will be written.
    as_of: Option<AsOf>,
    /// The time of the first event that does not count then.
    first_uncounted: Moment,
}

/// A customer who has to begin before a time.
type Need = (CustomerId, Moment);

impl Loaded {
    /// Reads what the news need.
    pub fn load(conn: &mut Conn, project: ProjectId, news: News) -> QueryResult<Loaded> {
        Loaded::load_up_to(conn, project, news, FEW_PURCHASES)
    }

    /// As [`Loaded::load`], with all purchases of the customers.
    pub fn load_whole(conn: &mut Conn, project: ProjectId, news: News) -> QueryResult<Loaded> {
        Loaded::load_up_to(conn, project, news, i64::MAX)
    }

    /// Reads what is needed to know how a customer was. Nothing of it may be written.
    pub fn load_as_of(conn: &mut Conn, project: ProjectId, customer: CustomerId, as_of: AsOf) -> QueryResult<Loaded> {
        let mut loaded = Loaded { as_of: Some(as_of), ..Loaded::nothing(project) };
        loaded.members(conn, [customer])?;
        loaded.find_first_uncounted(conn, customer, as_of)?;
        let mut needs = vec![(customer, Moment::NEVER)];
        while !needs.is_empty() {
            needs = loaded.go_back(conn, needs)?;
        }
        loaded.purchases(conn, i64::MAX)?;
        loaded.payments(conn)?;
        Ok(loaded)
    }

    fn nothing(project: ProjectId) -> Loaded {
        Loaded {
            project,
            members: BTreeMap::new(),
            facts: BTreeMap::new(),
            recorded: BTreeMap::new(),
            folding: Folding::default(),
            payments: Vec::new(),
            terms: BTreeSet::new(),
            new: BTreeMap::new(),
            ids: BTreeMap::new(),
            with_read: BTreeSet::new(),
            as_of: None,
            first_uncounted: Moment::NEVER,
        }
    }

    fn load_up_to(conn: &mut Conn, project: ProjectId, news: News, most: i64) -> QueryResult<Loaded> {
        let mut loaded = Loaded { new: news.new, ids: news.ids, ..Loaded::nothing(project) };
        let known = news.facts.iter().flat_map(Fact::parties).chain(news.merged.keys().copied());
        let known = known.chain(news.afresh.iter().chain(news.contacts.keys()).copied());
        let known: BTreeSet<CustomerId> = known.chain(loaded.new.keys().chain(loaded.ids.keys()).copied()).collect();
        loaded.members(conn, known)?;
        news.afresh.iter().for_each(|customer| loaded.start_afresh(*customer));
        for (customer, merged) in &news.merged {
            loaded.members.entry(*customer).and_modify(|member| {
                member.merged_numbers.clone_from(&merged.numbers);
                member.is_renamed = true;
            });
        }
        loaded.contacts(conn, &news.contacts)?;
        loaded.choose_starts(conn, &news.merged, news.facts)?;
        loaded.purchases(conn, most)?;
        loaded.payments(conn)?;
        loaded.terms(conn)?;
        Ok(loaded)
    }

    /// Takes when apps were last open.
    fn contacts(&mut self, conn: &mut Conn, all: &BTreeMap<CustomerId, Vec<LastContact>>) -> QueryResult<()> {
        let known = all.keys().copied().filter(|customer| !self.new.contains_key(customer));
        let mut stored = contacts::stored(conn, known)?;
        for (customer, own) in all {
            if let Some(member) = self.members.get_mut(customer) {
                member.take_contacts(stored.remove(customer).unwrap_or_default(), own);
            }
        }
        Ok(())
    }

    /// Derives everything of a customer from all their events.
    fn start_afresh(&mut self, customer: CustomerId) {
        if let Some(member) = self.members.get_mut(&customer).filter(|member| customer.0 > 0 && !member.is_new) {
            member.is_afresh = true;
            member.progress = Progress::new();
            member.start = Start::Head;
        }
    }

    /// Reads the rows of customers who were not read before.
    fn members(&mut self, conn: &mut Conn, customers: impl IntoIterator<Item = CustomerId>) -> QueryResult<()> {
        let unread: BTreeSet<CustomerId> =
            customers.into_iter().filter(|one| !self.members.contains_key(one)).collect();
        let mut stored = Vec::new();
        for customer in unread {
            if customer.0 < 0 {
                self.members.insert(customer, Member::stand_in());
            } else if self.new.contains_key(&customer) {
                self.members.insert(customer, Member::new());
            } else {
                stored.push(row![customer]);
            }
        }
        for (customer, member) in customers_of(conn, &stored)? {
            self.members.insert(customer, member);
            if self.with_read.contains(&customer) {
                self.start_afresh(customer);
            }
        }
        Ok(())
    }

    /// Decides where to begin with each customer, and reads the events since.
    fn choose_starts(
        &mut self,
        conn: &mut Conn,
        merged: &BTreeMap<CustomerId, Merged>,
        new: Vec<Fact>,
    ) -> QueryResult<()> {
        self.look_at_read_events(merged, &new);
        let mut needs: Vec<Need> = Vec::new();
        for (customer, member) in &self.members {
            if member.is_afresh {
                needs.push((*customer, Moment::EARLIEST));
            }
        }
        needs.extend(merged.iter().filter_map(|(customer, merged)| Some((*customer, merged.since?))));
        for fact in &new {
            let of = |customer: &CustomerId| self.members.get(customer);
            let late = fact.parties().filter(|party| of(party).is_some_and(|member| !member.progress.admits(fact)));
            if fact.is_about_purchases() {
                needs.extend(late.map(|party| (party, fact.event.event_at)));
            }
        }
        for fact in new {
            self.recorded.extend(fact.parties().map(|party| ((party, fact.row), fact.clone())));
            if fact.is_about_purchases() {
                self.facts.insert(fact.row, fact);
            }
        }
        needs.extend(self.linked_with_read_events());
        while !needs.is_empty() {
            needs = self.go_back(conn, needs)?;
        }
        Ok(())
    }

    /// Derives afresh the customers of whom new events may make others yield (§6.7).
    fn look_at_read_events(&mut self, merged: &BTreeMap<CustomerId, Merged>, new: &[Fact]) {
        let members = &self.members;
        let of = |customer: CustomerId| members.get(&customer).map(|member| &member.progress);
        let may_yield =
            |fact: &&Fact| fact.parties().any(|party| of(party).is_some_and(|progress| progress.may_make_yield(fact)));
        let parties = new.iter().filter(may_yield).flat_map(Fact::parties);
        let joined = merged.keys().copied().filter(|one| of(*one).is_some_and(Progress::has_read));
        let afresh: BTreeSet<CustomerId> = parties.chain(joined).collect();
        self.derive_afresh(&afresh);
    }

    /// Derives customers afresh. Returns who was not to be before.
    fn derive_afresh(&mut self, customers: &BTreeSet<CustomerId>) -> Vec<CustomerId> {
        let new: Vec<CustomerId> = customers.difference(&self.with_read).copied().collect();
        new.iter().for_each(|customer| self.start_afresh(*customer));
        self.with_read.extend(new.iter().copied());
        new
    }

    /// Goes back with customers, and reads their events since then. Returns the others who have to go back because of
    /// the transfers among these.
    fn go_back(&mut self, conn: &mut Conn, needs: Vec<Need>) -> QueryResult<Vec<Need>> {
        let unread = needs.iter().map(|(customer, _)| *customer).filter(|one| !self.members.contains_key(one));
        if self.as_of.is_none() {
            locks::lock_all(conn, unread.collect())?;
        }
        self.members(conn, needs.iter().map(|(customer, _)| *customer))?;
        let needing = needs.iter().map(|(customer, _)| *customer);
        let has_read = |one: &CustomerId| self.members.get(one).is_some_and(|member| member.progress.has_read());
        let with_read: BTreeSet<CustomerId> = needing.filter(has_read).collect();
        self.derive_afresh(&with_read);
        let mut times: BTreeMap<CustomerId, Moment> = BTreeMap::new();
        for (customer, time) in needs {
            let time = time.min(self.first_uncounted);
            let goes = self.members.get(&customer).is_some_and(|member| !member.begins_before(time));
            if goes {
                times.entry(customer).and_modify(|known| *known = time.min(*known)).or_insert(time);
            }
        }
        let starts = self.starts(conn, &times)?;
        let mut wanted = Vec::new();
        let mut ahead = Vec::new();
        for (customer, start) in starts {
            let Some(member) = self.members.get_mut(&customer) else { continue };
            ahead.extend(member.progress.ahead.clone().map(|events| (customer, events)));
            let is_lost = member.progress.ahead.is_none();
            member.rewind(start);
            let after = member.again_after().filter(|_| !is_lost).unwrap_or(Moment::EARLIEST);
            wanted.push(Since { after, with_yielding: member.is_afresh, ..self.since(customer) });
        }
        let mut found = facts::of(conn, &wanted)?;
        for (customer, events) in ahead {
            found.extend(facts::of_events(conn, self.since(customer), &events)?);
        }
        Ok(self.add(found.into_values()))
    }

    fn since(&self, customer: CustomerId) -> Since {
        Since { as_of: self.as_of, ..Since::beginning(self.project, customer) }
    }

    /// Where the past is read, everybody begins before the first event that does not count: the checkpoints after it follow from
    /// it, also where it was about a purchase that moved later.
    fn find_first_uncounted(&mut self, conn: &mut Conn, customer: CustomerId, as_of: AsOf) -> QueryResult<()> {
        self.first_uncounted = match as_of.reading {
            Reading::KnownNow => as_of.at.next(),
            Reading::KnownThen => {
                let linked = facts::with_links(conn, customer)?;
                facts::first_received_after(conn, self.project, linked, as_of.at)?.unwrap_or(Moment::NEVER)
            }
        };
        Ok(())
    }

    /// Adds facts that were read. Returns who else has to begin before one of them.
    fn add(&mut self, found: impl Iterator<Item = Fact>) -> Vec<Need> {
        let mut needs = Vec::new();
        for fact in found {
            let at = fact.event.event_at;
            let parties: Vec<CustomerId> = fact.parties().collect();
            let begins = |party: &CustomerId| self.members.get(party).is_some_and(|member| member.begins_before(at));
            for party in parties.iter().filter(|party| self.members.get(party).is_some_and(|one| one.is_afresh)) {
                self.recorded.insert((*party, fact.row), fact.clone());
            }
            if fact.is_about_purchases() && !self.facts.contains_key(&fact.row) && parties.iter().any(begins) {
                needs.extend(parties.into_iter().map(|party| (party, at)));
                self.facts.insert(fact.row, fact);
            }
        }
        needs.extend(self.linked_with_read_events());
        needs
    }

    /// Between customers whose purchases moved, events of one may yield to those of the other (§6.7): all are derived
    /// afresh, if Dossier read something about one of them.
    fn linked_with_read_events(&mut self) -> Vec<Need> {
        let read = self.facts.values().filter(|fact| fact.event.snapshot.is_some()).flat_map(Fact::parties);
        let known = self.members.iter().filter(|(_, member)| member.progress.has_read()).map(|(customer, _)| *customer);
        let with_read: BTreeSet<CustomerId> = read.chain(known).chain(self.with_read.iter().copied()).collect();
        let transfers = self.facts.values().filter(|fact| fact.lost_by.is_some());
        let concerned = transfers.filter(|fact| fact.parties().any(|party| with_read.contains(&party)));
        let linked: BTreeSet<CustomerId> = concerned.flat_map(Fact::parties).collect();
        self.derive_afresh(&linked).into_iter().map(|customer| (customer, Moment::EARLIEST)).collect()
    }

    /// The newest checkpoints from which the events since these times can be applied again.
    fn starts(
        &self,
        conn: &mut Conn,
        times: &BTreeMap<CustomerId, Moment>,
    ) -> QueryResult<BTreeMap<CustomerId, Start>> {
        const KEY: &[Column] = &[("customer_id", Kind::Integer), ("before", Kind::Integer)];
        let mut starts: BTreeMap<CustomerId, Start> =
            times.keys().map(|customer| (*customer, Start::Beginning)).collect();
        let before = |time: &Moment| time.millis().saturating_sub(TOGETHER_MS);
        let asked = times.iter().filter(|(customer, _)| {
            self.members.get(customer).is_some_and(|member| !member.is_afresh && !member.is_new)
        });
        let keys: Vec<Row> = asked.map(|(customer, time)| row![*customer, before(time)]).collect();
        let from = "given JOIN checkpoints ON checkpoints.customer_id = given.customer_id AND checkpoints.number =
            (SELECT max(number) FROM checkpoints WHERE checkpoints.customer_id = given.customer_id AND at < given.before)";
        let columns = "checkpoints.customer_id, checkpoints.number, checkpoints.at";
        type Columns = (BigInt, BigInt, BigInt);
        for (customer, number, at) in
            many::joined::<Columns, (CustomerId, i64, Moment)>(conn, (columns, from), KEY, &keys)?
        {
            starts.insert(customer, Start::Checkpoint { number, at });
        }
        Ok(starts)
    }

    /// Reads the purchases that the facts may concern, as they are where applying begins.
    fn purchases(&mut self, conn: &mut Conn, most: i64) -> QueryResult<()> {
        let transfers = self.facts.values().filter(|fact| fact.lost_by.is_some());
        let movers: HashSet<CustomerId> = transfers.flat_map(Fact::parties).collect();
        let concerned: HashSet<CustomerId> = self.facts.values().flat_map(Fact::parties).collect();
        let is_concerned = |id: &CustomerId, member: &Member| {
            !member.is_new && (concerned.contains(id) || member.start != Start::Head)
        };
        let is_past = self.as_of.is_some();
        let (mut whole, mut named, mut changed, mut again) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let first = self.facts.values().map(|fact| fact.event.event_at).min().unwrap_or(Moment::NEVER);
        for (customer, member) in self.members.iter_mut().filter(|(id, member)| is_concerned(id, member)) {
            // What began later is no part of the past.
            let born_before = if is_past { member.start.number() } else { i64::MAX };
            member.has_all = member.purchases <= most || movers.contains(customer) || member.start == Start::Beginning;
            let number = member.start.number();
            if member.has_all {
                whole.push(row![*customer, born_before]);
            } else {
                changed.push(row![*customer, number, first]);
            }
            if member.start != Start::Head {
                again.push(row![*customer, number]);
            }
        }
        for fact in self.facts.values() {
            let is_partial = self.members.get(&fact.customer).is_some_and(|member| !member.has_all);
            let environment = fact.event.purchase_environment().as_str();
            let keys = keys_named_by(&fact.event).into_iter().filter(|_| is_partial);
            named.extend(keys.map(|key| row![fact.customer, environment, key]));
        }
        let mut rows = whole_purchases(conn, &whole)?;
        rows.extend(named_purchases(conn, &named)?);
        rows.extend(changed_purchases(conn, &changed)?);
        for (customer, stored) in rows {
            if let Some(member) = self.members.get_mut(&customer) {
                let key = (stored.purchase.environment, stored.purchase.key.clone());
                member.stored.insert(key, stored);
            }
        }
        let former = former_purchases(conn, &again, is_past)?;
        self.hold(former);
        Ok(())
    }

    /// Gives the purchases to the fold as they are where applying begins.
    fn hold(&mut self, former: Vec<(CustomerId, Former)>) {
        for (customer, member) in &mut self.members {
            let number = member.start.number();
            for (key, stored) in member.stored.iter().filter(|(_, stored)| stored.age.born < number) {
                member.ages.insert(key.clone(), stored.age);
                self.folding.hold(*customer, stored.purchase.clone());
            }
        }
        // The oldest one that counts is as it was at the checkpoint, so it comes last.
        let mut former = former;
        former.sort_by_key(|(_, one)| std::cmp::Reverse(one.checkpoint));
        for (customer, Former { checkpoint, age, purchase }) in former {
            let Some(member) = self.members.get_mut(&customer) else { continue };
            let key = (purchase.environment, purchase.key.clone());
            member.outdated.push((checkpoint, key.clone()));
            if age.born < member.start.number() {
                member.ages.insert(key, age);
                self.folding.hold(customer, purchase);
            }
        }
    }

    /// Reads the payments of the transactions that the facts name, and those that the facts reported already.
    fn payments(&mut self, conn: &mut Conn) -> QueryResult<()> {
        let groups = if self.as_of.is_some() { self.linked(conn)? } else { self.groups() };
        let holders = |fact: &Fact| groups.get(&fact.customer).cloned().unwrap_or_else(|| vec![fact.customer]);
        let (mut keys, mut again) = (BTreeSet::new(), Vec::new());
        for fact in self.facts.values() {
            let transaction = TransactionKey::of(&fact.event);
            for holder in holders(fact) {
                let member = self.members.get(&holder);
                if holder.0 < 0 || member.map_or(self.as_of.is_none(), |one| one.is_new) {
                    continue;
                }
                keys.insert((holder, transaction));
                if member.and_then(Member::again_after).is_some() {
                    again.push(row![holder, fact.event.event_at, fact.row]);
                }
            }
        }
        let keys: Vec<Row> = keys.into_iter().map(|(customer, transaction)| row![customer, transaction.0]).collect();
        for (_, payment) in payments_of(conn, &keys)? {
            if !self.facts.contains_key(&payment.event) && payment.at < self.first_uncounted {
                self.folding.hold_payment(payment);
            }
        }
        self.payments = payments_of_events(conn, &again)?;
        Ok(())
    }

    /// The customers between whom the facts move purchases: each with all who may have the purchases of their events.
    fn groups(&self) -> HashMap<CustomerId, Vec<CustomerId>> {
        let mut groups: HashMap<CustomerId, BTreeSet<CustomerId>> = HashMap::new();
        for fact in self.facts.values().filter(|fact| fact.lost_by.is_some()) {
            let joined: BTreeSet<CustomerId> = fact
                .parties()
                .flat_map(|party| groups.get(&party).cloned().unwrap_or_else(|| BTreeSet::from([party])))
                .collect();
            joined.iter().for_each(|one| drop(groups.insert(*one, joined.clone())));
        }
        groups.into_iter().map(|(customer, group)| (customer, group.into_iter().collect())).collect()
    }

    /// As [`Loaded::groups`], whenever the purchases moved: what is read of the past may have moved since.
    fn linked(&self, conn: &mut Conn) -> QueryResult<HashMap<CustomerId, Vec<CustomerId>>> {
        let mut groups = HashMap::new();
        for customer in self.members.keys() {
            groups.insert(*customer, facts::with_links(conn, *customer)?.into_iter().collect());
        }
        Ok(groups)
    }

    /// Reads the terms of transactions that the events which are applied again named first. A purchase that somebody has
    /// where applying begins was named before by events that are not applied again.
    fn terms(&mut self, conn: &mut Conn) -> QueryResult<()> {
        let mut begun: HashMap<EventId, Moment> = HashMap::new();
        for (id, purchase) in self.folding.all() {
            let after = self.members.get(&id.0).and_then(Member::again_after).unwrap_or(Moment::NEVER);
            begun.extend(purchase.numbers().map(|number| (number, after)));
        }
        let mut keys = Vec::new();
        for (customer, member) in self.members.iter().filter(|(customer, _)| customer.0 > 0) {
            if member.is_afresh || (member.start == Start::Head && member.merged_numbers.is_empty()) {
                continue;
            }
            for number in member.numbers() {
                let after = begun.get(&number).copied().unwrap_or(Moment::EARLIEST);
                let kinds = [TermKind::Transaction, TermKind::Order].map(|kind| i64::from(kind.number()));
                keys.extend(kinds.map(|kind| row![*customer, kind, number, after]));
            }
        }
        self.terms = terms_since(conn, &keys)?;
        Ok(())
    }
}

type CustomerColumns = (
    (BigInt, Nullable<BigInt>, Text, Text, BigInt, Nullable<Text>, Nullable<Text>, Nullable<Text>),
    (BigInt, Nullable<BigInt>, BigInt, BigInt, BigInt, BigInt, BigInt, Bool),
    (Nullable<Text>, Nullable<Text>, Bool, Bool, Bool, BigInt, BigInt),
    (Nullable<BigInt>, Nullable<Text>),
);
type CustomerRow = (
    (CustomerId, Option<Moment>, String, String, i64, Option<String>, Option<String>, Option<String>),
    (i64, Option<Moment>, Moment, i64, i64, i64, i64, bool),
    (Option<String>, Option<String>, bool, bool, bool, i64, i64),
    (Option<i64>, Option<String>),
);

/// What is stored of customers.
pub fn customers_of(conn: &mut Conn, keys: &[Row]) -> QueryResult<Vec<(CustomerId, Member)>> {
    const KEY: &[Column] = &[("id", Kind::Integer)];
    let columns = "customers.id, last_seen_at, original_app_user_id, best_app_user_id, ids_count, display_name, email,
        event_country, events_count, first_event_at, active_at, spent_micros, customers.payments, refunds,
        prices_missing, family_shared_only, latest, status_purchase, is_subscriber, made_one_time, made_sandbox,
        subscribed_until, granted_until, progress.purchases, progress.body";
    let from =
        "given JOIN customers ON customers.id = given.id LEFT JOIN progress ON progress.customer_id = customers.id";
    let rows = many::joined::<CustomerColumns, CustomerRow>(conn, (columns, from), KEY, keys)?;
    Ok(rows.into_iter().map(member).collect())
}

fn member((own, sums, lists, (purchases, progress)): CustomerRow) -> (CustomerId, Member) {
    let (customer, last_seen_at, original, best, ids, display_name, email, country) = own;
    let (events, first_event_at, active_at, net, payments, refunds, prices_missing, is_family_shared_only) = sums;
    let (latest, status, is_subscriber, made_one_time, made_sandbox, subscribed_until, granted_until) = lists;
    let totals = Totals {
        spent: Revenue { net: Micros(net), payments, refunds, prices_missing },
        is_family_shared_only,
        latest,
        status,
        is_subscriber,
        made_one_time,
        made_sandbox,
        subscribed_until,
        granted_until,
    };
    let columns =
        Columns { original, best, ids, display_name, email, country, events, first_event_at, active_at, totals };
    let stored_columns = columns.clone();
    let stored_progress = progress;
    let read = stored_progress.as_deref().and_then(|body| serde_json::from_str::<Progress>(body).ok());
    // Without progress nothing was derived yet, or by a version that did not keep it.
    let is_afresh = read.is_none();
    let progress = read.unwrap_or_else(Progress::new);
    let purchases = purchases.unwrap_or_default();
    let member = Member {
        is_new: false,
        columns,
        stored_columns,
        stored_progress,
        progress,
        last_seen_at,
        is_afresh,
        purchases,
        ..Member::new()
    };
    (customer, member)
}

type PurchaseColumns = (BigInt, BigInt, BigInt, Text, Text);
type PurchaseRow = (CustomerId, i64, i64, String, String);
type Found = (CustomerId, Stored);
const PURCHASE: &str = "purchases.customer_id, purchases.born, purchases.changed, purchases.numbers, purchases.body";

fn found(rows: Vec<PurchaseRow>) -> Vec<Found> {
    let one = |(customer, born, changed, numbers, body): PurchaseRow| {
        Some((customer, Stored { age: Age { born, changed }, purchase: read(&body, &numbers)? }))
    };
    rows.into_iter().filter_map(one).collect()
}

/// Those that began before a checkpoint.
fn whole_purchases(conn: &mut Conn, customers: &[Row]) -> QueryResult<Vec<Found>> {
    const KEY: &[Column] = &[("customer_id", Kind::Integer), ("number", Kind::Integer)];
    let born = "given JOIN purchases ON purchases.customer_id = given.customer_id AND purchases.born < given.number";
    Ok(found(many::joined::<PurchaseColumns, _>(conn, (PURCHASE, born), KEY, customers)?))
}

fn named_purchases(conn: &mut Conn, keys: &[Row]) -> QueryResult<Vec<Found>> {
    const KEY: &[Column] = &[("customer_id", Kind::Integer), ("environment", Kind::Text), ("key", Kind::Text)];
    Ok(found(many::select::<PurchaseColumns, _>(conn, (PURCHASE, "purchases"), KEY, keys, "")?))
}

/// Those that have changed since a checkpoint, and those that events of others may change after a time.
fn changed_purchases(conn: &mut Conn, keys: &[Row]) -> QueryResult<Vec<Found>> {
    const KEY: &[Column] = &[("customer_id", Kind::Integer), ("number", Kind::Integer), ("first", Kind::Integer)];
    let changed = "given JOIN purchases ON purchases.customer_id = given.customer_id
        AND purchases.changed >= given.number";
    let dependent = "given JOIN purchases ON purchases.customer_id = given.customer_id
        AND purchases.depends_until >= given.first";
    let mut rows = many::joined::<PurchaseColumns, _>(conn, (PURCHASE, changed), KEY, keys)?;
    rows.extend(many::joined::<PurchaseColumns, _>(conn, (PURCHASE, dependent), KEY, keys)?);
    Ok(found(rows))
}

/// As they were at checkpoints since this one; `only_first`: of each purchase only at the first of them.
fn former_purchases(conn: &mut Conn, keys: &[Row], only_first: bool) -> QueryResult<Vec<(CustomerId, Former)>> {
    const KEY: &[Column] = &[("customer_id", Kind::Integer), ("number", Kind::Integer)];
    type Columns = (BigInt, BigInt, BigInt, BigInt, Text, Text);
    type Read = (CustomerId, i64, i64, i64, String, String);
    let columns = "former_purchases.customer_id, checkpoint, born, changed, numbers, body";
    let all = "given JOIN former_purchases ON former_purchases.customer_id = given.customer_id
        AND former_purchases.checkpoint >= given.number";
    let first = "(SELECT since.customer_id AS holder, since.environment AS view, since.key AS named,
        min(since.checkpoint) AS number FROM given JOIN former_purchases AS since
        ON since.customer_id = given.customer_id AND since.checkpoint >= given.number
        GROUP BY since.customer_id, since.environment, since.key) AS first
        JOIN former_purchases ON former_purchases.customer_id = first.holder
        AND former_purchases.checkpoint = first.number AND former_purchases.environment = first.view
        AND former_purchases.key = first.named";
    let from = if only_first { first } else { all };
    let rows = many::joined::<Columns, Read>(conn, (columns, from), KEY, keys)?;
    let former = |(customer, checkpoint, born, changed, numbers, body): Read| {
        let purchase = read(&body, &numbers)?;
        Some((customer, Former { checkpoint, age: Age { born, changed }, purchase }))
    };
    Ok(rows.into_iter().filter_map(former).collect())
}

type PaymentColumns = (BigInt, BigInt, BigInt, BigInt, BigInt, SmallInt, Nullable<BigInt>);
type PaymentRow = (CustomerId, Moment, EventId, EventId, i64, PaymentKind, Option<i64>);
const PAYMENT: &str = "payments.customer_id, payments.at, event_id, purchase, payments.transaction_key, kind, amount";

fn payment((customer, at, event, purchase, transaction, kind, amount): PaymentRow) -> (CustomerId, Payment) {
    let (transaction, amount) = (TransactionKey(transaction), amount.map(Micros));
    (customer, Payment { event, purchase, transaction, at, kind, amount })
}

fn payments_of(conn: &mut Conn, keys: &[Row]) -> QueryResult<Vec<(CustomerId, Payment)>> {
    const KEY: &[Column] = &[("customer_id", Kind::Integer), ("transaction_key", Kind::Integer)];
    let rows = many::select::<PaymentColumns, PaymentRow>(conn, (PAYMENT, "payments"), KEY, keys, "")?;
    Ok(rows.into_iter().map(payment).collect())
}

fn payments_of_events(conn: &mut Conn, keys: &[Row]) -> QueryResult<Vec<(CustomerId, Payment)>> {
    const KEY: &[Column] = &[("customer_id", Kind::Integer), ("at", Kind::Integer), ("event_id", Kind::Integer)];
    let rows = many::select::<PaymentColumns, PaymentRow>(conn, (PAYMENT, "payments"), KEY, keys, "")?;
    Ok(rows.into_iter().map(payment).collect())
}
