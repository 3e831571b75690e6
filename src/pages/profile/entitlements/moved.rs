//! The newest transfer of purchases between this customer and another one (§7.3).

use diesel::dsl::exists;
use diesel::prelude::*;

use crate::base::clock::Moment;
use crate::db::Conn;
use crate::db::schema::{customers, events, history, retained_events, transfer_links};
use crate::events::history::{ShownIn, Side};
use crate::events::{Damaged, Digest, EventType};
use crate::pages::profile::subject;
use crate::pages::profile::visit::Visit;
use crate::wording::sentence::{Sentence, Stamp};
use crate::wording::text::visible;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Whether the purchases left this customer; otherwise they came to this customer.
    pub is_lost: bool,
    /// An id of the other customer, if possible one that the app chose.
    other: Option<String>,
    at: Moment,
}

impl Moved {
    /// One query. It reads the history only of customers who have a transfer link, or retain events of a deleted
    /// customer.
    pub fn load(conn: &mut Conn, visit: &Visit) -> QueryResult<Option<Moved>> {
        let customer = visit.customer.id;
        let [own, both, more] = ShownIn::in_view(visit.environment).map(|views| history::environment.eq(views));
        let in_view = own.or(both).or(more);
        let linked = transfer_links::table.filter(transfer_links::customer_id.eq(customer));
        let retains = retained_events::table.filter(retained_events::customer_id.eq(customer));
        let has_partner =
            exists(linked.select(transfer_links::other_id)).or(exists(retains.select(retained_events::event_id)));
        let of_row = events::project_id.eq(visit.project.id).and(events::id.eq(history::event_id));
        let digest = events::table.filter(of_row).select(events::digest).single_value();
        let newest = || {
            history::table
                .filter(history::customer_id.eq(customer).and(in_view))
                .filter(history::kind.eq(i16::from(EventType::Transfer.number())))
                .order((history::timeline_at.desc(), history::event_at.desc(), history::tie.desc()))
                .limit(1)
        };
        let (side, digest) = (newest().select(history::side), newest().select(digest));
        let found: Option<(Option<Side>, Option<Digest>)> = customers::table
            .filter(customers::id.eq(customer).and(has_partner))
            .select((side.single_value(), digest.single_value()))
            .first(conn)
            .optional()?;
        let Some((Some(side), Some(digest))) = found else { return Ok(None) };
        let report =
            |reason| tracing::error!(customer = customer.0, %reason, "the digest of a transfer cannot be read");
        Ok(Moved::read(side, &digest).map_err(report).ok())
    }

    fn read(side: Side, digest: &Digest) -> Result<Moved, Damaged> {
        let event = digest.read()?;
        let is_lost = side == Side::Lost;
        let others = if is_lost { &event.transferred_to } else { &event.transferred_from };
        Ok(Moved { is_lost, other: others.first().cloned(), at: event.event_at })
    }

    /// The other customer's id for display, or `another customer`.
    pub fn other(&self) -> String {
        self.other.as_deref().map_or_else(|| "another customer".into(), visible)
    }

    /// The address of the other customer's profile, in the same view.
    pub fn href(&self, visit: &Visit) -> Option<String> {
        let query = if visit.is_sandbox() { "?sandbox=1" } else { "" };
        self.other.as_deref().map(|id| subject::href(&visit.project.slug, id) + query)
    }

    pub fn when(&self, now: Moment) -> Stamp {
        Stamp::short_day(self.at, now)
    }

    pub const fn lead(&self) -> &'static str {
        if self.is_lost { "Purchases moved to " } else { "Purchases came from " }
    }

    /// The end of the sentence for a customer without purchases.
    pub const fn rest(&self) -> &'static str {
        if self.is_lost { "." } else { "; no event has named them." }
    }

    /// `Purchases moved to zofia.nowak on 9 Oct.`
    pub fn sentence(&self, now: Moment) -> Sentence {
        let other = Sentence::new(self.lead()).name(self.other());
        other.words(" on ").time(self.when(now)).words(self.rest())
    }
}

#[cfg(test)]
pub fn example(is_lost: bool) -> Moved {
    let at = crate::projection::testing::NOW.plus_days(-45);
    Moved { is_lost, other: Some("zofia.nowak".into()), at }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::projection::testing::NOW;

    #[test]
    fn a_transfer_names_the_direction_the_other_customer_and_the_day() {
        let summary = |is_lost| example(is_lost).sentence(NOW).plain();
        assert_eq!(summary(true), "Purchases moved to zofia.nowak on 9 Oct.");
        assert_eq!(summary(false), "Purchases came from zofia.nowak on 9 Oct; no event has named them.");
        assert!(Moved::read(Side::Own, &Digest::from_bytes(Vec::new())).is_err());
    }
}
