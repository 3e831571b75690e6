DROP TABLE test_sales;
