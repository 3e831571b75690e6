-- Grants made here whose end is still to be told in the history. Who removes one, or tells its end, removes its row.
CREATE TABLE grant_ends (
    customer_id BIGINT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    purchase_key TEXT NOT NULL,
    ends_at BIGINT NOT NULL,
    PRIMARY KEY (customer_id, purchase_key)
);
CREATE INDEX grant_ends_by_time ON grant_ends (ends_at, customer_id, purchase_key);
