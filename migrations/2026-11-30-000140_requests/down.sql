ALTER TABLE history DROP COLUMN is_muted;
DROP TABLE test_store_actions;
ALTER TABLE projects DROP COLUMN refund_reasons;
ALTER TABLE projects DROP COLUMN refunds_need_reason;
DROP TABLE approval_rules;
DROP TABLE request_steps;
DROP TABLE requests;
