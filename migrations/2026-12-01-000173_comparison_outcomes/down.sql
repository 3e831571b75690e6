CREATE TABLE comparisons_narrower (
    customer_id BIGINT PRIMARY KEY REFERENCES customers (id) ON DELETE CASCADE,
    asked_at BIGINT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('same', 'found', 'unknown', 'failed')),
    words TEXT NOT NULL
);
INSERT INTO comparisons_narrower (customer_id, asked_at, outcome, words)
    SELECT customer_id, asked_at,
        CASE outcome WHEN 'differs' THEN 'same' WHEN 'filled' THEN 'found' ELSE outcome END, words
    FROM comparisons;
DROP TABLE comparisons;
ALTER TABLE comparisons_narrower RENAME TO comparisons;
CREATE INDEX comparisons_asked_at ON comparisons (asked_at, customer_id);
