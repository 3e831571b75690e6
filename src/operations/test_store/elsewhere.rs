//! A token that bought something for another customer: the project's transfer behaviour decides what happens (§9.5). A
//! holder who has only anonymous ids is the same person.

use super::{Bought, Refusal, queries};
use crate::audit::Ctx;
use crate::base::app_user_id::is_anonymous;
use crate::base::error::Error;
use crate::base::ids::CustomerId;
use crate::customers::overrides::{self, Override};
use crate::customers::{TransferBehavior, identity, state, subject};
use crate::db::Conn;
use crate::events::own::{self, Subject};
use crate::ingest;
use crate::operations::transfer::Move;

/// What happens to the other customer's purchase.
enum Decision {
    Join,
    Move,
    Refuse,
}

/// Gives the customer what the token bought for the `holder`.
pub(super) fn take_over(
    conn: &mut Conn,
    ctx: &Ctx,
    customer: CustomerId,
    holder: CustomerId,
    is_restore: bool,
) -> Result<Result<Bought, Refusal>, Error> {
    let (own, theirs) = (subject::load(conn, customer)?, subject::load(conn, holder)?);
    let decision = decide(conn, ctx, &own, &theirs, holder, is_restore)?;
    if !has_room(conn, &decision, (&own, customer), (&theirs, holder))? {
        return Ok(Err(Refusal::Crowded));
    }
    match decision {
        Decision::Refuse => Ok(Err(Refusal::InUse)),
        Decision::Join => {
            join(conn, ctx, customer, &own, &theirs, holder)?;
            Ok(Ok(Bought::Joined))
        }
        Decision::Move => {
            Move { from: holder, to: customer }.make_of_test_store(conn, ctx)?;
            Ok(Ok(Bought::Moved { from: holder, from_id: theirs.app_user_id }))
        }
    }
}

fn decide(
    conn: &mut Conn,
    ctx: &Ctx,
    own: &Subject,
    theirs: &Subject,
    holder: CustomerId,
    is_restore: bool,
) -> Result<Decision, Error> {
    if is_anonymous_only(theirs) {
        return Ok(Decision::Join);
    }
    Ok(match queries::transfer_behavior(conn, ctx.project)? {
        TransferBehavior::KeepWithOriginal => Decision::Refuse,
        TransferBehavior::TransferIfNoActive if queries::is_subscribed(conn, holder, ctx.now)? => Decision::Refuse,
        TransferBehavior::Share if is_anonymous_only(own) || is_restore => Decision::Join,
        TransferBehavior::Share => Decision::Refuse,
        TransferBehavior::TransferIfNoActive | TransferBehavior::TransferToNew => Decision::Move,
    })
}

/// Whether the two customers may become one, or be linked, by what an app has sent: anybody can have its public key.
fn has_room(
    conn: &mut Conn,
    decision: &Decision,
    (own, customer): (&Subject, CustomerId),
    (theirs, holder): (&Subject, CustomerId),
) -> Result<bool, Error> {
    let ids = i64::try_from(own.ids.len() + theirs.ids.len()).unwrap_or(i64::MAX);
    Ok(match decision {
        Decision::Join => ids <= identity::MOST_IDS,
        Decision::Move => state::count_linked(conn, [customer, holder], state::MOST_LINKED + 1)? <= state::MOST_LINKED,
        Decision::Refuse => true,
    })
}

/// Merges the two by an event of Dossier's own, so that the history shows it. The override of the customer with an
/// identified id stays (§8).
fn join(
    conn: &mut Conn,
    ctx: &Ctx,
    customer: CustomerId,
    own: &Subject,
    theirs: &Subject,
    holder: CustomerId,
) -> Result<(), Error> {
    let named = if is_anonymous_only(own) && !is_anonymous_only(theirs) { holder } else { customer };
    let kept = overrides::queries::find(conn, named)?.filter(|set| !set.is_end_recorded);
    let both = Subject {
        app_user_id: own.app_user_id.clone(),
        original: theirs.original.clone(),
        ids: vec![own.app_user_id.clone(), theirs.app_user_id.clone()],
    };
    if !ingest::append(conn, ctx, &[own::aliased(&both, ctx.now)?])? {
        return Err(Error::Internal("the event of a merge was not stored: its id exists already".into()));
    }
    let merged = identity::find(conn, ctx.project, &own.app_user_id)?.ok_or(Error::NotFound)?;
    match kept {
        Some(kept) => Ok(overrides::queries::put(conn, &Override { customer_id: merged, ..kept })?),
        None => Ok(()),
    }
}

fn is_anonymous_only(subject: &Subject) -> bool {
    subject.ids.iter().all(|id| is_anonymous(id))
}
