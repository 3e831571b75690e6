DROP INDEX customers_by_row;
