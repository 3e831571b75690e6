//! Deleting and blocking. Both redirect to the list of customers, because the profile no longer exists.

use actix_web::web::Data;

use super::model::Confirmation;
use super::queries;
use crate::actions::{Act, Doing, Done};
use crate::audit::{Action, Trace};
use crate::base::error::{Error, Refusal};
use crate::db::Db;
use crate::operations::erasure::blocking::{self, Ticked};
use crate::operations::erasure::{self, cleanup};
use crate::pages::profile::acting::{Outcome, on_deletion};
use crate::pages::profile::visit::Visit;

pub async fn delete(act: Act<Confirmation>, db: Data<Db>) -> Outcome {
    let work = |doing: &mut Doing<'_>, visit: &Visit, confirmation: Confirmation| {
        let held = queries::held(doing.conn, visit)?;
        confirmation.check(&visit.opened_as, &held, visit.customer.id)?;
        let erased = erasure::erase(doing.conn, &doing.ctx, &[visit.customer.id])?;
        let message = format!("Customer deleted: {}.", erased.numbers());
        Ok(Done::new(Trace::new(Action::CustomerDeleted).about(erased.numbers()), message, list(visit)))
    };
    let answer = on_deletion(act, "manage-delete", work).await?;
    cleanup::soon(&db).await;
    Ok(answer)
}

pub async fn block(act: Act<Ticked>, db: Data<Db>) -> Outcome {
    let work = |doing: &mut Doing<'_>, visit: &Visit, ticked: Ticked| {
        ticked.check()?;
        let id = blocking::parse(&visit.opened_as).map_err(refused)?;
        let done = blocking::block(doing.conn, &doing.ctx, &id)?.map_err(refused)?;
        let message = format!("Customer blocked and deleted: {}.", done.erased.numbers());
        Ok(Done::new(Trace::new(Action::CustomerBlocked).about(done.erased.numbers()), message, list(visit)))
    };
    let answer = on_deletion(act, "manage-block", work).await?;
    cleanup::soon(&db).await;
    Ok(answer)
}

fn list(visit: &Visit) -> String {
    format!("/projects/{}/customers", visit.project.slug)
}

fn refused(problem: blocking::Problem) -> Error {
    Refusal::new("", problem.sentence()).into()
}
