DROP TABLE delivery_attempts;
DROP TABLE outgoing;
DROP TABLE destination_types;
DROP TABLE destinations;
