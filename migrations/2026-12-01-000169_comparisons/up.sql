-- What came of asking RevenueCat about a customer the last time.
CREATE TABLE comparisons (
    customer_id BIGINT PRIMARY KEY REFERENCES customers (id) ON DELETE CASCADE,
    asked_at BIGINT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('same', 'found', 'unknown', 'failed')),
    -- What was found, or why it could not be read.
    words TEXT NOT NULL
);
-- Customers about whom RevenueCat is to be asked, known here or not, and in which run: after a webhook that left something out, in
-- the nightly sample, in a comparison of all, or in the first fill.
CREATE TABLE comparison_queue (
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    run TEXT NOT NULL CHECK (run IN ('webhook', 'sample', 'all', 'fill')),
    app_user_id TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    -- How often it was tried in vain.
    tries BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (project_id, run, app_user_id)
);
CREATE INDEX comparison_queue_due ON comparison_queue (run, due_at);
-- How far a run over many customers has come.
CREATE TABLE comparison_runs (
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    run TEXT NOT NULL CHECK (run IN ('sample', 'all', 'fill')),
    started_at BIGINT NOT NULL,
    -- Where the list of customers goes on; NULL once all are in the queue.
    next_page TEXT,
    same BIGINT NOT NULL DEFAULT 0,
    found BIGINT NOT NULL DEFAULT 0,
    unknown BIGINT NOT NULL DEFAULT 0,
    left_out BIGINT NOT NULL DEFAULT 0,
    failed BIGINT NOT NULL DEFAULT 0,
    finished_at BIGINT,
    PRIMARY KEY (project_id, run)
);
-- How many customers are compared every night, and when the next time is.
ALTER TABLE connections ADD COLUMN sample_size BIGINT NOT NULL DEFAULT 0;
ALTER TABLE connections ADD COLUMN sample_due_at BIGINT;
