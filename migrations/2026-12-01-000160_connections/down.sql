-- Sealed values cannot be sent by an earlier version.
UPDATE webhook_endpoints SET authorization_value = NULL;
/*postgres ALTER TABLE webhook_endpoints ALTER COLUMN authorization_value TYPE TEXT USING convert_from(authorization_value, 'UTF8'); */
