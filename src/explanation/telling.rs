//! What to write to the customer: short, and never a word about other people or internal ids.

use super::Case;
use super::reasons::{Reasoned, amount_of, company, was_never_paid};
use crate::base::clock::Moment;
use crate::projection::{Cause, Kind, Purchase};
use crate::stores;
use crate::wording::times;

impl Reasoned<'_> {
    /// The answer to copy, in English.
    pub fn tell(&self) -> Option<String> {
        let text = match self.purchase {
            Some(purchase) => self.tell_of(purchase)?,
            None => match self.case {
                Case::MovedAway => {
                    "Your purchases are used with another account of the app. Please log in with that account, \
                                    or choose “Restore purchases” in the app."
                        .to_owned()
                }
                Case::UnlocksNothing => {
                    let product = self.newest().map(|purchase| self.product(purchase).plain()).unwrap_or_default();
                    format!("Your purchase of {product} was received. It does not include a subscription.")
                }
                _ => {
                    "We find no purchase for this account. Please log in with the account that you bought with, choose \
                      “Restore purchases” in the app, or send us the order number from your receipt."
                        .to_owned()
                }
            },
        };
        Some(text)
    }

    fn tell_of(&self, purchase: &Purchase) -> Option<String> {
        let day = |at: Moment| times::day(at);
        let product = self.product(purchase).plain();
        let entitlement = self.entitlement.unwrap_or(&product).to_owned();
        let end = day(purchase.expires_at.unwrap_or(Moment::NEVER));
        let last = day(purchase.access_ends_at());
        let company = company(purchase);
        let store = stores::spoken(purchase.store.as_ref());
        let failed = purchase.billing_issue_at.map(|at| format!(" on {}", day(at))).unwrap_or_default();
        let could_not = format!("{} could not charge you{failed}", crate::wording::text::capitalised(&company));
        Some(match self.case {
            Case::Renewing | Case::Introductory if purchase.is_family_share => {
                format!("You can use {entitlement} through Family Sharing until {end}, and it renews then.")
            }
            Case::Renewing | Case::Introductory => {
                format!("You can use {entitlement}: {product} is paid until {end} and renews then.")
            }
            Case::Pausing => {
                format!("You can use {entitlement} until {end}. Then your subscription pauses, as it was set to.")
            }
            Case::Trial => format!(
                "Your free trial of {product} runs until {end}. You will be charged then, unless you cancel before in {store}."
            ),
            Case::TrialEnding => {
                format!("Your free trial of {product} runs until {end}. Renewal is off, so nothing will be charged.")
            }
            Case::Ending => format!(
                "You can use {entitlement} until {end}. Renewal is off, so it ends then; to keep it, switch renewal on in {store}."
            ),
            Case::BeingReplaced => format!("You can use {entitlement} until {end}."),
            Case::Prepaid => {
                format!("You can use {entitlement} until {end}. It does not renew by itself; you can top it up.")
            }
            Case::ChargeFailed | Case::Grace | Case::GraceInTrial => format!(
                "{could_not}. You can use {entitlement} until {last}; please update your payment method in {store} before."
            ),
            Case::Granted if purchase.is_lifetime(self.known.now) => {
                format!("We have given you {entitlement} for good.")
            }
            Case::Granted => format!("We have given you {entitlement} until {last}. Nothing is charged for it."),
            Case::Owned => format!(
                "You own {product}; it does not expire. If the app does not show it, choose “Restore purchases” there."
            ),
            Case::OwnedForATime => format!("You can use {entitlement} until {end}. It does not renew."),
            Case::Temporary | Case::TemporaryUnnamed => {
                "Your purchase is not confirmed yet. You do not need to buy again; we will write to you when it is."
                    .to_owned()
            }
            Case::RefundedWithAccess => {
                format!("{} was given back to you, and you can use {entitlement} until {last}.", self.money(purchase))
            }
            Case::Retrying => format!(
                "{could_not}, so {entitlement} is not available now. Please update your payment method in {store}; access then \
                 comes back by itself."
            ),
            Case::Paused => format!("Your subscription is paused. You can resume it in {store} at any time."),
            Case::Refunded => format!(
                "{} was given back to you on {}, and access ended. You can {} again in the app.",
                self.money(purchase),
                day(purchase.refunded_at.unwrap_or(purchase.access_ends_at())),
                if purchase.kind == Kind::OneTime { "buy it" } else { "subscribe" },
            ),
            Case::RefundedAndRenewing => format!(
                "{} was given back to you, and access ended. Renewal is still on: please switch it off in {store} if you do not \
                 want to be charged again.",
                self.money(purchase),
            ),
            Case::TrialOver if was_never_paid(purchase) => format!(
                "Your free trial of {product} ended on {last}. You were not charged. You can subscribe in the app at any time."
            ),
            Case::TrialOver => {
                format!("Your free trial of {product} ended on {last}. You can subscribe in the app at any time.")
            }
            Case::Unpaid => format!("{could_not}, so {product} ended on {last}. You can subscribe again in the app."),
            Case::PriceDeclined => format!(
                "{product} ended on {last}, because the new price was not accepted. You can subscribe again in the app."
            ),
            Case::Replaced => "Another subscription took the place of the one you ask about.".to_owned(),
            Case::PrepaidOver => format!("The time that you paid for ended on {last}. You can buy more in the app."),
            Case::EndUnreported => format!(
                "{product} was paid until {last}, and we have not heard of a renewal. If you were charged since, please send us \
                 the order number from your receipt."
            ),
            Case::Ended => {
                format!(
                    "{product} was paid until {last} and did not renew. You can subscribe again in the app at any time."
                )
            }
            Case::GrantOver | Case::GrantRemoved => {
                format!("{entitlement}, which we gave you, ended on {last}.")
            }
            Case::TemporaryOver => {
                format!(
                    "The purchase was never confirmed by {store}. Please send us the order number from your receipt."
                )
            }
            Case::Unattached => {
                format!(
                    "Your purchase of {product} is valid. We are correcting what it unlocks, and will write to you."
                )
            }
            Case::Locked => "Test purchases give no access in this version of the app.".to_owned(),
            Case::UnlocksNothing
            | Case::MovedAway
            | Case::CameUnnamed
            | Case::SandboxOnly
            | Case::ProductionOnly
            | Case::NeverBought => return None,
        })
    }

    fn money(&self, purchase: &Purchase) -> String {
        let event = self.known.event(purchase, Cause::Refund).or_else(|| self.known.event(purchase, Cause::KeptRefund));
        event.and_then(amount_of).unwrap_or_else(|| "Your money".to_owned())
    }
}
