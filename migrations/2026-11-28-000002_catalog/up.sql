-- What a project sells, what that unlocks, and how apps show it.

-- The catalog. `entitlement_products` and `package_products` name products of any store by their identifiers.
CREATE TABLE products (
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    store TEXT NOT NULL,
    identifier TEXT NOT NULL,
    display_name TEXT,
    type TEXT NOT NULL,
    duration TEXT,
    price_micros BIGINT,
    currency TEXT,
    PRIMARY KEY (project_id, store, identifier)
);

CREATE TABLE entitlements (
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    identifier TEXT NOT NULL,
    display_name TEXT NOT NULL,
    PRIMARY KEY (project_id, identifier)
);

CREATE TABLE entitlement_products (
    project_id BIGINT NOT NULL,
    entitlement TEXT NOT NULL,
    product TEXT NOT NULL,
    PRIMARY KEY (project_id, entitlement, product),
    FOREIGN KEY (project_id, entitlement) REFERENCES entitlements (project_id, identifier) ON DELETE CASCADE
);

CREATE TABLE offerings (
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    identifier TEXT NOT NULL,
    display_name TEXT NOT NULL,
    is_default BOOLEAN NOT NULL,
    is_archived BOOLEAN NOT NULL,
    metadata TEXT NOT NULL,
    PRIMARY KEY (project_id, identifier)
);
CREATE UNIQUE INDEX offerings_one_default ON offerings (project_id) WHERE is_default;

CREATE TABLE packages (
    project_id BIGINT NOT NULL,
    offering TEXT NOT NULL,
    identifier TEXT NOT NULL,
    display_name TEXT NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (project_id, offering, identifier),
    FOREIGN KEY (project_id, offering) REFERENCES offerings (project_id, identifier) ON DELETE CASCADE
);

CREATE TABLE package_products (
    project_id BIGINT NOT NULL,
    offering TEXT NOT NULL,
    package TEXT NOT NULL,
    product TEXT NOT NULL,
    PRIMARY KEY (project_id, offering, package, product),
    FOREIGN KEY (project_id, offering, package)
        REFERENCES packages (project_id, offering, identifier) ON DELETE CASCADE
);
