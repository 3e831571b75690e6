//! What the database holds, read in one snapshot by a connection that is closed before the next kill.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel::sql_types::Text;
use dossier::base::error::Error;
use dossier::base::ids::CustomerId;
use dossier::db::schema::*;
use dossier::db::{Conn, Db};

use super::model::Effects;
use crate::support::seed::SUNDIAL_ID;

/// A customer in the database.
#[derive(Debug, Clone)]
pub struct Customer {
    pub id: CustomerId,
    pub effects: Effects,
    pub notes: i64,
    pub grants: i64,
}

/// The database, as far as the rig checks it.
#[derive(Debug, Default, Clone)]
pub struct Stored {
    /// The keys of all events.
    pub events: HashSet<Vec<u8>>,
    pub customers: BTreeMap<String, Customer>,
    /// How often each action was done to each customer, whose row it names.
    pub entries: BTreeMap<(String, String), i64>,
    /// How many ids of erased customers are remembered.
    pub tombstones: i64,
    /// What SQLite finds damaged, and references that lead nowhere.
    pub damage: Vec<String>,
}

/// Does something with the database, and waits until its file is closed. Otherwise the log would survive a kill in the
/// memory that the processes share, and no server would have to recover it.
pub fn with_database<T>(url: &str, work: impl FnOnce(&mut Conn) -> QueryResult<T>) -> T {
    let db = Db::open(url, 1).expect("the database");
    let done = db.read_here(|conn| Ok::<_, Error>(work(conn)?)).expect("it reads");
    drop(db);
    while is_open(url.trim_start_matches("sqlite:")) {
        std::thread::sleep(Duration::from_millis(1));
    }
    done
}

/// Whether this process has the file open.
fn is_open(path: &str) -> bool {
    let open = std::fs::read_dir("/proc/self/fd").expect("Linux").flatten();
    let mut files = open.filter_map(|entry| std::fs::read_link(entry.path()).ok());
    files.any(|file| file.to_str().is_some_and(|file| file.starts_with(path)))
}

/// Reads everything that is checked.
pub fn load(conn: &mut Conn) -> QueryResult<Stored> {
    let events: Vec<Vec<u8>> = events::table.select(events::event_key).load(conn)?;
    Ok(Stored {
        events: events.into_iter().collect(),
        customers: customers(conn)?,
        entries: entries(conn)?,
        tombstones: tombstones::table.count().get_result(conn)?,
        damage: damage(conn)?,
    })
}

fn customers(conn: &mut Conn) -> QueryResult<BTreeMap<String, Customer>> {
    let own = customers::table.filter(customers::project_id.eq(SUNDIAL_ID));
    let columns = (customers::original_app_user_id, customers::id, customers::events_count, customers::spent_micros);
    let rows: Vec<(String, CustomerId, i64, i64)> = own.select(columns).load(conn)?;
    let histories = history::table.group_by(history::customer_id).select((history::customer_id, count_star()));
    let histories: BTreeMap<CustomerId, i64> = histories.load(conn)?.into_iter().collect();
    let paid = payments::table.group_by(payments::customer_id).select((payments::customer_id, count_star()));
    let paid: BTreeMap<CustomerId, i64> = paid.load(conn)?.into_iter().collect();
    let bought = purchases::table.group_by((purchases::customer_id, purchases::store));
    let bought = bought.select((purchases::customer_id, purchases::store, count_star()));
    let bought: Vec<(CustomerId, String, i64)> = bought.load(conn)?;
    let noted = notes::table.group_by(notes::customer_id).select((notes::customer_id, count_star()));
    let noted: BTreeMap<CustomerId, i64> = noted.load(conn)?.into_iter().collect();
    let of = |counts: &BTreeMap<CustomerId, i64>, id| counts.get(&id).copied().unwrap_or_default();
    let mut shops: BTreeMap<(CustomerId, bool), i64> = BTreeMap::new();
    for (id, store, count) in bought {
        *shops.entry((id, store == "PROMOTIONAL")).or_default() += count;
    }
    let customer = |(name, id, events, spent_micros): (String, CustomerId, i64, i64)| {
        let purchases = shops.get(&(id, false)).copied().unwrap_or_default();
        let grants = shops.get(&(id, true)).copied().unwrap_or_default();
        let effects = Effects { events, history: of(&histories, id), payments: of(&paid, id), spent_micros, purchases };
        (name, Customer { id, effects, notes: of(&noted, id), grants })
    };
    Ok(rows.into_iter().map(customer).collect())
}

fn entries(conn: &mut Conn) -> QueryResult<BTreeMap<(String, String), i64>> {
    let own = audit_entries::table.filter(audit_entries::project_id.eq(SUNDIAL_ID));
    let counted = own.group_by((audit_entries::action, audit_entries::subject));
    let counted = counted.select((audit_entries::action, audit_entries::subject, count_star()));
    let rows: Vec<(String, String, i64)> = counted.load(conn)?;
    Ok(rows.into_iter().map(|(action, subject, count)| ((action, subject), count)).collect())
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// PostgreSQL enforces references itself, and nobody kills it here.
fn damage(conn: &mut Conn) -> QueryResult<Vec<String>> {
    if !conn.is_sqlite() {
        return Ok(Vec::new());
    }
    let whole = "SELECT integrity_check AS line FROM pragma_integrity_check WHERE integrity_check <> 'ok'
        UNION ALL SELECT 'a row of ' || \"table\" || ' refers to none of ' || parent FROM pragma_foreign_key_check";
    Ok(diesel::sql_query(whole).load::<Line>(conn)?.into_iter().map(|line| line.line).collect())
}
