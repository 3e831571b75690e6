DROP TABLE delivery_attempts;
DROP TABLE webhook_deliveries;
DROP TABLE webhook_endpoint_types;
DROP TABLE webhook_endpoints;
DROP TABLE api_keys;
