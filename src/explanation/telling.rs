//! Which sentences are written to the customer. `answers/` has the words.

use super::Case;
use super::about::About;
use super::answers::{Answer, Day, Message};
use super::reasons::Reasoned;
use crate::projection::Purchase;

impl Reasoned<'_> {
    /// The answer to copy; `others` unlock the same.
    pub fn tell(&self, others: &[&Purchase]) -> Option<Answer> {
        let sentences = match self.purchase {
            Some(purchase) if self.case.gives_access() => {
                let about = About { reasoned: self, purchase };
                let mut sentences = about.with_access();
                sentences.extend(others.iter().filter_map(|other| self.charged_apart(other)).take(1));
                sentences.extend(about.closing());
                sentences
            }
            Some(purchase) => About { reasoned: self, purchase }.without_access(),
            None => self.tell_without_purchase(),
        };
        (!sentences.is_empty()).then_some(Answer(sentences))
    }

    /// A grant costs nothing, but a subscription beside it does.
    fn charged_apart(&self, other: &Purchase) -> Option<Message> {
        let is_charged = self.case == Case::Granted && other.is_active(self.known.now) && other.will_renew();
        let about = About { reasoned: self, purchase: other };
        is_charged.then(|| Message::ApartRenews { product: about.product(), until: about.end(), store: about.store() })
    }

    fn tell_without_purchase(&self) -> Vec<Message> {
        let moved = self.known.evidence.moved.as_ref();
        match self.case {
            Case::MovedAway => match moved.filter(|moved| self.known.act_at(moved.at).is_some()) {
                Some(moved) => vec![Message::MovedByUs { on: Day(moved.at) }],
                None => vec![Message::MovedAway {}],
            },
            Case::CameUnnamed => vec![Message::CannotConfirm {}],
            Case::UnlocksNothing => {
                let about = |purchase| About { reasoned: self, purchase }.received();
                self.newest().map(about).into_iter().collect()
            }
            Case::ProductionOnly => Vec::new(),
            Case::NeverBought if self.known.is_sandbox() => Vec::new(),
            _ => vec![Message::NoPurchase {}],
        }
    }
}
