DROP TABLE submissions;
DROP TABLE audit_details;
DROP TABLE audit_entries;
