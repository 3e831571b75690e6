//! The balances of virtual currencies, of both environments.

use diesel::prelude::*;
use serde::Serialize;

use super::Section;
use crate::db::Conn;
use crate::db::schema::balances;
use crate::pages::profile::visit::Visit;

#[derive(Debug, Serialize)]
pub struct Balance {
    pub environment: String,
    pub code: String,
    pub name: String,
    pub amount: i64,
}

impl Section for Balance {
    type Field = Vec<Balance>;

    const TITLE: &'static str = "Currencies";
    const HEADS: &'static [&'static str] = &["Code", "Name", "Environment", "Balance"];

    fn load(conn: &mut Conn, visit: &Visit) -> QueryResult<Vec<Balance>> {
        let rows: Vec<(String, String, String, i64)> = balances::table
            .filter(balances::customer_id.eq(visit.customer.id))
            .select((balances::environment, balances::code, balances::name, balances::amount))
            .load(conn)?;
        let one = |(environment, code, name, amount)| Balance { environment, code, name, amount };
        Ok(rows.into_iter().map(one).collect())
    }

    fn rows(balances: &Vec<Balance>) -> Vec<Vec<String>> {
        let one =
            |one: &Balance| vec![one.code.clone(), one.name.clone(), one.environment.clone(), one.amount.to_string()];
        balances.iter().map(one).collect()
    }
}
