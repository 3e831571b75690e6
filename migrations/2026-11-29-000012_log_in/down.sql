ALTER TABLE second_factors DROP COLUMN begun_at;
ALTER TABLE people DROP COLUMN device_generation;
