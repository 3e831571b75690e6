-- The version before stores no causes. It derives purchases at its next start.
INSERT INTO stale_customers (customer_id)
    SELECT id FROM customers
    WHERE id IN (SELECT customer_id FROM purchases) AND id NOT IN (SELECT customer_id FROM stale_customers);
