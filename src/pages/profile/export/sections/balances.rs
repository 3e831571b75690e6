//! The balances of virtual currencies, of both environments.

use std::collections::BTreeMap;

use diesel::prelude::*;
use serde::Serialize;

use super::Section;
use crate::customers::AsOf;
use crate::db::Conn;
use crate::db::schema::balances;
use crate::events::Environment;
use crate::pages::profile::currencies;
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
        let rows: Vec<Row> = balances::table
            .filter(balances::customer_id.eq(visit.customer.id))
            .select((balances::environment, balances::code, balances::name, balances::amount))
            .load(conn)?;
        let rows = match visit.as_of {
            Some(as_of) => then(conn, visit, as_of, rows)?,
            None => rows,
        };
        let one = |(environment, code, name, amount)| Balance { environment, code, name, amount };
        Ok(rows.into_iter().map(one).collect())
    }

    fn rows(balances: &Vec<Balance>) -> Vec<Vec<String>> {
        let one =
            |one: &Balance| vec![one.code.clone(), one.name.clone(), one.environment.clone(), one.amount.to_string()];
        balances.iter().map(one).collect()
    }
}

/// The environment, the code, the name and the amount.
type Row = (String, String, String, i64);

/// The balances as they were.
fn then(conn: &mut Conn, visit: &Visit, as_of: AsOf, rows: Vec<Row>) -> QueryResult<Vec<Row>> {
    let mut amounts = BTreeMap::new();
    for environment in [Environment::Production, Environment::Sandbox] {
        let of = (visit.project.id, visit.customer.id);
        let then = currencies::balances_then(conn, of, environment, as_of)?;
        amounts.extend(then.into_iter().map(|(code, amount)| ((environment.as_str().to_owned(), code), amount)));
    }
    let then = |(environment, code, name, _): Row| {
        let amount = amounts.get(&(environment.clone(), code.clone())).copied()?;
        Some((environment, code, name, amount))
    };
    Ok(rows.into_iter().filter_map(then).collect())
}
