ALTER TABLE customers DROP COLUMN offerings_fetched_at;
ALTER TABLE customers DROP COLUMN info_fetched_at;
ALTER TABLE app_user_ids DROP COLUMN seen_at;
DROP TABLE api_keys;
