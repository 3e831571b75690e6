//! Settling a request that a copied database held back.

use crate::requests::Request;
use crate::stores::{CustomerAct, Order, Proof, Sent, Side, StoreClient, Unread, Wanted};

/// What came of a request that was not sent from here.
const NOT_SENT: &str = "It was not sent from here, and the store does not show it. Ask again if it is still wanted.";
const UNKNOWABLE: &str = "It was not sent from here. Whether another database has sent it cannot be read. Somebody has to look, and \
                          say what came of it.";

/// What reading shows of a request. Of one that this database never sent there is nothing to compare with: what the store shows now
/// decides, whoever did it. Nothing is sent, nor sent again.
///
/// # Errors
/// [`Unread`] when the store does not answer.
pub fn prove(client: &dyn StoreClient, order: &Order, request: &Request, sent: Sent) -> Result<Proof, Unread> {
    if !request.is_unsent() {
        return client.prove(order, &request.snapshot(), sent);
    }
    let reading = client.read(order)?;
    Ok(match reading {
        reading if reading.already.is_some() => reading.already.map_or(Proof::NotYet, Proof::Done),
        reading if reading.refused.is_some() => {
            let why = reading.refused.unwrap_or_default();
            Proof::Unknowable(format!("{UNKNOWABLE} {why}"))
        }
        _ if is_shown(order) => Proof::NotDone(NOT_SENT.into()),
        _ => Proof::Unknowable(UNKNOWABLE.into()),
    })
}

/// Whether reading before anything was sent shows that it was done already.
fn is_shown(order: &Order) -> bool {
    match &order.wanted {
        _ if order.side == Side::Store => true,
        Wanted::Customer(
            CustomerAct::Grant { .. }
            | CustomerAct::Revoke { .. }
            | CustomerAct::Attributes { .. }
            | CustomerAct::Delete { .. },
        )
        | Wanted::Cancel { .. }
        | Wanted::Resume
        | Wanted::Extend { .. } => true,
        Wanted::Refund(_)
        | Wanted::Customer(CustomerAct::Override { .. } | CustomerAct::Transfer { .. } | CustomerAct::Adjust { .. }) => {
            false
        }
    }
}
