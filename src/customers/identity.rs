//! Finds the customer of a set of ids (§9.3). Ids that appear together in one event belong to one customer for ever.

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;

use super::merge;
use crate::audit::Ctx;
use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, ProjectId};
use crate::base::{AppUserId, lookup_key};
use crate::customers::{Tombstones, Verdict};
use crate::db::Conn;
use crate::db::schema::{app_user_ids, customers};

/// How many keys one statement asks for.
const CHUNK: usize = 500;
/// Up to this many keys are read one by one, because the database plans that statement only once.
const FEW: usize = 6;

/// Finds, creates and merges customers by their ids. It remembers the ids it has met: what the database holds of them,
/// plus what the open transaction has changed. Valid only as long as no other process can write.
#[derive(Debug)]
pub struct Resolver {
    ctx: Ctx,
    known: HashMap<Vec<u8>, (CustomerId, Moment)>,
    /// Customers that this resolver created. They need no comparison with older rows.
    pub(super) new: BTreeSet<CustomerId>,
    /// Customers that were merged, each with the one that survives.
    merged: HashMap<CustomerId, CustomerId>,
    tombstones: Tombstones,
}

impl Resolver {
    pub fn new(ctx: &Ctx) -> Resolver {
        Resolver {
            ctx: ctx.clone(),
            known: HashMap::new(),
            new: BTreeSet::new(),
            merged: HashMap::new(),
            tombstones: Tombstones::default(),
        }
    }

    /// Reads for all ids of a transaction at once which of them are erased or blocked.
    pub fn preload<'a>(&mut self, conn: &mut Conn, ids: impl Iterator<Item = &'a str>) -> QueryResult<()> {
        self.tombstones.forget();
        self.tombstones.load(conn, self.ctx.project, ids)
    }

    /// Whether an event of these ids, generated `at`, may go to their customer.
    pub fn verdict(&mut self, conn: &mut Conn, ids: &[&str], at: Moment) -> QueryResult<Verdict> {
        self.tombstones.verdict(conn, self.ctx.project, ids, at)
    }

    /// The context in which customers are created and merged.
    pub fn ctx(&self) -> &Ctx {
        &self.ctx
    }

    pub fn project(&self) -> ProjectId {
        self.ctx.project
    }

    /// Forgets everything: call it when the transaction was rolled back.
    pub fn forget(&mut self) {
        self.known.clear();
        self.new.clear();
        self.merged.clear();
        self.tombstones.forget();
    }

    /// Whether this resolver created the customer.
    pub fn is_new(&self, customer: CustomerId) -> bool {
        self.new.contains(&customer)
    }

    /// The customer into which this one was merged, or this one itself.
    pub fn survivor_of(&self, mut customer: CustomerId) -> CustomerId {
        while let Some(into) = self.merged.get(&customer) {
            customer = *into;
        }
        customer
    }

    /// The customer of these ids, created or merged as needed; `None` without ids. `at` is when the ids were seen.
    pub fn customer_of(&mut self, conn: &mut Conn, ids: &[AppUserId], at: Moment) -> QueryResult<Option<CustomerId>> {
        self.load(conn, ids)?;
        let mut owners: BTreeSet<CustomerId> = BTreeSet::new();
        owners.extend(ids.iter().filter_map(|id| self.known.get(&lookup_key(id.as_str()))).map(|(owner, _)| *owner));
        let mut owners = owners.into_iter();
        let customer = match (owners.next(), ids.first()) {
            (Some(oldest), _) => oldest,
            (None, Some(first)) => self.create(conn, first)?,
            (None, None) => return Ok(None),
        };
        for other in owners {
            merge::into(conn, customer, other)?;
            self.known.values_mut().filter(|(owner, _)| *owner == other).for_each(|(owner, _)| *owner = customer);
            self.merged.insert(other, customer);
            self.new.remove(&other);
            self.new.remove(&customer);
        }
        for id in ids {
            self.note(conn, customer, id, at)?;
        }
        Ok(Some(customer))
    }

    /// Reads the ids that this resolver has not met before.
    fn load(&mut self, conn: &mut Conn, ids: &[AppUserId]) -> QueryResult<()> {
        let mut unknown: Vec<Vec<u8>> = ids.iter().map(|id| lookup_key(id.as_str())).collect();
        unknown.retain(|key| !self.known.contains_key(key));
        if unknown.len() <= FEW {
            return unknown.into_iter().try_for_each(|key| self.load_one(conn, key));
        }
        for chunk in unknown.chunks(CHUNK) {
            let rows: Vec<(Vec<u8>, CustomerId, Moment)> = app_user_ids::table
                .filter(app_user_ids::project_id.eq(self.ctx.project).and(app_user_ids::key.eq_any(chunk)))
                .select((app_user_ids::key, app_user_ids::customer_id, app_user_ids::since))
                .load(conn)?;
            self.known.extend(rows.into_iter().map(|(key, owner, since)| (key, (owner, since))));
        }
        Ok(())
    }

    fn load_one(&mut self, conn: &mut Conn, key: Vec<u8>) -> QueryResult<()> {
        let found: Option<(CustomerId, Moment)> = app_user_ids::table
            .filter(app_user_ids::project_id.eq(self.ctx.project).and(app_user_ids::key.eq(&key)))
            .select((app_user_ids::customer_id, app_user_ids::since))
            .first(conn)
            .optional()?;
        self.known.extend(found.map(|(owner, since)| (key, (owner, since))));
        Ok(())
    }

    fn create(&mut self, conn: &mut Conn, first: &AppUserId) -> QueryResult<CustomerId> {
        let id = self.ctx.next_id();
        let row = (
            customers::id.eq(id),
            customers::project_id.eq(self.ctx.project),
            customers::original_app_user_id.eq(first.as_str()),
            customers::best_app_user_id.eq(first.as_str()),
            (
                customers::spent_micros.eq(0),
                customers::prices_missing.eq(0),
                customers::payments.eq(0),
                customers::refunds.eq(0),
                customers::family_shared_only.eq(false),
                customers::ids_count.eq(0),
                customers::events_count.eq(0),
                customers::active_at.eq(0),
            ),
            (
                customers::is_subscriber.eq(false),
                customers::made_one_time.eq(false),
                customers::made_sandbox.eq(false),
                customers::subscribed_until.eq(i64::MIN),
                customers::granted_until.eq(i64::MIN),
            ),
        );
        diesel::insert_into(customers::table).values(row).execute(conn)?;
        self.new.insert(id);
        Ok(id)
    }

    /// Stores an id, or an earlier time at which it was seen.
    fn note(&mut self, conn: &mut Conn, customer: CustomerId, id: &AppUserId, at: Moment) -> QueryResult<()> {
        let key = lookup_key(id.as_str());
        match self.known.get_mut(&key) {
            Some((_, since)) if *since <= at => return Ok(()),
            Some((_, since)) => {
                *since = at;
                let own = app_user_ids::project_id.eq(self.ctx.project).and(app_user_ids::key.eq(&key));
                let guess = own.and(app_user_ids::is_since_exact.eq(false));
                diesel::update(app_user_ids::table.filter(guess)).set(app_user_ids::since.eq(at)).execute(conn)?;
                return Ok(());
            }
            None => {}
        }
        let row = (
            app_user_ids::project_id.eq(self.ctx.project),
            app_user_ids::key.eq(&key),
            app_user_ids::app_user_id.eq(id.as_str()),
            app_user_ids::customer_id.eq(customer),
            app_user_ids::since.eq(at),
            app_user_ids::is_since_exact.eq(false),
        );
        diesel::insert_into(app_user_ids::table).values(row).execute(conn)?;
        self.known.insert(key, (customer, at));
        Ok(())
    }
}

/// The customer of an id; `None` when nobody has it.
pub fn find(conn: &mut Conn, project: ProjectId, app_user_id: &str) -> QueryResult<Option<CustomerId>> {
    app_user_ids::table
        .filter(app_user_ids::project_id.eq(project).and(app_user_ids::key.eq(lookup_key(app_user_id))))
        .select(app_user_ids::customer_id)
        .first(conn)
        .optional()
}
