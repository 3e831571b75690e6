DROP TABLE package_products;
DROP TABLE packages;
DROP TABLE offerings;
DROP TABLE entitlement_products;
DROP TABLE entitlements;
DROP TABLE products;
