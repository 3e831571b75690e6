//! Who had a purchase, from when to when, and what moved it (§7.3).

use std::collections::HashMap;

use crate::base::clock::Moment;
use crate::base::ids::EventId;
use crate::operations::trail::{Cause, Transfer};
use crate::pages::profile::visit::Visit;
use crate::projection::Purchase;
use crate::wording::sentence::{Sentence, Stamp};
use crate::wording::text::{segment, visible};

/// One of the customers who had the purchase.
#[derive(Debug)]
pub struct Owner {
    pub words: Sentence,
    /// The page of the event with which it went to the next one; `None` for who has it.
    pub href: Option<String>,
}

/// The owners of a purchase, the first one first; none where it never moved.
pub fn trail(visit: &Visit, purchase: &Purchase, transfers: &HashMap<EventId, Transfer>) -> Vec<Owner> {
    let on = |at: Moment| Stamp::short_day(at, visit.ctx.now);
    let (mut owners, mut since) = (Vec::new(), purchase.first_purchased_at);
    for one in &purchase.moves {
        let transfer = transfers.get(&one.by);
        let who = transfer.and_then(|transfer| transfer.from.as_deref());
        let who = who.map_or_else(|| Sentence::new("Another customer"), |id| Sentence::default().name(visible(id)));
        let words = who.words(", ").time(on(since)).words(" to ").time(on(one.at)).then(cause(transfer));
        let href = transfer.map(|transfer| format!("{}/events/{}", visit.href, segment(&transfer.event)));
        // The event of an older transfer is in the histories of others.
        owners.push(Owner { words, href: href.filter(|_| Some(one) == purchase.moves.last()) });
        since = one.at;
    }
    if !owners.is_empty() {
        let here = Sentence::new("This customer, since ").time(on(since));
        owners.push(Owner { words: here, href: None });
    }
    owners
}

fn cause(transfer: Option<&Transfer>) -> Sentence {
    match transfer.map(|transfer| &transfer.cause) {
        Some(Cause::Team { who, .. }) => Sentence::new("; moved by ").name(who),
        Some(Cause::Comparison) => Sentence::new("; found by comparing with RevenueCat"),
        Some(Cause::Unknown) | None => Sentence::new("; cause unknown"),
    }
}
