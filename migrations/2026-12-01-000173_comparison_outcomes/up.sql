-- Two outcomes more: something differs and cannot be taken over, and what the first fill has brought.
CREATE TABLE comparisons_wider (
    customer_id BIGINT PRIMARY KEY REFERENCES customers (id) ON DELETE CASCADE,
    asked_at BIGINT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('same', 'differs', 'found', 'filled', 'unknown', 'failed')),
    -- What was found, or why it could not be read.
    words TEXT NOT NULL
);
INSERT INTO comparisons_wider (customer_id, asked_at, outcome, words)
    SELECT customer_id, asked_at, outcome, words FROM comparisons;
DROP TABLE comparisons;
ALTER TABLE comparisons_wider RENAME TO comparisons;
CREATE INDEX comparisons_asked_at ON comparisons (asked_at, customer_id);
