DROP INDEX balances_by_code;
DROP TABLE virtual_currencies;
