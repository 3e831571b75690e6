//! Writes what follows from the events that were applied: by a number of statements that does not depend on how many they
//! are.

use std::collections::{BTreeSet, HashMap};

use diesel::QueryResult;

use super::NewId;
use super::member::{Columns, Former, Key, Member, Start, Totals, numbers_text};
use super::run::Prepared;
use super::totals::{Sums, ends_of_orders};
use super::waiting::Later;
use crate::base::ids::{CustomerId, EventId, ProjectId};
use crate::base::lookup_key;
use crate::customers::contacts;
use crate::db::Conn;
use crate::db::many::{self, Column, Existing, Inserts, Kind, Row, Table, row};
use crate::events::Store;
use crate::projection::{Payment, Purchase};

impl Prepared {
    /// Writes everything that differs from what is stored, and the rows of `inserts` with it.
    pub fn write(self, conn: &mut Conn, inserts: Inserts) -> QueryResult<()> {
        self.write_and_let_wait(conn, inserts, false).map(drop)
    }

    /// As [`Prepared::write`]. Where they may `wait`, the search terms of new customers are returned.
    pub fn write_and_let_wait(mut self, conn: &mut Conn, mut inserts: Inserts, wait: bool) -> QueryResult<Later> {
        self.take_totals();
        let mut contacts = self.take_ids(conn)?;
        self.take_new_names(&mut contacts);
        self.insert_customers(&mut inserts);
        self.write_purchases(conn, &mut inserts)?;
        self.write_payments(conn, &mut inserts)?;
        self.remove_terms(conn)?;
        self.move_payments(conn, &mut inserts)?;
        let named = self.write_records(conn, &mut inserts)?;
        self.take_stored_names(conn, named, &mut contacts)?;
        let later = self.write_terms(conn, &contacts, &mut inserts, wait)?;
        self.take_ends_of_orders(conn, &mut inserts)?;
        self.update_customers(&mut inserts);
        inserts.run(conn)?;
        self.mute_yielded(conn)?;
        Ok(later)
    }

    /// Lets the events that yield to others stand in the histories without counting.
    fn mute_yielded(&self, conn: &mut Conn) -> QueryResult<()> {
        const KEY: &[Column] = &[("event_id", Kind::Integer)];
        let rows: Vec<Row> = self.yielded.iter().map(|event| row![*event]).collect();
        let mute = "UPDATE history SET is_muted = true FROM given WHERE history.event_id = given.event_id
            AND NOT history.is_muted";
        many::change(conn, KEY, &rows, mute)?;
        Ok(())
    }

    /// The customers whose rows exist or will, and what of them is stored.
    fn own(&self) -> impl Iterator<Item = (CustomerId, &Member)> {
        self.members.iter().filter(|(customer, _)| customer.0 > 0).map(|(customer, member)| (*customer, member))
    }

    /// Takes what the purchases add up to.
    pub(super) fn take_totals(&mut self) {
        for (customer, member) in self.members.iter_mut().filter(|(customer, _)| customer.0 > 0) {
            let purchases: Vec<&Purchase> = self.folding.of(*customer).map(|(_, purchase)| purchase).collect();
            let is_concerned =
                member.is_new || member.start != Start::Head || !purchases.is_empty() || !member.stored.is_empty();
            if !is_concerned {
                continue;
            }
            if member.has_all {
                member.purchases = count(purchases.len());
                member.take_sums(Sums::of(purchases.iter().copied()));
                member.take_lists(&purchases);
            } else {
                let before = Sums::of(member.stored.values().map(|stored| &stored.purchase));
                member.purchases += count(purchases.len()) - count(member.stored.len());
                member.take_difference(before, Sums::of(purchases));
            }
        }
    }

    /// Takes what lists show of customers of whom not all purchases were read, once their purchases are written.
    fn take_ends_of_orders(&mut self, conn: &mut Conn, inserts: &mut Inserts) -> QueryResult<()> {
        let many = self.own().filter(|(_, member)| !member.has_all && !member.stored.is_empty());
        let many: Vec<Row> = many.map(|(customer, _)| row![customer]).collect();
        if !many.is_empty() {
            inserts.run(conn)?;
        }
        for (customer, purchases) in ends_of_orders(conn, &many)? {
            if let Some(member) = self.members.get_mut(&customer) {
                member.take_lists(&purchases.iter().collect::<Vec<_>>());
            }
        }
        Ok(())
    }

    fn insert_customers(&self, inserts: &mut Inserts) {
        let new = self.new.keys().filter_map(|customer| Some((*customer, self.members.get(customer)?)));
        self.write_rows(new, Existing::Fails, inserts);
        let ids = self.new.iter().chain(&self.ids);
        let rows: Vec<Row> = ids.flat_map(|(customer, ids)| ids.iter().map(|id| self.id_row(*customer, id))).collect();
        inserts.add(IDS, rows, Existing::Fails);
    }

    fn id_row(&self, customer: CustomerId, id: &NewId) -> Row {
        row![self.project, lookup_key(&id.app_user_id), &id.app_user_id, customer, id.since, id.is_exact, id.seen_at]
    }

    /// Writes the rows of customers, with their last contact where it is news.
    fn write_rows<'a>(
        &self,
        members: impl Iterator<Item = (CustomerId, &'a Member)>,
        existing: Existing,
        inserts: &mut Inserts,
    ) {
        let (mut rows, mut in_contact) = (Vec::new(), Vec::new());
        for (customer, member) in members {
            let row = customer_row(customer, member, self.project);
            match member.new_contact() {
                Some(contact) => in_contact.push([row, contact.clone().row()].concat()),
                None => rows.push(row),
            }
        }
        inserts.add(CUSTOMERS, rows, existing);
        inserts.add(CUSTOMERS_AND_CONTACTS, in_contact, existing);
    }

    fn update_customers(&self, inserts: &mut Inserts) {
        let is_changed = |member: &Member| member.columns != member.stored_columns || member.new_contact().is_some();
        let changed = self.own().filter(|(_, member)| !member.is_new && is_changed(member));
        // Their rows exist: to insert them again is to replace the columns, without a join whose plan depends on the size.
        self.write_rows(changed, Existing::IsReplaced, inserts);
        let mut progress = Vec::new();
        for (customer, member) in self.own() {
            let body = serde_json::to_string(&member.progress).unwrap_or_default();
            if member.stored_progress.as_ref() != Some(&body) {
                progress.push(row![customer, member.purchases, body]);
            }
        }
        inserts.add(PROGRESS, progress, Existing::IsReplaced);
    }

    /// Writes purchases, what they were at the checkpoints, and the checkpoints.
    fn write_purchases(&self, conn: &mut Conn, inserts: &mut Inserts) -> QueryResult<()> {
        let (mut rows, mut gone, mut former, mut outdated) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (mut checkpoints, mut dropped) = (Vec::new(), Vec::new());
        for (customer, member) in self.own() {
            let mut left: BTreeSet<&Key> = member.stored.keys().collect();
            for (id, purchase) in self.folding.of(customer) {
                let key = (id.1, id.2.clone());
                left.remove(&key);
                let age = member.ages.get(&key).copied();
                let stored = member.stored.get(&key);
                if stored.is_none_or(|stored| Some(stored.age) != age || stored.purchase != *purchase) {
                    rows.push(purchase_row(customer, member, purchase));
                }
            }
            gone.extend(left.into_iter().map(|(environment, key)| row![customer, environment.as_str(), key]));
            former.extend(member.former.iter().map(|one| former_row(customer, one)));
            let old = member.outdated.iter();
            outdated.extend(old.map(|(number, (environment, key))| row![customer, *number, environment.as_str(), key]));
            checkpoints.extend(member.checkpoints.iter().map(|(number, at)| row![customer, *number, *at]));
            dropped.extend(member.dropped_from.map(|number| row![customer, number]));
        }
        PURCHASES.delete(conn, &gone)?;
        inserts.add(PURCHASES, rows, Existing::IsReplaced);
        FORMER.delete(conn, &outdated)?;
        inserts.add(FORMER, former, Existing::IsReplaced);
        let later = "DELETE FROM checkpoints WHERE (customer_id, number) IN (SELECT later.customer_id, later.number
            FROM given JOIN checkpoints AS later ON later.customer_id = given.customer_id
            AND later.number >= given.number)";
        many::change(conn, &CHECKPOINTS.columns[..2], &dropped, later)?;
        inserts.add(CHECKPOINTS, checkpoints, Existing::IsReplaced);
        Ok(())
    }

    /// Writes the payments that the events reported, each with who has its purchase now.
    fn write_payments(&self, conn: &mut Conn, inserts: &mut Inserts) -> QueryResult<()> {
        let holders = self.holders();
        let of = |payment: &Payment| holders.get(&payment.purchase).copied().filter(|holder| holder.0 > 0);
        let mut new: HashMap<EventId, (CustomerId, &Payment)> = HashMap::new();
        new.extend(self.folding.new_payments().iter().filter_map(|one| Some((one.event, (of(one)?, one)))));
        let mut gone = Vec::new();
        for (customer, before) in &self.payments {
            match new.get(&before.event) {
                Some((holder, payment)) if holder == customer && *payment == before => {
                    new.remove(&before.event);
                }
                Some(_) | None => gone.push(row![*customer, before.at, before.event]),
            }
        }
        PAYMENTS.delete(conn, &gone)?;
        let rows: Vec<Row> = new.into_values().map(|(customer, payment)| payment_row(customer, payment)).collect();
        inserts.add(PAYMENTS, rows, Existing::Fails);
        Ok(())
    }

    /// Gives payments and terms of purchases to who has them now, and removes those of purchases that nobody has.
    fn move_payments(&self, conn: &mut Conn, inserts: &mut Inserts) -> QueryResult<()> {
        let holders = self.holders();
        let (mut moved, mut gone) = (Vec::new(), Vec::new());
        for (customer, member) in self.own() {
            for number in member.numbers() {
                match holders.get(&number).filter(|holder| holder.0 > 0) {
                    Some(holder) if *holder == customer => {}
                    Some(holder) => moved.push(row![customer, number, *holder]),
                    None => gone.push(row![customer, number]),
                }
            }
        }
        const KEY: &[Column] =
            &[("customer_id", Kind::Integer), ("purchase", Kind::Integer), ("holder", Kind::Integer)];
        if !moved.is_empty() {
            // Who has them now may be new.
            inserts.run(conn)?;
        }
        for table in ["payments", "search_terms"] {
            let to_holder = format!(
                "UPDATE {table} SET customer_id = given.holder FROM given
                    WHERE {table}.customer_id = given.customer_id AND {table}.purchase = given.purchase"
            );
            many::change(conn, KEY, &moved, &to_holder)?;
        }
        PAYMENTS_OF_PURCHASE.delete(conn, &gone)?;
        TERMS_OF_PURCHASE.delete(conn, &gone)?;
        Ok(())
    }

    /// Who has each purchase, by its numbers.
    pub(super) fn holders(&self) -> HashMap<EventId, CustomerId> {
        let numbers = |purchase: &Purchase| purchase.numbers().collect::<Vec<_>>();
        self.folding
            .all()
            .flat_map(|(id, purchase)| numbers(purchase).into_iter().map(|number| (number, id.0)))
            .collect()
    }
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

const OF_CUSTOMER: [Column; 23] = [
    ("id", Kind::Integer),
    ("project_id", Kind::Integer),
    ("original_app_user_id", Kind::Text),
    ("best_app_user_id", Kind::Text),
    ("ids_count", Kind::Integer),
    ("display_name", Kind::Text),
    ("email", Kind::Text),
    ("event_country", Kind::Text),
    ("events_count", Kind::Integer),
    ("first_event_at", Kind::Integer),
    ("active_at", Kind::Integer),
    ("spent_micros", Kind::Integer),
    ("payments", Kind::Integer),
    ("refunds", Kind::Integer),
    ("prices_missing", Kind::Integer),
    ("family_shared_only", Kind::Bool),
    ("latest", Kind::Text),
    ("status_purchase", Kind::Text),
    ("is_subscriber", Kind::Bool),
    ("made_one_time", Kind::Bool),
    ("made_sandbox", Kind::Bool),
    ("subscribed_until", Kind::Integer),
    ("granted_until", Kind::Integer),
];
const CUSTOMERS: Table = Table { name: "customers", key: 1, columns: &OF_CUSTOMER };

/// With the last contact, so that the row and its entries in the indexes are written once.
const CUSTOMERS_AND_CONTACTS: Table = Table { columns: &WITH_CONTACT, ..CUSTOMERS };
const WITH_CONTACT: [Column; 32] = {
    let mut all = [("", Kind::Integer); 32];
    let (own, contact) = all.split_at_mut(OF_CUSTOMER.len());
    own.copy_from_slice(&OF_CUSTOMER);
    contact.copy_from_slice(&contacts::COLUMNS);
    all
};

/// The table of ids.
const IDS: Table = Table {
    name: "app_user_ids",
    key: 2,
    columns: &[
        ("project_id", Kind::Integer),
        ("key", Kind::Bytes),
        ("app_user_id", Kind::Text),
        ("customer_id", Kind::Integer),
        ("since", Kind::Integer),
        ("is_since_exact", Kind::Bool),
        ("seen_at", Kind::Integer),
    ],
};

/// The row of a customer.
fn customer_row(customer: CustomerId, member: &Member, project: ProjectId) -> Row {
    let Columns { original, best, ids, display_name, email, country, events, first_event_at, active_at, totals } =
        &member.columns;
    let Totals { spent, is_family_shared_only, latest, status, .. } = totals;
    row![
        customer,
        project,
        original,
        best,
        *ids,
        display_name.clone(),
        email.clone(),
        country.clone(),
        *events,
        *first_event_at,
        *active_at,
        spent.net.0,
        spent.payments,
        spent.refunds,
        spent.prices_missing,
        *is_family_shared_only,
        latest.clone(),
        status.clone(),
        totals.is_subscriber,
        totals.made_one_time,
        totals.made_sandbox,
        totals.subscribed_until,
        totals.granted_until,
    ]
}

const PROGRESS: Table = Table {
    name: "progress",
    key: 1,
    columns: &[("customer_id", Kind::Integer), ("purchases", Kind::Integer), ("body", Kind::Text)],
};

const PURCHASES: Table = Table {
    name: "purchases",
    key: 3,
    columns: &[
        ("customer_id", Kind::Integer),
        ("environment", Kind::Text),
        ("key", Kind::Text),
        ("store", Kind::Text),
        ("product_id", Kind::Text),
        ("kind", Kind::Text),
        ("names_entitlements", Kind::Bool),
        ("starts_at", Kind::Integer),
        ("ends_at", Kind::Integer),
        ("body", Kind::Text),
        ("born", Kind::Integer),
        ("changed", Kind::Integer),
        ("numbers", Kind::Text),
        ("depends_until", Kind::Integer),
    ],
};

fn purchase_row(customer: CustomerId, member: &Member, purchase: &Purchase) -> Row {
    let age = member.ages.get(&(purchase.environment, purchase.key.clone()));
    let now = member.progress.checkpoint;
    row![
        customer,
        purchase.environment.as_str(),
        &purchase.key,
        purchase.store.as_ref().map_or("", Store::as_str),
        &purchase.product_id,
        purchase.kind.as_str(),
        !purchase.entitlement_ids.is_empty(),
        purchase.period_start,
        purchase.access_ends_at(),
        purchase.to_json(),
        age.map_or(now, |age| age.born),
        age.map_or(now, |age| age.changed),
        numbers_text(purchase),
        purchase.depends_on_others_until(),
    ]
}

const FORMER: Table = Table {
    name: "former_purchases",
    key: 4,
    columns: &[
        ("customer_id", Kind::Integer),
        ("checkpoint", Kind::Integer),
        ("environment", Kind::Text),
        ("key", Kind::Text),
        ("born", Kind::Integer),
        ("changed", Kind::Integer),
        ("numbers", Kind::Text),
        ("body", Kind::Text),
    ],
};

fn former_row(customer: CustomerId, former: &Former) -> Row {
    let Former { checkpoint, age, purchase } = former;
    let (environment, key) = (purchase.environment.as_str(), &purchase.key);
    row![customer, *checkpoint, environment, key, age.born, age.changed, numbers_text(purchase), purchase.to_json()]
}

const CHECKPOINTS: Table = Table {
    name: "checkpoints",
    key: 2,
    columns: &[("customer_id", Kind::Integer), ("number", Kind::Integer), ("at", Kind::Integer)],
};

const PAYMENTS: Table = Table {
    name: "payments",
    key: 3,
    columns: &[
        ("customer_id", Kind::Integer),
        ("at", Kind::Integer),
        ("event_id", Kind::Integer),
        ("purchase", Kind::Integer),
        ("transaction_key", Kind::Integer),
        ("kind", Kind::Integer),
        ("amount", Kind::Integer),
    ],
};

fn payment_row(customer: CustomerId, payment: &Payment) -> Row {
    let Payment { event, purchase, transaction, at, kind, amount } = payment;
    row![customer, *at, *event, *purchase, transaction.0, i64::from(kind.number()), amount.map(|amount| amount.0)]
}

const OF_PURCHASE: &[Column] = &[("customer_id", Kind::Integer), ("purchase", Kind::Integer)];
const PAYMENTS_OF_PURCHASE: Table = Table { name: "payments", key: 2, columns: OF_PURCHASE };
const TERMS_OF_PURCHASE: Table = Table { name: "search_terms", key: 2, columns: OF_PURCHASE };
