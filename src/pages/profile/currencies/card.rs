//! The card: code, name, balance.

use askama::Template;
use askama::filters::HtmlSafe;
use diesel::prelude::*;

use crate::db::Conn;
use crate::db::schema::balances;
use crate::pages::profile::badge::Badge;
use crate::pages::profile::visit::Visit;
use crate::web::filters;
use crate::wording::text;

#[derive(Debug, Template)]
#[template(path = "profile/currencies.html")]
pub struct Card {
    balances: Vec<Balance>,
    /// The sandbox badge; `None` for production data.
    mark: Option<Badge>,
}

#[derive(Debug)]
struct Balance {
    code: String,
    name: String,
    amount: String,
}

impl HtmlSafe for Card {}

impl Card {
    /// One query. `None` without a balance in this environment.
    pub fn load(conn: &mut Conn, visit: &Visit) -> QueryResult<Option<Card>> {
        let rows: Vec<(String, String, i64)> = balances::table
            .filter(balances::customer_id.eq(visit.customer.id).and(balances::environment.eq(visit.environment)))
            .select((balances::code, balances::name, balances::amount))
            .load(conn)?;
        let mut balances: Vec<Balance> = rows.into_iter().map(Balance::from).collect();
        balances.sort_by(|one, other| one.code.cmp(&other.code));
        let mark = visit.is_sandbox().then(Badge::sandbox);
        Ok((!balances.is_empty()).then_some(Card { balances, mark }))
    }
}

impl From<(String, String, i64)> for Balance {
    fn from((code, name, amount): (String, String, i64)) -> Balance {
        let name = if name.is_empty() { code.clone() } else { name };
        Balance { code, name, amount: text::grouped(amount) }
    }
}
