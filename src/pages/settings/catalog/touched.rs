//! How many customers a product or an entitlement affects. Counting stops at a limit, so that a page costs the same
//! for ten customers and for a million.

use std::collections::HashMap;
use std::fmt;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};

use crate::base::clock::Moment;
use crate::base::ids::{CustomerId, ProjectId};
use crate::db::schema::{customers, purchases};
use crate::db::{Both, Conn};
use crate::operations::grants::{CUSTOM, Preset};
use crate::wording::text::{capitalised, count};

/// How many purchases are read for each product or entitlement.
const MOST_READ: i64 = 5_000;

/// A number of customers. There may be more when there are more purchases than the limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Touched {
    pub customers: i64,
    pub is_more: bool,
}

impl fmt::Display for Touched {
    /// `137`, `912+`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.customers, if self.is_more { "+" } else { "" })
    }
}

impl Touched {
    /// `137 customers`, `at least 912 customers`
    pub fn count_in_words(self) -> String {
        let number = count(self.customers, "customer", "customers");
        if self.is_more { format!("at least {number}") } else { number }
    }

    /// The beginning of a sentence: `Nobody has`, `137 customers have`.
    pub fn have(self) -> String {
        match (self.customers, self.is_more) {
            (0, false) => "Nobody has".into(),
            (1, false) => "1 customer has".into(),
            _ => format!("{} have", capitalised(&self.count_in_words())),
        }
    }

    /// Decodes what [`COUNT_SQL`] selects: twice the number of customers, plus one where not all purchases were read.
    /// A subquery returns one column only, so this number holds both.
    fn counted_by(number: i64) -> Touched {
        Touched { customers: number / 2, is_more: number % 2 == 1 }
    }
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = Text)]
    store: String,
    #[diesel(sql_type = Text)]
    identifier: String,
    #[diesel(sql_type = BigInt)]
    touched: i64,
}

/// For each product, by store and id, how many customers have bought it, in the sandbox as well.
pub fn by_products(conn: &mut Conn, project: ProjectId) -> QueryResult<HashMap<(String, String), Touched>> {
    let sql = format!(
        "SELECT p.store, p.identifier, (
            SELECT {COUNT_SQL} FROM (
                SELECT u.customer_id, u.store FROM purchases u WHERE u.product_id = p.identifier LIMIT {}
            ) AS seen LEFT JOIN customers c
                ON c.id = seen.customer_id AND c.project_id = p.project_id AND seen.store = p.store
        ) AS touched FROM products p WHERE p.project_id = $1",
        MOST_READ + 1,
    );
    let counted: Vec<Counted> = Both(sql_query(sql).bind::<BigInt, _>(project)).load(conn)?;
    Ok(counted.into_iter().map(|one| ((one.store, one.identifier), Touched::counted_by(one.touched))).collect())
}

/// For each entitlement, how many customers have it now, by a product attached to it or by a grant. A product attached
/// to nothing may give it too when its events name it, but is not counted.
pub fn by_entitlements(conn: &mut Conn, project: ProjectId, now: Moment) -> QueryResult<HashMap<String, Touched>> {
    let words: Vec<String> = Preset::ALL.iter().map(|preset| preset.word()).chain([CUSTOM]).map(granted).collect();
    let sql = format!(
        "SELECT '' AS store, e.identifier, (
            SELECT {COUNT_SQL} FROM (
                SELECT u.customer_id FROM (
                    SELECT a.product FROM entitlement_products a
                        WHERE a.project_id = e.project_id AND a.entitlement = e.identifier
                    UNION ALL {}
                ) AS given INNER JOIN purchases u ON u.product_id = given.product AND u.ends_at > $1 LIMIT {}
            ) AS seen LEFT JOIN customers c ON c.id = seen.customer_id AND c.project_id = e.project_id
        ) AS touched FROM entitlements e WHERE e.project_id = $2",
        words.join(" UNION ALL "),
        MOST_READ + 1,
    );
    // SQLite binds values in the order in which their placeholders appear in the text.
    let query = sql_query(sql).bind::<BigInt, _>(now.millis()).bind::<BigInt, _>(project);
    let counted: Vec<Counted> = Both(query).load(conn)?;
    Ok(counted.into_iter().map(|one| (one.identifier, Touched::counted_by(one.touched))).collect())
}

/// Counts the customers of the purchases that were read; [`Touched::counted_by`] decodes it.
const COUNT_SQL: &str = "COUNT(DISTINCT c.id) * 2 + CASE WHEN COUNT(*) > 5000 THEN 1 ELSE 0 END";

/// Selects the product id of an entitlement's grants of this duration (§7.2).
fn granted(word: &str) -> String {
    format!("SELECT 'rc_promo_' || e.identifier || '_{word}'")
}

/// How many customers bought this product: ever, or with an end after `since`.
pub fn by_product(conn: &mut Conn, project: ProjectId, product: &str, since: Option<Moment>) -> QueryResult<Touched> {
    let since = since.unwrap_or(Moment::EARLIEST).millis();
    let mut found: Vec<(ProjectId, CustomerId)> = purchases::table
        .inner_join(customers::table.on(customers::id.eq(purchases::customer_id)))
        .filter(purchases::product_id.eq(product).and(purchases::ends_at.gt(since)))
        .select((customers::project_id, customers::id))
        .limit(MOST_READ + 1)
        .load(conn)?;
    let is_more = i64::try_from(found.len()).unwrap_or(i64::MAX) > MOST_READ;
    found.retain(|(of, _)| *of == project);
    found.sort_unstable();
    found.dedup();
    Ok(Touched { customers: i64::try_from(found.len()).unwrap_or(i64::MAX), is_more })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_shows_whether_there_may_be_more() {
        let some = Touched::counted_by(2 * 137);
        assert_eq!((some.to_string(), some.count_in_words()), ("137".into(), "137 customers".into()));
        let many = Touched::counted_by(2 * 912 + 1);
        assert_eq!((many.to_string(), many.count_in_words()), ("912+".into(), "at least 912 customers".into()));
        assert_eq!(many.have(), "At least 912 customers have");
        assert_eq!([Touched::counted_by(0).have(), Touched::counted_by(2).have()], ["Nobody has", "1 customer has"]);
        assert_eq!(Touched { customers: 1, is_more: false }.count_in_words(), "1 customer");
        assert!(COUNT_SQL.contains(&format!("> {MOST_READ} ")));
    }
}
