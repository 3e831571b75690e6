//! The newest transfer of purchases between this customer and another one (§7.3).

use crate::base::clock::Moment;
use crate::operations::evidence;
use crate::pages::profile::subject;
use crate::pages::profile::visit::Visit;
use crate::wording::sentence::{Sentence, Stamp};
use crate::wording::text::visible;

/// How the page names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved(evidence::Moved);

impl From<evidence::Moved> for Moved {
    fn from(moved: evidence::Moved) -> Moved {
        Moved(moved)
    }
}

impl Moved {
    /// Whether the purchases left this customer; otherwise they came to this customer.
    pub const fn is_lost(&self) -> bool {
        self.0.is_lost
    }

    /// The other customer's id for display, or `another customer`.
    pub fn other(&self) -> String {
        self.0.other.as_deref().map_or_else(|| "another customer".into(), visible)
    }

    /// The address of the other customer's profile, in the same view.
    pub fn href(&self, visit: &Visit) -> Option<String> {
        self.0.other.as_deref().map(|id| subject::href(&visit.project.slug, id) + &visit.view())
    }

    pub fn when(&self, now: Moment) -> Stamp {
        Stamp::short_day(self.0.at, now)
    }

    pub const fn lead(&self) -> &'static str {
        if self.0.is_lost { "Purchases moved to " } else { "Purchases came from " }
    }

    /// The end of the sentence for a customer without purchases.
    pub const fn rest(&self) -> &'static str {
        if self.0.is_lost { "." } else { "; we have no details of them." }
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
    Moved(evidence::Moved { is_lost, other: Some("zofia.nowak".into()), event: "moved".into(), at })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::projection::testing::NOW;

    #[test]
    fn a_transfer_names_the_direction_the_other_customer_and_the_day() {
        let summary = |is_lost| example(is_lost).sentence(NOW).plain();
        assert_eq!(summary(true), "Purchases moved to zofia.nowak on 9 Oct.");
        assert_eq!(summary(false), "Purchases came from zofia.nowak on 9 Oct; we have no details of them.");
    }
}
