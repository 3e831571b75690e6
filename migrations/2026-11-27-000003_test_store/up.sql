-- Subscriptions of the Test Store that go on by themselves: when the running period ends, how long the next one lasts (in
-- milliseconds), and how often it was renewed.
-- All else follows from the events. The row goes when the subscription has expired.
CREATE TABLE test_sales (
    customer_id BIGINT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    token TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    period BIGINT NOT NULL,
    renewals BIGINT NOT NULL,
    PRIMARY KEY (customer_id, token)
);
CREATE INDEX test_sales_by_time ON test_sales (due_at, customer_id, token);
