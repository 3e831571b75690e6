//! Projects that are connected to an address where nobody answers, and what is asked in them.

use diesel::prelude::*;
use dossier::audit::{Actor, Ctx};
use dossier::base::Role;
use dossier::base::clock::Moment;
use dossier::base::error::Error;
use dossier::base::ids::{ProjectId, RequestId};
use dossier::db::Db;
use dossier::db::schema::connections;
use dossier::events::Environment;
use dossier::operations::requests::{Ask, Wish};
use dossier::stores::revenuecat::{Connection, Keys, queries};

use super::cast::SOL;
use super::customers::customer_id;
use super::{Desk, NOW};

/// Connects a project to an address where nobody answers.
pub fn connect(db: &Db, project: ProjectId) {
    let keys = Keys { v2: "sk_second_version".into(), v1: None };
    let connected = db.write_here(|conn| {
        let at = ("proj1", "http://127.0.0.1:1");
        let connection = Connection::new(project, at, &keys, &conn.master_keys()?, NOW)?;
        Ok::<_, Error>(queries::insert(conn, &connection)?)
    });
    connected.expect("a connection");
}

/// Whether every connection of a database is suspended; `None` without one.
pub fn suspended(db: &Db) -> Option<bool> {
    let read = db.read_here(|conn| Ok::<_, Error>(connections::table.select(connections::suspended_at).load(conn)?));
    let all: Vec<Option<Moment>> = read.expect("it reads");
    (!all.is_empty()).then(|| all.iter().all(Option::is_some))
}

/// Sol asks for the refund of a sale to Lena. It is stored, and not sent yet. The till of the Test Store stands in for the other side.
pub fn ask_for_refund(desk: &Desk, transaction: &str) -> RequestId {
    let ctx = Ctx::new(desk.project, &desk.ids, desk.clock.now(), Actor::person(SOL.id, "support"));
    let purchase = format!("TEST_STORE:{transaction}");
    let stored = desk.db.write_here(|conn| {
        conn.lock_project(desk.project)?;
        let ask = Ask {
            customer: customer_id(desk, "lena"),
            environment: Environment::Production,
            purchase: &purchase,
            wish: Wish::Refund { transaction: None, amount: None, currency: None, keeps_access: true, seen: None },
            reason: Some("asked".into()),
            role: Role::Support,
            once: None,
            may_wait: true,
            waits: true,
        };
        Ok::<_, Error>(ask.store(conn, &ctx)?.map(|asked| asked.request).ok())
    });
    let to_the_till = "UPDATE requests SET terms = replace(terms, '\"side\":\"revenue_cat\"', '\"side\":\"store\"')";
    desk.db.batch(to_the_till).expect("it is changed");
    stored.expect("it is decided").expect("it is asked")
}
