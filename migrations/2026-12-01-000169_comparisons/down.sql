ALTER TABLE connections DROP COLUMN sample_due_at;
ALTER TABLE connections DROP COLUMN sample_size;
DROP TABLE comparison_runs;
DROP TABLE comparison_queue;
DROP TABLE comparisons;
