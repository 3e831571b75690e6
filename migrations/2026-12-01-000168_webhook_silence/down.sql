ALTER TABLE projects DROP COLUMN webhooks_usual_gap;
ALTER TABLE projects DROP COLUMN webhooks_silent_since;
DROP TABLE webhook_hours;
