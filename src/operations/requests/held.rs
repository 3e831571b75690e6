//! Settling a request that a copied database held back.

use crate::base::clock::Moment;
use crate::requests::Request;
use crate::stores::{Order, Proof, StoreClient, Unread};

/// What came of a request that was not sent from here.
const NOT_SENT: &str = "It was not sent from here, and the store does not show it. Ask again if it is still wanted.";

/// What reading shows of a request. Of one that this database never sent there is nothing to compare with: what the store shows now
/// decides, whoever did it. It is never sent.
///
/// # Errors
/// [`Unread`] when the store does not answer.
pub fn prove(client: &dyn StoreClient, order: &Order, request: &Request, sent_at: Moment) -> Result<Proof, Unread> {
    if !request.is_unsent() {
        return client.prove(order, &request.snapshot(), sent_at);
    }
    let reading = client.read(order)?;
    Ok(reading.already.map_or_else(|| Proof::NotDone(NOT_SENT.into()), Proof::Done))
}
