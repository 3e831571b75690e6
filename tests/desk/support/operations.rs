//! Does something to a customer without HTTP, as pages and the API do in the end.

use dossier::base::AppUserId;
use dossier::base::error::Error;
use dossier::base::ids::ProjectId;
use dossier::customers::identity;
use dossier::operations::erasure::{Erased, blocking, erase};
use dossier::operations::grants::{Given, Holder, Length, Plan, Preset, Refusal, Removed};
use dossier::operations::transfer::{self, Move};

use super::Desk;
use super::customers::customer_id;

/// Grants an entitlement, or says why not. `replaces` puts it in the place of a running grant.
pub fn try_to_grant(desk: &Desk, id: &str, entitlement: &str, preset: Preset, replaces: bool) -> Result<Plan, Refusal> {
    let (holder, length) = (holder(desk, id), Length::Preset(preset));
    let given = desk.db.write_here(|conn| {
        let plan = holder.plan_grant(conn, entitlement, length, replaces)?;
        if let Ok(plan) = &plan {
            holder.carry_out(conn, &desk.ids, plan)?;
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
    let holder = holder(desk, id);
    let removed = desk.db.write_here(|conn| {
        let plan = holder.plan_removal(conn, key)?;
        plan.iter().try_for_each(|plan| holder.carry_out(conn, &desk.ids, plan))?;
        Ok::<_, Error>(plan.map(|plan| plan.removed))
    });
    removed.expect("it is decided")
}

fn holder(desk: &Desk, id: &str) -> Holder {
    Holder { project: desk.project, customer: customer_id(desk, id), now: desk.clock.now() }
}

/// A transfer that has not been made.
pub fn planned_transfer(desk: &Desk, from: &str, to: &str) -> Move {
    let (from, to) = (customer_id(desk, from), customer_id(desk, to));
    Move { project: desk.project, from, to, now: desk.clock.now() }
}

/// Moves the purchases of one customer to another; returns how many.
pub fn transfer_purchases(desk: &Desk, from: &str, to: &str) -> Result<i64, transfer::Refusal> {
    let one = planned_transfer(desk, from, to);
    desk.db.write_here(|conn| one.make(conn, &desk.ids)).expect("it is stored")
}

/// Erases the customer who has this App User ID, if anybody has it.
pub fn erase_customer(desk: &Desk, project: ProjectId, app_user_id: &str) -> Erased {
    let erased = desk.db.write_here(|conn| {
        let customer = identity::find(conn, project, app_user_id)?;
        erase(conn, project, &Vec::from_iter(customer), desk.clock.now())
    });
    erased.expect("the customer is erased")
}

/// Blocks an App User ID, whether or not somebody has it.
pub fn block(desk: &Desk, project: ProjectId, app_user_id: &str) -> Result<blocking::Done, blocking::Problem> {
    let id = AppUserId::parse(app_user_id).expect("an id");
    let row = (desk.ids.next(desk.clock.now()), desk.clock.now());
    desk.db.write_here(|conn| blocking::block(conn, project, &id, row)).expect("it answers")
}
