//! Every table that holds data of customers, in one place: what happens to its rows when two customers become one, that
//! they go with the customer, and that they are vacuumed after an erasure. A test compares it with the schema, so no
//! table can be forgotten.

use diesel::QueryResult;
use diesel::connection::SimpleConnection;

use super::Conn;
use crate::base::ids::CustomerId;

/// What happens to a customer's rows when the customer is merged into another (§9.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnMerge {
    /// They go to the other customer. No two customers can have the same row.
    Move,
    /// `customers::merge` says which of two rows stays.
    Choose,
    /// They go with the customer: they are derived from the events again, or do not matter any more.
    Drop,
    /// The table has no column `customer_id`.
    NotTheirs,
}

/// Every table that holds data of customers.
pub const CUSTOMER_TABLES: &[(&str, OnMerge)] = &[
    ("app_user_ids", OnMerge::Move),
    ("attributes", OnMerge::Choose),
    ("audit_details", OnMerge::Move),
    ("balances", OnMerge::Choose),
    ("blocked_customers", OnMerge::NotTheirs),
    ("blocked_ids", OnMerge::NotTheirs),
    ("checkpoints", OnMerge::Drop),
    // It holds App User IDs, also of people who are not known yet.
    ("comparison_queue", OnMerge::NotTheirs),
    ("comparisons", OnMerge::Drop),
    ("currency_entries", OnMerge::Choose),
    ("customers", OnMerge::NotTheirs),
    ("deletion_choices", OnMerge::Drop),
    ("deletion_jobs", OnMerge::NotTheirs),
    ("delivery_attempts", OnMerge::NotTheirs),
    ("events", OnMerge::NotTheirs),
    ("experiments", OnMerge::Choose),
    ("former_purchases", OnMerge::Drop),
    ("grant_ends", OnMerge::Move),
    ("history", OnMerge::Choose),
    // Whoever is merged is listed again: what exists only here is decided once more.
    ("kept_here", OnMerge::Drop),
    ("notes", OnMerge::Move),
    ("offering_overrides", OnMerge::Choose),
    ("payments", OnMerge::Move),
    ("progress", OnMerge::Choose),
    // A project names test customers by their ids.
    ("projects", OnMerge::NotTheirs),
    ("purchases", OnMerge::Drop),
    ("rejected_deliveries", OnMerge::NotTheirs),
    ("rejected_words", OnMerge::NotTheirs),
    ("request_steps", OnMerge::NotTheirs),
    ("requests", OnMerge::Move),
    ("retained_events", OnMerge::Choose),
    ("search_terms", OnMerge::Choose),
    ("stale_customers", OnMerge::Drop),
    ("submissions", OnMerge::Move),
    ("test_customers", OnMerge::Choose),
    ("test_sales", OnMerge::Move),
    ("test_store_actions", OnMerge::NotTheirs),
    ("transfer_links", OnMerge::Choose),
    // A project's currencies are known from its customers' events.
    ("virtual_currencies", OnMerge::NotTheirs),
    ("webhook_deliveries", OnMerge::NotTheirs),
];

/// Gives the rows of `from` to `into`, in the tables where nothing has to be chosen.
pub fn move_rows(conn: &mut Conn, into: CustomerId, from: CustomerId) -> QueryResult<()> {
    let moved = CUSTOMER_TABLES.iter().filter(|(_, on_merge)| *on_merge == OnMerge::Move);
    for (table, _) in moved {
        conn.batch_execute(&format!("UPDATE {table} SET customer_id = {into} WHERE customer_id = {from}"))?;
    }
    Ok(())
}

/// Deletes a customer with all rows that are theirs alone. Most go with the customer by reference; the tables that grow
/// with every event have none.
pub fn delete_customer(conn: &mut Conn, customer: CustomerId) -> QueryResult<()> {
    for table in ["history", "payments"] {
        conn.batch_execute(&format!("DELETE FROM {table} WHERE customer_id = {customer}"))?;
    }
    conn.batch_execute(&format!("DELETE FROM customers WHERE id = {customer}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tables of the schema that have a column `customer_id`.
    fn tables_with_customers() -> Vec<&'static str> {
        let schema = include_str!("schema.rs");
        let tables = schema.split("diesel::table! {").skip(1);
        let with_customers = tables.filter(|table| table.contains(" customer_id ->"));
        with_customers.filter_map(|table| table.split_whitespace().next()).collect()
    }

    #[test]
    fn every_table_with_customers_says_what_merging_does_to_its_rows() {
        let found = tables_with_customers();
        assert!(found.len() > 15, "{found:?}");
        for table in &found {
            let row = CUSTOMER_TABLES.iter().find(|(name, _)| name == table);
            assert!(
                row.is_some_and(|(_, on_merge)| *on_merge != OnMerge::NotTheirs),
                "{table} is missing in the table"
            );
        }
        for (table, on_merge) in CUSTOMER_TABLES {
            assert_eq!(found.contains(table), *on_merge != OnMerge::NotTheirs, "{table}");
        }
    }
}
