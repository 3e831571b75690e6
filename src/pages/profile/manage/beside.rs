//! How much is held on a customer in the tables beside their ids, events, purchases and attributes: one row per table
//! says how deleting counts it, and in which words.

use diesel::dsl::{count, count_star};
use diesel::prelude::*;

use crate::base::ids::CustomerId;
use crate::db::Conn;
use crate::db::schema::*;
use crate::wording::text::count as words;

/// The line in which a number stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// Beside the attributes.
    Written,
    Other,
}

/// Declares [`Beside`]: for each field the line in which its number stands, the table whose rows are counted, how, and
/// the words.
macro_rules! beside {
    ($($field:ident $line:ident: $table:ident, $count:expr, $words:expr;)+) => {
        /// How much is held on a customer beside their ids, events, purchases and attributes.
        #[derive(Debug, Clone, Default)]
        pub struct Beside {
            $(pub $field: i64,)+
            /// The number of customers to whom or from whom purchases were transferred.
            pub partners: i64,
        }

        #[derive(Queryable)]
        struct Counts {
            $($field: Option<i64>,)+
            partners: Option<i64>,
        }

        impl Beside {
            /// One query.
            pub fn load(conn: &mut Conn, customer: CustomerId) -> QueryResult<Beside> {
                let partners = transfer_links::table.filter(transfer_links::customer_id.eq(customer));
                let counts: Counts = diesel::select((
                    $($table::table.filter($table::customer_id.eq(customer)).select($count).single_value(),)+
                    partners.select(count_star()).single_value(),
                ))
                .first(conn)?;
                Ok(Beside { $($field: counts.$field.unwrap_or(0),)+ partners: counts.partners.unwrap_or(0) })
            }

            /// What deleting erases of these, in words: `2 notes`.
            pub fn in_words(&self, line: Line) -> Vec<String> {
                let all: Vec<(Line, i64, fn(i64) -> String)> = vec![$((Line::$line, self.$field, $words),)+];
                let some = all.into_iter().filter(|(of, number, _)| *of == line && *number > 0);
                some.map(|(_, number, words)| words(number)).collect()
            }

            /// The number of all rows that deleting erases of these.
            pub fn total(&self) -> i64 {
                [$(self.$field,)+].into_iter().sum()
            }
        }
    };
}

beside! {
    notes Written: notes, count_star(), |number| words(number, "note", "notes");
    overrides Other: offering_overrides, count_star(), |_| "the offering override".into();
    balances Other: balances, count(balances::code).aggregate_distinct(),
        |number| words(number, "currency balance", "currency balances");
    requests Other: requests, count_star(), |number| words(number, "request to a store", "requests to stores");
    experiments Other: experiments, count_star(),
        |number| words(number, "experiment enrolment", "experiment enrolments");
}
