-- Rejected deliveries are kept within limits, and found by the ids they hold. `bytes` is the length of the body; it stands
-- before the body, which SQLite would otherwise read to find it. Those from before have no words, and are read instead.
ALTER TABLE rejected_deliveries RENAME TO old_rejected_deliveries;
/*postgres ALTER INDEX rejected_deliveries_pkey RENAME TO old_rejected_deliveries_pkey; */

CREATE TABLE rejected_deliveries (
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    id BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    has_words BOOLEAN NOT NULL,
    reason TEXT NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (project_id, id)
);
CREATE INDEX rejected_deliveries_by_size ON rejected_deliveries (project_id, id, bytes);
CREATE INDEX rejected_deliveries_by_time ON rejected_deliveries (received_at);
CREATE INDEX rejected_deliveries_without_words ON rejected_deliveries (project_id, id) WHERE NOT has_words;

INSERT INTO rejected_deliveries (project_id, id, received_at, bytes, has_words, reason, body)
SELECT project_id, id, received_at, length(body), FALSE, reason, body
FROM old_rejected_deliveries;

DROP TABLE old_rejected_deliveries;

-- Hashes of the words in the bodies. An id consists of such words, so erasing a customer reads only the bodies that hold one
-- of the customer's.
CREATE TABLE rejected_words (
    project_id BIGINT NOT NULL,
    word BIGINT NOT NULL,
    delivery_id BIGINT NOT NULL,
    PRIMARY KEY (project_id, word, delivery_id),
    FOREIGN KEY (project_id, delivery_id) REFERENCES rejected_deliveries (project_id, id) ON DELETE CASCADE
) /*sqlite WITHOUT ROWID*/;
CREATE INDEX rejected_words_by_delivery ON rejected_words (project_id, delivery_id);
