-- How many webhooks came in each hour, and when the last of it: what is usual, and so what is silence.
CREATE TABLE webhook_hours (
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    -- Hours since 1970.
    hour BIGINT NOT NULL,
    arrivals BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, hour)
);
-- Since when none has come although many used to (NULL: all is well), and the usual gap between two, in milliseconds.
ALTER TABLE projects ADD COLUMN webhooks_silent_since BIGINT;
ALTER TABLE projects ADD COLUMN webhooks_usual_gap BIGINT;
