DROP INDEX requests_echo_missed;
ALTER TABLE requests DROP COLUMN echo_missed_at;
