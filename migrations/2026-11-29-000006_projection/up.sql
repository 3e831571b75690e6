-- What one more event of a customer needs, so that the events before it need not be read again.

-- How far the events of a customer were applied, as JSON. Without a row the next event applies all of them.
CREATE TABLE progress (
    customer_id BIGINT NOT NULL PRIMARY KEY REFERENCES customers (id) ON DELETE CASCADE,
    purchases BIGINT NOT NULL,
    body TEXT NOT NULL
);

-- `born` and `changed`: the number of the checkpoint after which the purchase was first and last changed.
-- `numbers`: the rows of the first events of the purchase and of those that transfers joined with it: payments and search terms
-- refer to them. `depends_until`: until when an event of another purchase may change it.
ALTER TABLE purchases ADD COLUMN born BIGINT NOT NULL DEFAULT 0;
ALTER TABLE purchases ADD COLUMN changed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE purchases ADD COLUMN numbers TEXT NOT NULL DEFAULT '';
ALTER TABLE purchases ADD COLUMN depends_until BIGINT;
CREATE INDEX purchases_by_change ON purchases (customer_id, changed);
CREATE INDEX purchases_dependent ON purchases (customer_id, depends_until) WHERE depends_until IS NOT NULL;
DROP INDEX purchases_by_end;
CREATE INDEX purchases_by_end ON purchases (customer_id, environment, kind, ends_at, starts_at, key);

-- Positions in the order of a customer's events from which the purchases can be derived again.
CREATE TABLE checkpoints (
    customer_id BIGINT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (customer_id, number)
);

-- Purchases as they were at a checkpoint, of those that have changed since.
CREATE TABLE former_purchases (
    customer_id BIGINT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    checkpoint BIGINT NOT NULL,
    environment TEXT NOT NULL,
    key TEXT NOT NULL,
    born BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    numbers TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (customer_id, checkpoint, environment, key)
);

-- Charges, refunds and reversals of the purchases that a customer has now. `purchase` is the number of the purchase,
-- `transaction_key` a hash of the transaction's id, `kind` a number of `PaymentKind`; `amount` is in micro-units of US dollars. Each event adds a row, so there is
-- no reference to the customer, which PostgreSQL would check for each: the program deletes the rows with the customer. Without a
-- rowid SQLite would read all payments of a customer to find those of a transaction.
CREATE TABLE payments (
    customer_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    event_id BIGINT NOT NULL,
    purchase BIGINT NOT NULL,
    transaction_key BIGINT NOT NULL,
    kind SMALLINT NOT NULL,
    amount BIGINT,
    PRIMARY KEY (customer_id, at, event_id)
);
CREATE INDEX payments_of_transaction ON payments (customer_id, transaction_key);

-- Entries of the sender's ledger of virtual currencies: each counts once. `entry` is a hash of its id.
CREATE TABLE currency_entries (
    customer_id BIGINT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    entry BYTEA NOT NULL,
    at BIGINT NOT NULL,
    amounts TEXT NOT NULL,
    PRIMARY KEY (customer_id, entry)
);

-- `sum` is without the bounds that `amount` has; `named_at`: when an event last named the currency.
ALTER TABLE balances ADD COLUMN sum BIGINT NOT NULL DEFAULT 0;
ALTER TABLE balances ADD COLUMN named_at BIGINT NOT NULL DEFAULT 0;
-- When an event last said so.
ALTER TABLE experiments ADD COLUMN said_at BIGINT NOT NULL DEFAULT 0;
-- What events said last of an attribute that the team or an app has set; `event_value` is NULL where they cleared it.
ALTER TABLE attributes ADD COLUMN event_at BIGINT;
ALTER TABLE attributes ADD COLUMN event_value TEXT;

-- `kind` is a number of `TermKind`; `purchase` the number of the purchase whose transaction it is, and `since` the time of the
-- first event that names it; 0 for all other terms. `value` is empty where a transaction is the same as its term.
CREATE TABLE terms (
    project_id BIGINT NOT NULL,
    term BYTEA NOT NULL,
    kind SMALLINT NOT NULL,
    customer_id BIGINT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    purchase BIGINT NOT NULL DEFAULT 0,
    since BIGINT NOT NULL DEFAULT 0,
    value TEXT NOT NULL,
    PRIMARY KEY (project_id, term, kind, customer_id, purchase)
) /*sqlite WITHOUT ROWID*/;
INSERT INTO terms (project_id, term, kind, customer_id, value)
SELECT
    project_id,
    term,
    CASE kind
        WHEN 'id' THEN 0 WHEN 'transaction' THEN 1 WHEN 'order' THEN 2 WHEN 'email' THEN 3 WHEN 'phone' THEN 4 ELSE 5
    END,
    customer_id,
    value
FROM search_terms;
DROP TABLE search_terms;
ALTER TABLE terms RENAME TO search_terms;
CREATE INDEX search_terms_of_customer ON search_terms (customer_id, kind, purchase, since);
CREATE INDEX retained_events_of_stand_in ON retained_events (stands_as);
-- The program derives all of this at its next start.
INSERT INTO stale_customers (customer_id)
    SELECT id FROM customers WHERE id NOT IN (SELECT customer_id FROM stale_customers);

-- No project is ever deleted, so new customers need not have PostgreSQL look for theirs.
/*postgres
ALTER TABLE customers DROP CONSTRAINT customers_project_id_fkey;
ALTER TABLE app_user_ids DROP CONSTRAINT app_user_ids_project_id_fkey;
*/
