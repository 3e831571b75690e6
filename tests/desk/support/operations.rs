//! Does something to a customer without HTTP, as pages and the API do in the end.

use dossier::audit::{Actor, Ctx};
use dossier::base::AppUserId;
use dossier::base::error::Error;
use dossier::base::ids::{ProjectId, RequestId};
use dossier::customers::identity;
use dossier::events::Environment;
use dossier::operations::erasure::{Erased, blocking, erase};
use dossier::operations::grants::{self, Given, Length, Plan, Preset, Refusal, Removed};
use dossier::operations::requests::CustomerAsk;
use dossier::operations::transfer::{self, Move};
use dossier::stores::CustomerAct;

use super::Desk;
use super::cast::SOL;
use super::customers::customer_id;

/// Grants an entitlement, or says why not. `replaces` puts it in the place of a running grant.
pub fn try_to_grant(desk: &Desk, id: &str, entitlement: &str, preset: Preset, replaces: bool) -> Result<Plan, Refusal> {
    let (ctx, customer, length) = (desk.ctx(), customer_id(desk, id), Length::Preset(preset));
    let given = desk.db.write_here(|conn| {
        let plan = grants::plan_grant(conn, &ctx, customer, entitlement, length, replaces)?;
        if let Ok(plan) = &plan {
            grants::carry_out(conn, &ctx, customer, plan)?;
        }
        Ok::<_, Error>(plan)
    });
    given.expect("it is decided")
}

/// Grants an entitlement that the customer has no grant of.
pub fn grant(desk: &Desk, id: &str, entitlement: &str, preset: Preset) -> Given {
    try_to_grant(desk, id, entitlement, preset, false).expect("it is given").given.remove(0)
}

/// Removes the grants of the same entitlement as the purchase with this key; `None` where that is no running grant.
pub fn remove_grant(desk: &Desk, id: &str, key: &str) -> Option<Vec<Removed>> {
    let (ctx, customer) = (desk.ctx(), customer_id(desk, id));
    let removed = desk.db.write_here(|conn| {
        let plan = grants::plan_removal(conn, &ctx, customer, key)?;
        plan.iter().try_for_each(|plan| grants::carry_out(conn, &ctx, customer, plan).map(drop))?;
        Ok::<_, Error>(plan.map(|plan| plan.removed))
    });
    removed.expect("it is decided")
}

/// A transfer that has not been made.
pub fn planned_transfer(desk: &Desk, from: &str, to: &str) -> Move {
    Move { from: customer_id(desk, from), to: customer_id(desk, to) }
}

/// Moves the purchases of one customer to another; returns how many.
pub fn transfer_purchases(desk: &Desk, from: &str, to: &str) -> Result<i64, transfer::Refusal> {
    let one = planned_transfer(desk, from, to);
    let made = desk.db.write_here(|conn| one.make(conn, &desk.ctx())).expect("it is stored");
    made.map(|moved| moved.purchases)
}

/// Erases the customer who has this App User ID, if anybody has it.
pub fn erase_customer(desk: &Desk, project: ProjectId, app_user_id: &str) -> Erased {
    let erased = desk.db.write_here(|conn| {
        let customer = identity::find(conn, project, app_user_id)?;
        erase(conn, &desk.ctx_in(project), &Vec::from_iter(customer))
    });
    erased.expect("the customer is erased")
}

/// Blocks an App User ID, whether or not somebody has it.
pub fn block(desk: &Desk, project: ProjectId, app_user_id: &str) -> Result<blocking::Done, blocking::Problem> {
    let id = AppUserId::parse(app_user_id).expect("an id");
    desk.db.write_here(|conn| blocking::block(conn, &desk.ctx_in(project), &id)).expect("it answers")
}

/// Asks RevenueCat for something as Sol, in a project that is connected, without sending it.
pub fn ask(desk: &Desk, id: &str, act: CustomerAct, waits: bool) -> RequestId {
    let ctx = Ctx::new(desk.project, &desk.ids, desk.clock.now(), Actor::person(SOL.id, "support"));
    let customer = customer_id(desk, id);
    let stored = desk.db.write_here(|conn| {
        conn.lock_project(desk.project)?;
        let ask = CustomerAsk {
            customer,
            app_user_id: id,
            environment: Environment::Production,
            act,
            inverse: None,
            reason: Some("asked".into()),
            waits,
            once: None,
        };
        let asked = ask.store(conn, &ctx)?.expect("the project is connected").expect("it can be asked for");
        Ok::<_, Error>(asked.request)
    });
    stored.expect("it is stored")
}
