//! Finds the customer of a set of ids (§9.3). Ids that appear together in one event belong to one customer for ever.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Bool};
use sha2::{Digest, Sha256};

use super::locks::lock;
use super::merge;
use super::state::{NewId, News};
use crate::audit::Ctx;
use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, ProjectId};
use crate::base::{AppUserId, lookup_key};
use crate::db::Conn;
use crate::db::many::{self, Column, Existing, Kind, Row, Table, row};
use crate::db::schema::app_user_ids;

/// How many ids a customer may have before apps' log-ins and receipts merge no more into them. Events merge whatever they
/// name.
pub const MOST_IDS: i64 = 500;

/// Ids that were seen together, and when.
#[derive(Debug, Clone)]
pub struct Seen {
    pub ids: Vec<AppUserId>,
    pub at: Moment,
}

/// Whose the ids are.
#[derive(Debug, Default)]
pub struct Assigned {
    /// The customer of each set of ids, in the same order; `None` for a set without ids.
    pub owners: Vec<Option<CustomerId>>,
    /// Customers who are to be created, who got ids, and who were merged. Who settles it writes the new ids.
    pub news: News,
}

/// Ids that were looked up and, on PostgreSQL, locked until the transaction ends: nobody else can give them to a customer,
/// take them from one, or change the customers who have them.
#[derive(Debug, Default)]
pub struct Locked {
    known: HashMap<Vec<u8>, Known>,
    /// Ids that another transaction has locked, where this one may not wait.
    busy: HashSet<Vec<u8>>,
}

/// What is stored of an id.
#[derive(Debug, Clone, Copy)]
struct Known {
    customer: CustomerId,
    since: Moment,
    is_exact: bool,
}

impl Locked {
    /// The customer of an id that was looked up by its key; `None`, if nobody has it.
    pub fn owner_of_key(&self, key: &[u8]) -> Option<CustomerId> {
        self.known.get(key).map(|known| known.customer)
    }

    /// Whether another transaction has locked the id.
    pub fn is_busy(&self, key: &[u8]) -> bool {
        self.busy.contains(key)
    }

    /// The customer of an id that was looked up; `None`, if nobody has it.
    pub fn owner(&self, app_user_id: &str) -> Option<CustomerId> {
        self.known.get(&lookup_key(app_user_id)).map(|known| known.customer)
    }

    /// Which of these sets have ids that are busy, themselves or through other sets that share an id or a customer with
    /// them.
    pub fn busy_among(&self, seen: &[Seen]) -> Vec<bool> {
        self.families(seen).into_iter().map(|(_, is_busy)| is_busy).collect()
    }

    /// For each set a number that sets have in common which share an id or a customer, and whether any of these is busy.
    /// A set without ids has no number.
    pub fn families(&self, seen: &[Seen]) -> Vec<(Option<usize>, bool)> {
        let mut families = Families::of(seen);
        families.join_owned(&self.known);
        let is_busy = |place: usize| families.keys.get(place).is_some_and(|key| self.busy.contains(key));
        let busy: HashSet<usize> =
            (0..families.keys.len()).filter(|place| is_busy(*place)).map(|place| families.root(place)).collect();
        let family = |one: &Seen| {
            let family = families.family_of(one);
            (family, family.is_some_and(|family| busy.contains(&family)))
        };
        seen.iter().map(family).collect()
    }
}

/// Looks ids up and locks them. A transaction that may not wait leaves out those that others have locked.
pub fn lock_ids(conn: &mut Conn, project: ProjectId, seen: &[Seen]) -> QueryResult<Locked> {
    let ids = seen.iter().flat_map(|one| &one.ids);
    lock_keys(conn, project, ids.map(|id| lookup_key(id.as_str())).collect())
}

/// As [`lock_ids`], for the keys by which ids are looked up.
pub fn lock_keys(conn: &mut Conn, project: ProjectId, all: BTreeSet<Vec<u8>>) -> QueryResult<Locked> {
    let mut locked = Locked { known: known(conn, project, &all)?, busy: HashSet::new() };
    if !conn.locks_rows() {
        return Ok(locked);
    }
    let mut missing: BTreeSet<Vec<u8>> = all.into_iter().filter(|key| !locked.known.contains_key(key)).collect();
    if missing.is_empty() {
        return Ok(locked);
    }
    // Nobody has the missing ids, or somebody whose row is locked. Whoever gives an unknown id away holds its own lock.
    let taken = lock_unknown(conn, project, &missing)?;
    if conn.may_wait() {
        while !missing.is_empty() {
            locked.known.extend(known(conn, project, &missing)?);
            missing.retain(|key| !locked.known.contains_key(key));
            // Of those that are still missing some may have changed hands while this transaction waited.
            let owned = owned(conn, project, &missing)?;
            missing.retain(|key| owned.contains(key));
        }
        return Ok(locked);
    }
    locked.busy = owned(conn, project, &missing)?;
    locked.busy.extend(missing.into_iter().filter(|key| !taken.contains(key)));
    Ok(locked)
}

const ID: &[Column] = &[("project_id", Kind::Integer), ("key", Kind::Bytes)];

fn rows(project: ProjectId, keys: &BTreeSet<Vec<u8>>) -> Vec<Row> {
    keys.iter().map(|key| row![project, key]).collect()
}

/// What is stored of these ids. A writer locks the customers; one that may not wait leaves locked ones out.
fn known(conn: &mut Conn, project: ProjectId, keys: &BTreeSet<Vec<u8>>) -> QueryResult<HashMap<Vec<u8>, Known>> {
    type Columns = (Binary, BigInt, BigInt, Bool);
    type Read = (Vec<u8>, CustomerId, Moment, bool);
    let columns = "app_user_ids.key, app_user_ids.customer_id, since, is_since_exact";
    let ids = "given JOIN app_user_ids ON app_user_ids.project_id = given.project_id AND app_user_ids.key = given.key";
    let locks = match (conn.locks_rows(), conn.may_wait()) {
        (false, _) => "",
        (true, true) => LOCK,
        (true, false) => LOCK_FREE,
    };
    let from = if locks.is_empty() { ids.to_owned() } else { format!("{ids} {locks}") };
    let found = many::joined::<Columns, Read>(conn, (columns, &from), ID, &rows(project, keys))?;
    Ok(found.into_iter().map(|(key, customer, since, is_exact)| (key, Known { customer, since, is_exact })).collect())
}

/// Locks the customers of the ids, in the order in which everybody locks them.
const LOCK: &str = "JOIN customers ON customers.id = app_user_ids.customer_id ORDER BY customers.id
    FOR NO KEY UPDATE OF customers";
/// As [`LOCK`], leaving out those whom others have locked.
const LOCK_FREE: &str = "JOIN customers ON customers.id = app_user_ids.customer_id ORDER BY customers.id
    FOR NO KEY UPDATE OF customers SKIP LOCKED";

/// Which of these ids somebody has.
fn owned(conn: &mut Conn, project: ProjectId, keys: &BTreeSet<Vec<u8>>) -> QueryResult<HashSet<Vec<u8>>> {
    let found = many::select::<Binary, Vec<u8>>(conn, ("key", "app_user_ids"), ID, &rows(project, keys), "")?;
    Ok(found.into_iter().collect())
}

/// So many ids that nobody has are locked one by one. PostgreSQL has room for a few thousand locks in all.
const FEW_UNKNOWN: usize = 500;
/// For more of them all ids are locked that share one of so many groups.
const GROUPS: i64 = 256;

/// Locks ids that nobody has, by numbers that stand for them. Returns those that were locked; all, if the transaction may
/// wait. Whoever locks an id by itself shares the lock of its group, so that nobody locks the whole group meanwhile.
fn lock_unknown(conn: &mut Conn, project: ProjectId, keys: &BTreeSet<Vec<u8>>) -> QueryResult<HashSet<Vec<u8>>> {
    const NUMBERS: &[Column] = &[("number", Kind::Integer), ("project", Kind::Integer), ("in_group", Kind::Integer)];
    let number = |key: &Vec<u8>| {
        let digest = Sha256::new().chain_update(project.0.to_be_bytes()).chain_update(key).finalize();
        digest.iter().take(8).fold(0_i64, |sum, byte| (sum << 8) | i64::from(*byte))
    };
    let is_few = keys.len() <= FEW_UNKNOWN;
    let mut ids: BTreeMap<i64, Vec<&Vec<u8>>> = BTreeMap::new();
    for key in keys {
        let number = if is_few { number(key) } else { number(key).rem_euclid(GROUPS) };
        ids.entry(number).or_default().push(key);
    }
    // In the order of the numbers, so that no two transactions wait for each other. A group has two numbers of 32 bits.
    let of_project = project.0.rem_euclid(i64::from(i32::MAX));
    let rows: Vec<Row> = ids.keys().map(|number| row![*number, of_project, number.rem_euclid(GROUPS)]).collect();
    let group = "CAST(project AS INTEGER), CAST(in_group AS INTEGER)";
    let is_locked = match (conn.may_wait(), is_few) {
        (true, true) => {
            format!("pg_advisory_xact_lock_shared({group}) IS NOT NULL AND pg_advisory_xact_lock(number) IS NOT NULL")
        }
        (true, false) => format!("pg_advisory_xact_lock({group}) IS NOT NULL"),
        (false, true) => {
            format!("pg_try_advisory_xact_lock_shared({group}) AND pg_try_advisory_xact_lock(number)")
        }
        (false, false) => format!("pg_try_advisory_xact_lock({group})"),
    };
    let columns = format!("number, {is_locked}");
    let locked = many::joined::<(BigInt, Bool), (i64, bool)>(conn, (&columns, "given"), NUMBERS, &rows)?;
    let locked = locked.into_iter().filter(|(_, is_locked)| *is_locked);
    Ok(locked.filter_map(|(number, _)| ids.get(&number)).flatten().map(|key| (*key).clone()).collect())
}

/// Finds the customers of these sets of ids, and merges those who turn out to be one. A set of unknown ids gets the id of
/// a new customer, whose row the caller writes. The ids are locked.
pub fn assign(conn: &mut Conn, ctx: &Ctx, locked: &Locked, seen: &[Seen]) -> QueryResult<Assigned> {
    let mut families = Families::of(seen);
    families.join_owned(&locked.known);
    let mut assigned = Assigned::default();
    let mut owners: HashMap<usize, CustomerId> = HashMap::new();
    for (family, members) in families.members() {
        let owner = |key: &usize| Some(locked.known.get(families.keys.get(*key)?)?.customer);
        let mut owned: BTreeSet<CustomerId> = members.iter().filter_map(owner).collect();
        let is_new = owned.is_empty();
        let customer = owned.pop_first().unwrap_or_else(|| ctx.next_id());
        if is_new {
            assigned.news.new.insert(customer, Vec::new());
        }
        for other in owned {
            merge::into(conn, customer, other, &mut assigned.news)?;
            assigned.news.ids.entry(customer).or_default();
        }
        owners.insert(family, customer);
    }
    assigned.owners = seen.iter().map(|one| owners.get(&families.family_of(one)?).copied()).collect();
    note_ids(conn, ctx.project, seen, &locked.known, &mut assigned)?;
    Ok(assigned)
}

/// Stores earlier times of known ids, and tells the new ids of each customer.
fn note_ids(
    conn: &mut Conn,
    project: ProjectId,
    seen: &[Seen],
    known: &HashMap<Vec<u8>, Known>,
    assigned: &mut Assigned,
) -> QueryResult<()> {
    let mut since: BTreeMap<&AppUserId, (CustomerId, Moment)> = BTreeMap::new();
    for (one, owner) in seen.iter().zip(&assigned.owners) {
        for id in &one.ids {
            let Some(owner) = owner else { continue };
            since.entry(id).and_modify(|(_, at)| *at = one.at.min(*at)).or_insert((*owner, one.at));
        }
    }
    let Assigned { news, .. } = assigned;
    let mut earlier = Vec::new();
    for (id, (customer, at)) in since {
        let key = lookup_key(id.as_str());
        match known.get(&key) {
            Some(known) if known.is_exact || known.since <= at => {}
            Some(_) => {
                news.ids.entry(customer).or_default();
                earlier.push(row![project, key, id.as_str(), customer, at, false]);
            }
            None => {
                let new = NewId { app_user_id: id.as_str().to_owned(), since: at, is_exact: false, seen_at: None };
                let of = if news.new.contains_key(&customer) { &mut news.new } else { &mut news.ids };
                of.entry(customer).or_default().push(new);
            }
        }
    }
    // Their rows exist: to insert them again is to replace the columns.
    IDS.insert(conn, &earlier, Existing::IsReplaced)?;
    Ok(())
}

/// What of an id depends on when it was seen first.
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
    ],
};

/// Which ids belong together: each points to another of its family, or to itself.
struct Families {
    keys: Vec<Vec<u8>>,
    places: HashMap<Vec<u8>, usize>,
    parents: Vec<usize>,
}

impl Families {
    fn of(seen: &[Seen]) -> Families {
        let mut families = Families { keys: Vec::new(), places: HashMap::new(), parents: Vec::new() };
        for one in seen {
            let places: Vec<usize> = one.ids.iter().map(|id| families.place(lookup_key(id.as_str()))).collect();
            for pair in places.windows(2) {
                if let [first, second] = pair {
                    families.join(*first, *second);
                }
            }
        }
        families
    }

    fn place(&mut self, key: Vec<u8>) -> usize {
        if let Some(place) = self.places.get(&key) {
            return *place;
        }
        let place = self.keys.len();
        self.keys.push(key.clone());
        self.places.insert(key, place);
        self.parents.push(place);
        place
    }

    fn root(&self, mut place: usize) -> usize {
        while let Some(parent) = self.parents.get(place).copied().filter(|parent| *parent != place) {
            place = parent;
        }
        place
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        if let Some(parent) = self.parents.get_mut(one.max(other)) {
            *parent = one.min(other);
        }
    }

    /// Joins the ids that are of one customer already.
    fn join_owned(&mut self, known: &HashMap<Vec<u8>, Known>) {
        let mut first: HashMap<CustomerId, usize> = HashMap::new();
        for place in 0..self.keys.len() {
            let owner = self.keys.get(place).and_then(|key| known.get(key)).map(|known| known.customer);
            if let Some(owner) = owner {
                let other = *first.entry(owner).or_insert(place);
                self.join(place, other);
            }
        }
    }

    /// The ids of each family, by its root.
    fn members(&self) -> BTreeMap<usize, Vec<usize>> {
        let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        (0..self.keys.len()).for_each(|place| members.entry(self.root(place)).or_default().push(place));
        members
    }

    fn family_of(&self, seen: &Seen) -> Option<usize> {
        let first = seen.ids.first()?;
        self.places.get(&lookup_key(first.as_str())).map(|place| self.root(*place))
    }
}

/// The customer of an id; `None` when nobody has it. A writer locks the customer.
pub fn find(conn: &mut Conn, project: ProjectId, app_user_id: &str) -> QueryResult<Option<CustomerId>> {
    loop {
        let found: Option<CustomerId> = app_user_ids::table
            .filter(app_user_ids::project_id.eq(project).and(app_user_ids::key.eq(lookup_key(app_user_id))))
            .select(app_user_ids::customer_id)
            .first(conn)
            .optional()?;
        // While this transaction waited for the lock, the customer may have been merged into another one, or erased.
        match found {
            Some(customer) if conn.locks_rows() && lock(conn, [customer])?.is_empty() => {}
            found => return Ok(found),
        }
    }
}
