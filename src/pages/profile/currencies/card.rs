//! The card: name, code and balance of each currency, and those of which the customer has none.

use askama::Template;
use askama::filters::HtmlSafe;
use diesel::QueryResult;

use super::queries::{self, Held};
use crate::base::Permission::AdjustBalances;
use crate::db::Conn;
use crate::pages::profile::badge::Badge;
use crate::pages::profile::visit::Visit;
use crate::web::filters;
use crate::wording::text;

#[derive(Debug, Template)]
#[template(path = "profile/currencies.html")]
pub struct Card {
    balances: Vec<Held>,
    /// Currencies of the project without a balance; empty for a person who cannot give any.
    others: Vec<Held>,
    /// The address of the dialog up to the code, which is appended to it; `None` for a person who may not change
    /// balances.
    edit: Option<String>,
    /// The sandbox badge; `None` for production data.
    mark: Option<Badge>,
    /// Why nobody can change balances here; `None` where some can, or may not anyway.
    kept: Option<&'static str>,
}

/// Why balances of the sandbox cannot be changed in a connected project.
pub const SANDBOX: &str = "RevenueCat changes balances of production only. Switch the sandbox data off to change one.";

impl HtmlSafe for Card {}

impl Card {
    /// One query. `None` when there is neither a balance in this environment nor one that the person could give.
    pub fn load(conn: &mut Conn, visit: &Visit) -> QueryResult<Option<Card>> {
        let mut all = queries::all(conn, visit.project.id, visit.customer.id, visit.environment)?;
        if let Some(as_of) = visit.as_of {
            let mut then =
                queries::balances_then(conn, (visit.project.id, visit.customer.id), visit.environment, as_of)?;
            all.iter_mut().for_each(|held| held.amount = then.remove(&held.code));
        }
        Ok(Card::new(visit, all))
    }

    fn new(visit: &Visit, all: Vec<Held>) -> Option<Card> {
        let may_edit = visit.may(AdjustBalances);
        let is_beyond = visit.is_sandbox() && visit.connected.is_some();
        let edit = (may_edit && !is_beyond).then(|| visit.dialog("currency-edit."));
        let (balances, others): (Vec<Held>, Vec<Held>) = all.into_iter().partition(|held| held.amount.is_some());
        let others = if edit.is_some() { others } else { Vec::new() };
        let mark = visit.is_sandbox().then(Badge::sandbox);
        (!balances.is_empty() || !others.is_empty()).then_some(Card {
            balances,
            others,
            edit,
            mark,
            kept: (may_edit && is_beyond).then_some(SANDBOX),
        })
    }

    fn others_count(&self) -> String {
        let count = i64::try_from(self.others.len()).unwrap_or(i64::MAX);
        format!("{} without a balance", text::count(count, "currency", "currencies"))
    }
}

impl Held {
    /// The balance as people read it: `1,260`.
    pub fn balance(&self) -> String {
        text::grouped(self.amount.unwrap_or(0))
    }

    /// The address of the dialog that changes this balance.
    fn edited_at(&self, edit: &str) -> String {
        format!("{edit}{}", text::segment(&self.code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Role;
    use crate::pages::profile::testing;

    fn held(code: &str, amount: Option<i64>) -> Held {
        Held { code: code.into(), name: format!("{code} <coins>"), amount }
    }

    #[test]
    fn each_balance_links_to_its_dialog_for_those_who_may_change_it() {
        let mut visit = testing::lena();
        let all = || vec![held("GLD", Some(1_260)), held("a&b", None)];
        let html = Card::new(&visit, all()).expect("a card").to_string();
        assert!(html.contains("dialog=currency-edit.GLD\"") && html.contains("dialog=currency-edit.a%26b\""), "{html}");
        assert!(html.contains("1,260") && html.contains("1 currency without a balance"), "{html}");
        visit.role = Role::Viewer;
        let html = Card::new(&visit, all()).expect("a card").to_string();
        assert!(!html.contains("dialog=") && !html.contains("a&#38;b"), "{html}");
    }

    #[test]
    fn without_a_balance_the_card_is_there_only_for_those_who_can_give_one() {
        let mut visit = testing::lena();
        let first = Card::new(&visit, vec![held("GLD", None)]).expect("a card").to_string();
        assert!(first.contains("No balance yet"), "{first}");
        assert!(Card::new(&visit, Vec::new()).is_none(), "the project has no currency");
        visit.role = Role::Viewer;
        assert!(Card::new(&visit, vec![held("GLD", None)]).is_none());
    }
}
