-- `device_generation`: counts the changes of the password. Browsers that logged in before the last one are not known any more.
ALTER TABLE people ADD COLUMN device_generation BIGINT NOT NULL DEFAULT 0;

-- `begun_at`: when somebody began to set up the second factor. One that is being set up now has to be begun again.
ALTER TABLE second_factors ADD COLUMN begun_at BIGINT NOT NULL DEFAULT 0;
