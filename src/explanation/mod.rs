//! Explains in words why a customer has access or not, what would change it, and what to write to them. It is pure: it reads
//! nothing but its arguments. It states what an event, the catalog or the audit log proves; what only follows from the
//! habits of stores is said as "usually".

mod about;
pub mod answers;
mod case;
mod changes;
mod charges;
mod choice;
mod clauses;
mod grants;
mod headline;
mod known;
mod next;
mod nothing;
mod reasons;
mod shown;
pub mod status_line;
mod steps;
mod telling;
#[cfg(test)]
mod tests;

pub use answers::{Answer, Language, Writing};
pub use case::Case;
pub use choice::concerned;
pub use known::Known;
pub use next::{Next, NextAct};
pub use shown::ShownAll;
pub use steps::{Mark, Step};

use crate::base::clock::Moment;
use crate::projection::{Kind, Purchase};
use crate::wording::sentence::Sentence;
use choice::{Deciding, deciding, in_order_of_importance};
use reasons::Reasoned;

/// Why a customer has an entitlement or not; or, without one, why there is no access at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// `None` where no entitlement is concerned: nothing was bought, or what was bought is attached to none.
    pub entitlement: Option<Entitlement>,
    pub case: Case,
    /// Whether the clients report access at this moment.
    pub has_access: bool,
    /// When access ends; [`Moment::NEVER`] where it does not end, `None` without access.
    pub until: Option<Moment>,
    /// The key of the purchase that decides.
    pub deciding: Option<String>,
    /// `Pro, renews on 11 Dec 2026`, `No access`
    pub headline: Sentence,
    pub reason: Sentence,
    /// The section of the rules that decides: `§6.2`.
    pub rule: &'static str,
    /// What happened, oldest first; at most five.
    pub steps: Vec<Step>,
    /// What else gives the same access.
    pub also: Vec<Sentence>,
    /// What would give access, or end it.
    pub would_change: Vec<Sentence>,
    /// What the team can do.
    pub next: Vec<Next>,
    /// What to write to the customer.
    pub tell: Option<Answer>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entitlement {
    pub identifier: String,
    /// The display name, or the identifier where there is none.
    pub name: String,
}

/// The explanations of a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanations {
    /// That of the customer as a whole.
    pub main: Explanation,
    /// Those of the other entitlements, the most important first.
    pub others: Vec<Explanation>,
}

impl Explanations {
    pub fn iter(&self) -> impl Iterator<Item = &Explanation> {
        std::iter::once(&self.main).chain(&self.others)
    }
}

/// Explains each entitlement that a purchase unlocks; where there is none, why there is nothing. Something that runs and
/// unlocks nothing comes first where nothing gives access, because it is more surprising than what ended.
pub fn explain(known: &Known<'_>) -> Explanations {
    let mut deciding = deciding(known.catalog, known.purchases, known.now);
    deciding.sort_by_key(|one| in_order_of_importance(one, known));
    let mut explained = deciding.iter().map(|one| of_entitlement(known, one)).peekable();
    let has_access = explained.peek().is_some_and(|one| one.has_access);
    let surprise =
        choice::unattached(known.catalog, known.purchases, known.now).filter(|_| !has_access).map(|purchase| {
            let case = if purchase.kind == Kind::Temporary { Case::TemporaryUnnamed } else { Case::Unattached };
            without_entitlement(known, case, Some(purchase))
        });
    let nothing = || without_entitlement(known, Case::without_purchase(known), None);
    let main = surprise.or_else(|| explained.next()).unwrap_or_else(nothing);
    Explanations { main, others: explained.collect() }
}

fn of_entitlement(known: &Known<'_>, one: &Deciding<'_>) -> Explanation {
    let own = known.case_of(one.purchase);
    let is_locked = known.locked.is_some() && own.gives_access();
    let case = if is_locked { Case::Locked } else { own };
    let entitlement = Entitlement {
        identifier: one.entitlement.clone(),
        name: known.catalog.entitlement_name(&one.entitlement).to_owned(),
    };
    let reasoned = Reasoned { known, case, purchase: Some(one.purchase), entitlement: Some(&entitlement) };
    let has_access = case.gives_access();
    Explanation {
        case,
        has_access,
        until: has_access.then(|| one.last_end(known.now)),
        deciding: Some(one.purchase.key.clone()),
        headline: reasoned.headline(),
        reason: reasoned.reason(),
        rule: case.rule(),
        steps: reasoned.steps(),
        also: reasoned.also(&one.others),
        would_change: reasoned.would_change(&one.others),
        next: reasoned.next(),
        tell: reasoned.tell(&one.others),
        entitlement: Some(entitlement),
    }
}

fn without_entitlement(known: &Known<'_>, case: Case, purchase: Option<&Purchase>) -> Explanation {
    let reasoned = Reasoned { known, case, purchase, entitlement: None };
    Explanation {
        entitlement: None,
        case,
        has_access: false,
        until: None,
        deciding: purchase.map(|purchase| purchase.key.clone()),
        headline: reasoned.headline(),
        reason: reasoned.reason(),
        rule: case.rule(),
        steps: reasoned.steps(),
        also: Vec::new(),
        would_change: reasoned.would_change(&[]),
        next: reasoned.next(),
        tell: reasoned.tell(&[]),
    }
}
