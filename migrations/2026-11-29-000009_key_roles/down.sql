ALTER TABLE api_keys DROP COLUMN owner_id;
ALTER TABLE api_keys DROP COLUMN role;
