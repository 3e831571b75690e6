DROP TABLE catalog_comparisons;
ALTER TABLE connections DROP COLUMN catalog_in_step;
