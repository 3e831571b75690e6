-- The value of an endpoint's Authorization header is sealed from now on, like its signing secrets: bytes, not text.
/*sqlite UPDATE webhook_endpoints SET authorization_value = CAST(authorization_value AS BLOB) WHERE authorization_value IS NOT NULL; */
/*postgres
ALTER TABLE webhook_endpoints ALTER COLUMN authorization_value TYPE BYTEA USING convert_to(authorization_value, 'UTF8');
*/
