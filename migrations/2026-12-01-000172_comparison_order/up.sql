-- Customers are taken from the queue project by project.
DROP INDEX comparison_queue_due;
CREATE INDEX comparison_queue_due_in_project ON comparison_queue (project_id, run, due_at);
-- Who was compared last is reported, and who was compared longest ago is compared next.
CREATE INDEX comparisons_asked_at ON comparisons (asked_at, customer_id);
