//! What else gives access, what would change it, and what the team can do.

use super::Case;
use super::reasons::Reasoned;
use crate::projection::{Purchase, Status};
use crate::stores::{self, ActionKind};
use crate::wording::sentence::Sentence;

/// Something that the team can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    pub act: NextAct,
    /// `Grant access until the payment works`
    pub words: String,
}

/// What it is, so that pages can link to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextAct {
    /// Give the entitlement.
    Grant,
    /// Ask the store for something about the purchase that decides.
    Store(ActionKind),
    /// Open the profile of another customer.
    Open(String),
    /// Attach the product to an entitlement.
    Attach,
    /// Look at the other environment.
    SwitchEnvironment,
    /// Something to do outside: in the console of a store.
    Outside,
}

impl NextAct {
    /// The word for programs.
    pub const fn name(&self) -> &'static str {
        match self {
            NextAct::Grant => "grant",
            NextAct::Store(kind) => kind.name(),
            NextAct::Open(_) => "open_customer",
            NextAct::Attach => "attach_product",
            NextAct::SwitchEnvironment => "switch_environment",
            NextAct::Outside => "outside",
        }
    }
}

impl Reasoned<'_> {
    /// What else unlocks the entitlement now.
    pub fn also(&self, others: &[&Purchase]) -> Vec<Sentence> {
        let now = self.known.now;
        let giving = others.iter().filter(|purchase| purchase.is_active(now));
        giving
            .map(|purchase| {
                let lead = match purchase.status(now) {
                    Status::Granted => Sentence::new("A grant"),
                    _ => self.product(purchase),
                };
                match purchase.is_lifetime(now) {
                    true => lead.words(", for good"),
                    false => lead.words(" until ").time(self.on(purchase.access_ends_at())),
                }
            })
            .collect()
    }

    /// What would give access, or end it.
    pub fn would_change(&self) -> Vec<Sentence> {
        let Some(purchase) = self.purchase else { return Vec::new() };
        let end = || self.on(purchase.access_ends_at());
        let sentence = match self.case {
            Case::Retrying => Sentence::new("A payment brings access back by itself."),
            Case::Grace | Case::GraceInTrial => {
                Sentence::new("Without a payment access ends on ").time(end()).words(".")
            }
            Case::Trial | Case::Renewing | Case::Introductory => {
                Sentence::new("Switching renewal off, or a payment that fails, ends it after ").time(end()).words(".")
            }
            Case::TrialEnding | Case::Ending => {
                Sentence::new("Switching renewal on again before ").time(end()).words(" keeps it running.")
            }
            Case::Paused => Sentence::new("Resuming it in the store brings access back."),
            Case::RefundedAndRenewing => Sentence::new("The next payment brings access back."),
            Case::Unattached => Sentence::new("Attaching the product to an entitlement gives access at once."),
            _ => return Vec::new(),
        };
        vec![sentence]
    }

    /// What the team can do, the most fitting first.
    pub fn next(&self) -> Vec<Next> {
        let grant = |words: &str| Next { act: NextAct::Grant, words: words.to_owned() };
        let ask = |kind: ActionKind, words: &str| {
            let can = self
                .purchase
                .is_some_and(|purchase| stores::capability(kind, self.known.target(purchase)).is_possible());
            can.then(|| Next { act: NextAct::Store(kind), words: words.to_owned() })
        };
        let other = self.known.evidence.moved.as_ref().and_then(|moved| moved.other.clone());
        let open = |words: &str| other.clone().map(|id| Next { act: NextAct::Open(id), words: words.to_owned() });
        let next: Vec<Option<Next>> = match self.case {
            Case::Retrying | Case::Unpaid => vec![Some(grant("Grant access until the payment works"))],
            Case::Grace | Case::GraceInTrial | Case::ChargeFailed => {
                vec![
                    ask(ActionKind::Extend, "Extend the paid time"),
                    Some(grant("Grant access beyond the grace period")),
                ]
            }
            Case::TrialEnding | Case::Ending => {
                vec![ask(ActionKind::Resume, "Switch renewal back on"), Some(grant("Grant access after the paid time"))]
            }
            Case::RefundedAndRenewing | Case::RefundedWithAccess => {
                vec![ask(ActionKind::Cancel, "Switch renewal off"), self.cancel_outside()]
            }
            Case::MovedAway => vec![open("Open the customer who has the purchases, and move them back there")],
            Case::CameUnnamed => vec![open("Open the customer who had the purchases")],
            Case::Unattached | Case::UnlocksNothing => {
                vec![Some(Next { act: NextAct::Attach, words: "Attach the product to an entitlement".into() })]
            }
            Case::SandboxOnly => {
                vec![Some(Next { act: NextAct::SwitchEnvironment, words: "Show the sandbox data".into() })]
            }
            Case::ProductionOnly => {
                vec![Some(Next { act: NextAct::SwitchEnvironment, words: "Show the real purchases".into() })]
            }
            Case::NeverBought => self.namesakes(),
            Case::TrialOver
            | Case::Ended
            | Case::PriceDeclined
            | Case::PrepaidOver
            | Case::EndUnreported
            | Case::GrantOver
            | Case::GrantRemoved
            | Case::Paused
            | Case::Refunded
            | Case::Replaced
            | Case::TemporaryOver
            | Case::TemporaryUnnamed => vec![Some(grant("Grant access"))],
            Case::Renewing
            | Case::Introductory
            | Case::Pausing
            | Case::Trial
            | Case::BeingReplaced
            | Case::Prepaid
            | Case::Granted
            | Case::Owned
            | Case::OwnedForATime
            | Case::Temporary
            | Case::Locked => Vec::new(),
        };
        next.into_iter().flatten().filter(|next| next.act != NextAct::Grant || !self.known.is_sandbox()).collect()
    }

    /// Switching renewal off where only the store's own console can do it.
    fn cancel_outside(&self) -> Option<Next> {
        let purchase = self.purchase.filter(|purchase| purchase.will_renew())?;
        let capability = stores::capability(ActionKind::Cancel, self.known.target(purchase));
        let words = capability.obstacle()?.instead.clone()?;
        Some(Next { act: NextAct::Outside, words })
    }

    /// The others with the same e-mail address: people log in with two accounts.
    fn namesakes(&self) -> Vec<Option<Next>> {
        let open = |id: &String| {
            Some(Next {
                act: NextAct::Open(id.clone()),
                words: "Open the customer with the same e-mail address".into(),
            })
        };
        self.known.evidence.namesakes.iter().take(2).map(open).collect()
    }
}
