//! Asking RevenueCat for an act on the customer, in a project that is connected to it. Here it is carried out when RevenueCat has
//! confirmed it.

use serde::{Deserialize, Serialize};

use super::subject::Subject;
use super::undo;
use crate::actions::{ActionContext, Done};
use crate::audit::Trace;
use crate::base::Permission;
use crate::base::Permission::{
    AdjustBalances, DeleteCustomers, EditAttributes, GrantEntitlements, OverrideOffering, TransferPurchases,
};
use crate::base::error::{Error, Refusal};
use crate::base::ids::RequestId;
use crate::customers::attributes::{Stored, queries as attributes};
use crate::customers::overrides::queries as overrides;
use crate::db::Conn;
use crate::operations::grants;
use crate::operations::requests::{CustomerAsk, Problem, RefusalKind, withdraw};
use crate::pages::request_line::title;
use crate::requests::{Request, State, queries};
use crate::stores::{CustomerAct, Wanted};

/// The field by which somebody chooses that nothing is sent later when RevenueCat does not answer now.
pub const IF_AWAY: &str = "if_away";
pub const REFUSE: &str = "refuse";

/// What to ask for.
pub struct Act {
    pub act: CustomerAct,
    /// What takes it back; `None` when nothing does.
    pub inverse: Option<CustomerAct>,
    pub reason: Option<String>,
    /// Where the answer redirects to.
    pub location: String,
}

/// Stores the request; it is sent as soon as the transaction has ended. `None` in a project that is not connected: there the act
/// has to be carried out here.
///
/// # Errors
/// [`Refusal`] when the same is under way; else as [`CustomerAsk::store`].
pub fn ask(action: &mut ActionContext<'_>, subject: &Subject, wanted: Act) -> Result<Option<Done>, Error> {
    let Act { act, inverse, reason, location } = wanted;
    let can_be_undone = inverse.is_some();
    let ask = CustomerAsk {
        customer: subject.customer.id,
        app_user_id: &subject.opened_as,
        environment: subject.environment,
        act,
        inverse,
        reason,
        waits: action.typed(IF_AWAY) != Some(REFUSE),
        once: None,
    };
    let Some(asked) = ask.store(action.conn, &action.ctx)? else { return Ok(None) };
    let asked = asked.map_err(|refusal| {
        let is_stale = refusal.kind() == RefusalKind::Conflict;
        Refusal { is_stale, ..Refusal::new(refusal.field(), refusal.words()) }
    })?;
    action.asked.get_or_init(|| (action.ctx.project, asked.request));
    let message = format!("{}: asked of {}.", title(&asked.order.wanted), asked.order.asked_of());
    let trace = asked.trace.ok_or_else(|| Error::Internal("a form has no key of its own".into()))?;
    let done = Done::new(trace, message, location);
    let undo = undo::Undo::Asked(Undo { request: asked.request }.into());
    Ok(Some(if can_be_undone { done.with_undo(&undo) } else { done }))
}

/// What [`undo`] needs to know.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Undo {
    request: RequestId,
}

/// Takes a request back that was not sent; asks for the opposite of one that was carried out.
pub fn undo(action: &mut ActionContext<'_>, subject: &Subject, undo: Undo) -> Result<Done, Error> {
    let request = queries::find(action.conn, (action.ctx.project, undo.request))?.ok_or(Error::NotFound)?;
    let order = request.order().map_err(|error| Error::Internal(error.to_string()))?;
    let (Wanted::Customer(act), Some(inverse)) = (order.wanted, order.inverse) else { return Err(Error::NotFound) };
    action.permit(permission(&act))?;
    let location = subject.at(card(&act));
    match request.state {
        State::Asked | State::Waiting => take_back(action, &request, location),
        State::Confirmed => {
            if !is_still_so(action.conn, subject, &act)? {
                return Err(Refusal::new("", "It was changed meanwhile. It stays as it is.").into());
            }
            let reason = Some("undone".into());
            let wanted = Act { act: inverse, inverse: Some(act), reason, location };
            let gone = || Refusal::new("", "The project is not connected any more. Change it by hand.").into();
            ask(action, subject, wanted)?.ok_or_else(gone)
        }
        State::Sending | State::Pending | State::Unknown => {
            Err(Refusal::new("", "It is not known yet whether it was done. Undo it when it is.").into())
        }
        State::Refused | State::Withdrawn | State::Expired | State::Reversed => {
            Err(Refusal::new("", "It was not done. There is nothing to undo.").into())
        }
    }
}

fn take_back(action: &mut ActionContext<'_>, request: &Request, location: String) -> Result<Done, Error> {
    let trace: Result<Trace, Problem> = withdraw(action.conn, &action.ctx, request, Some("undone".into()))?;
    let trace = trace.map_err(|_| Refusal::new("", "It is being sent just now. Undo it when it is done."))?;
    Ok(Done::new(trace, "It is taken back: nothing was sent.", location))
}

/// Whether what was done is still in place, so that undoing it undoes nobody else's work.
fn is_still_so(conn: &mut Conn, subject: &Subject, act: &CustomerAct) -> Result<bool, Error> {
    let (customer, now) = (subject.customer.id, subject.ctx.now);
    Ok(match act {
        CustomerAct::Grant { entitlement, .. } | CustomerAct::Revoke { entitlement } => {
            let catalog = crate::catalog::queries::load(conn, subject.project.id)?;
            let running = grants::running(conn, customer, now, &catalog, std::slice::from_ref(entitlement))?;
            running.is_empty() == matches!(act, CustomerAct::Revoke { .. })
        }
        CustomerAct::Override { offering, .. } => {
            let current = overrides::find(conn, customer)?.filter(|set| !set.is_over(now));
            current.map(|set| set.offering) == *offering
        }
        CustomerAct::Attributes { values } => {
            let mut is_so = true;
            for (key, value) in values {
                let stored = attributes::find(conn, customer, key)?;
                is_so &= stored.as_ref().and_then(Stored::set) == value.as_deref();
            }
            is_so
        }
        CustomerAct::Adjust { .. } | CustomerAct::Transfer { .. } | CustomerAct::Delete { .. } => true,
    })
}

const fn permission(act: &CustomerAct) -> Permission {
    match act {
        CustomerAct::Grant { .. } | CustomerAct::Revoke { .. } => GrantEntitlements,
        CustomerAct::Override { .. } => OverrideOffering,
        CustomerAct::Attributes { .. } => EditAttributes,
        CustomerAct::Transfer { .. } => TransferPurchases,
        CustomerAct::Delete { .. } => DeleteCustomers,
        CustomerAct::Adjust { .. } => AdjustBalances,
    }
}

const fn card(act: &CustomerAct) -> &'static str {
    match act {
        CustomerAct::Grant { .. } | CustomerAct::Revoke { .. } | CustomerAct::Transfer { .. } => "entitlements",
        CustomerAct::Override { .. } => "offering",
        CustomerAct::Attributes { .. } => "attributes",
        CustomerAct::Delete { .. } => "manage",
        CustomerAct::Adjust { .. } => "currencies",
    }
}
