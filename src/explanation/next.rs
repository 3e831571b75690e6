//! What the team can do.

use super::Case;
use super::clauses::company;
use super::reasons::Reasoned;
use crate::base::clock::Moment;
use crate::projection::Purchase;
use crate::stores::{self, ActionKind};
use crate::wording::times;

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
    /// Remove the grant that decides.
    RemoveGrant,
    /// Ask the store for something about the purchase that decides.
    Store(ActionKind),
    /// Open the profile of another customer.
    Open(String),
    /// Attach the product to an entitlement.
    Attach,
    /// Look for a purchase by the number on a receipt.
    FindPurchase,
    /// Look at the settings of the project.
    Settings,
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
            NextAct::RemoveGrant => "remove_grant",
            NextAct::Store(kind) => kind.name(),
            NextAct::Open(_) => "open_customer",
            NextAct::Attach => "attach_product",
            NextAct::FindPurchase => "find_purchase",
            NextAct::Settings => "settings",
            NextAct::SwitchEnvironment => "switch_environment",
            NextAct::Outside => "outside",
        }
    }
}

impl Reasoned<'_> {
    /// What the team can do, the most fitting first.
    pub fn next(&self) -> Vec<Next> {
        let next = match self.purchase {
            Some(purchase) => self.next_of(purchase),
            None => self.next_without_purchase(),
        };
        let fits = |next: &Next| next.act != NextAct::Grant || !self.known.is_sandbox();
        next.into_iter().flatten().filter(fits).collect()
    }

    fn next_of(&self, purchase: &Purchase) -> Vec<Option<Next>> {
        let grant = |words: &str| Some(Next::new(NextAct::Grant, words));
        let after = |at: Moment| Some(Next::new(NextAct::Grant, format!("Grant access after {}", self.short(at))));
        let end = purchase.access_ends_at();
        let find = || Some(Next::new(NextAct::FindPurchase, "Find a purchase by its order number"));
        match self.case {
            Case::Retrying => {
                let words = format!("Grant access while {} tries again", company(purchase));
                vec![Some(Next::new(NextAct::Grant, words))]
            }
            Case::Grace | Case::GraceInTrial | Case::ChargeFailed => {
                vec![
                    self.ask(ActionKind::Extend, "Extend the paid time"),
                    grant("Grant access beyond the grace period"),
                ]
            }
            Case::TrialEnding => {
                vec![self.ask(ActionKind::Resume, "Switch renewal back on"), grant("Grant access after the trial")]
            }
            Case::Ending => vec![self.ask(ActionKind::Resume, "Switch renewal back on"), after(end)],
            Case::Pausing | Case::Paused => vec![grant("Grant access during the pause")],
            Case::Prepaid | Case::OwnedForATime => vec![after(end)],
            Case::RefundedWithAccess if purchase.will_renew() => {
                vec![self.ask(ActionKind::Cancel, "Switch renewal off"), self.cancel_outside()]
            }
            Case::RefundedAndRenewing => {
                let off = self.ask(ActionKind::Cancel, "Switch renewal off");
                vec![off, self.cancel_outside(), grant("Grant access")]
            }
            Case::Unattached => vec![Some(Next::new(NextAct::Attach, "Attach the product to an entitlement"))],
            Case::EndUnreported | Case::TemporaryOver | Case::TemporaryUnnamed => {
                vec![find(), grant("Grant access")]
            }
            Case::Granted if !self.known.is_sandbox() => {
                vec![Some(Next::new(NextAct::RemoveGrant, "Remove the grant"))]
            }
            Case::Locked => vec![Some(Next::new(NextAct::Settings, "Open the project’s settings"))],
            Case::GrantRemoved => vec![grant("Grant access again")],
            Case::TrialOver => vec![grant("Grant access after the trial")],
            Case::Ended
            | Case::Unpaid
            | Case::PriceDeclined
            | Case::PrepaidOver
            | Case::GrantOver
            | Case::Refunded
            | Case::Replaced => vec![grant("Grant access")],
            _ => Vec::new(),
        }
    }

    fn next_without_purchase(&self) -> Vec<Option<Next>> {
        let other = self.known.evidence.moved.as_ref().and_then(|moved| moved.other.clone());
        let open = |words: &str| other.clone().map(|id| Next::new(NextAct::Open(id), words));
        let switch = |words: &str| Some(Next::new(NextAct::SwitchEnvironment, words));
        let find = Some(Next::new(NextAct::FindPurchase, "Find a purchase by its order number"));
        match self.case {
            Case::MovedAway => vec![open("Open the customer who has the purchases, to move them back"), find],
            Case::CameUnnamed => vec![open("Open the customer who had the purchases"), find],
            Case::UnlocksNothing if self.newest().is_some_and(|newest| !self.is_consumable(newest)) => {
                vec![Some(Next::new(NextAct::Attach, "Attach the product to an entitlement"))]
            }
            Case::SandboxOnly => vec![switch("Show the sandbox data"), find],
            Case::ProductionOnly => vec![switch("Show the real purchases")],
            Case::NeverBought => self.namesakes().into_iter().chain([find]).collect(),
            _ => Vec::new(),
        }
    }

    fn short(&self, at: Moment) -> String {
        times::short_day(at, self.known.now)
    }

    /// Something that the store can do.
    fn ask(&self, kind: ActionKind, words: &str) -> Option<Next> {
        let can = |purchase| stores::capability(kind, self.known.target(purchase)).is_possible();
        self.purchase.is_some_and(can).then(|| Next::new(NextAct::Store(kind), words))
    }

    /// Switching renewal off where only the store's own console can do it.
    fn cancel_outside(&self) -> Option<Next> {
        let purchase = self.purchase.filter(|purchase| purchase.will_renew())?;
        let capability = stores::capability(ActionKind::Cancel, self.known.target(purchase));
        let words = capability.obstacle()?.instead.clone()?;
        Some(Next::new(NextAct::Outside, words))
    }

    /// The others with the same e-mail address: people log in with two accounts.
    fn namesakes(&self) -> Vec<Option<Next>> {
        let open =
            |id: &String| Some(Next::new(NextAct::Open(id.clone()), "Open the customer with the same e-mail address"));
        self.known.evidence.namesakes.iter().take(2).map(open).collect()
    }
}

impl Next {
    fn new(act: NextAct, words: impl Into<String>) -> Next {
        Next { act, words: words.into() }
    }
}
