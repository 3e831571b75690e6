DROP INDEX comparisons_asked_at;
DROP INDEX comparison_queue_due_in_project;
CREATE INDEX comparison_queue_due ON comparison_queue (run, due_at);
