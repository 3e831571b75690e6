-- Everything a project holds. Times are milliseconds since 1970 (UTC), money is micro-units of a currency.
-- BYTEA is a plain byte string on both databases: it is compared byte by byte, whatever the locale.

CREATE TABLE projects (
    id BIGINT NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    webhook_secret_hash TEXT NOT NULL,
    transfer_behavior TEXT NOT NULL,
    sandbox_transfer_behavior TEXT,
    created_at BIGINT NOT NULL
);

CREATE TABLE people (
    id BIGINT NOT NULL PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE memberships (
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    person_id BIGINT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('viewer', 'support', 'developer', 'admin')),
    PRIMARY KEY (project_id, person_id)
);
CREATE INDEX memberships_of_person ON memberships (person_id);

-- A log-in session. The key itself is only in the browser's cookie; here is its hash.
CREATE TABLE sessions (
    key_hash TEXT NOT NULL PRIMARY KEY,
    person_id BIGINT REFERENCES people (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL
);
CREATE INDEX sessions_of_person ON sessions (person_id);
CREATE INDEX sessions_by_age ON sessions (used_at);

CREATE TABLE login_attempts (
    scope TEXT NOT NULL,
    subject_hash TEXT NOT NULL,
    id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (scope, subject_hash, id)
);
CREATE INDEX login_attempts_by_age ON login_attempts (at);

-- Keys the program makes for itself at first start, shared by every process on this database.
CREATE TABLE secrets (
    name TEXT NOT NULL PRIMARY KEY,
    value BYTEA NOT NULL
);

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

-- A customer: what the app told us, and below it what follows from the events (rebuilt at will).
CREATE TABLE customers (
    id BIGINT NOT NULL PRIMARY KEY,
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    last_seen_at BIGINT,
    app_version TEXT,
    platform TEXT,
    platform_version TEXT,
    sdk_version TEXT,
    locale TEXT,
    country TEXT,
    -- what follows from the events
    original_app_user_id TEXT NOT NULL,
    best_app_user_id TEXT NOT NULL,
    event_country TEXT,
    display_name TEXT,
    email TEXT,
    spent_micros BIGINT NOT NULL,
    prices_missing BIGINT NOT NULL,
    payments BIGINT NOT NULL,
    refunds BIGINT NOT NULL,
    family_shared_only BOOLEAN NOT NULL,
    ids_count BIGINT NOT NULL,
    events_count BIGINT NOT NULL,
    first_event_at BIGINT,
    active_at BIGINT NOT NULL,
    latest TEXT,
    status_purchase TEXT,
    is_subscriber BOOLEAN NOT NULL,
    made_one_time BOOLEAN NOT NULL,
    made_sandbox BOOLEAN NOT NULL,
    subscribed_until BIGINT NOT NULL,
    granted_until BIGINT NOT NULL
);
CREATE INDEX customers_all ON customers (project_id, active_at, id);
CREATE INDEX customers_subscribers
    ON customers (project_id, is_subscriber, active_at, id, subscribed_until, granted_until);
CREATE INDEX customers_by_end
    ON customers (project_id, subscribed_until, granted_until, active_at, id);
CREATE INDEX customers_one_time ON customers (project_id, made_one_time, active_at, id);
CREATE INDEX customers_sandbox ON customers (project_id, made_sandbox, active_at, id);

-- Any id finds its customer. The key is the id's bytes, shortened by a hash where an index could not hold them.
CREATE TABLE app_user_ids (
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    key BYTEA NOT NULL,
    app_user_id TEXT NOT NULL,
    customer_id BIGINT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    since BIGINT NOT NULL,
    is_since_exact BOOLEAN NOT NULL,
    PRIMARY KEY (project_id, key)
);
CREATE INDEX app_user_ids_of_customer ON app_user_ids (customer_id, since, key);

-- What the search box finds: lower-cased terms and what each of them is.
CREATE TABLE search_terms (
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    term BYTEA NOT NULL,
    kind TEXT NOT NULL,
    customer_id BIGINT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    value TEXT NOT NULL,
    PRIMARY KEY (project_id, term, kind, customer_id)
);
CREATE INDEX search_terms_of_customer ON search_terms (customer_id);

-- The facts as they came, once per event id.
CREATE TABLE events (
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    id BIGINT NOT NULL,
    event_key BYTEA NOT NULL,
    received_at BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (project_id, id),
    UNIQUE (project_id, event_key)
);

-- Which events a customer's history shows, in the order of the timeline and in the order they were generated. `told` is
-- what a row tells of its event, so that a page of history reads no bodies.
CREATE TABLE history (
    customer_id BIGINT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    timeline_at BIGINT NOT NULL,
    event_at BIGINT NOT NULL,
    tie BIGINT NOT NULL,
    event_id BIGINT NOT NULL,
    environment TEXT NOT NULL,
    topic TEXT NOT NULL,
    side TEXT NOT NULL,
    told TEXT NOT NULL,
    PRIMARY KEY (customer_id, timeline_at, event_at, tie, event_id)
);
CREATE INDEX history_by_event ON history (customer_id, event_at, tie, event_id);
CREATE INDEX history_of_event ON history (event_id, customer_id);

-- Customers between whom purchases moved: their states follow from each other's events.
CREATE TABLE transfer_links (
    customer_id BIGINT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    other_id BIGINT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    PRIMARY KEY (customer_id, other_id)
);
CREATE INDEX transfer_links_back ON transfer_links (other_id);

-- Subscriptions, one-time purchases and grants, as they follow from the events.
CREATE TABLE purchases (
    customer_id BIGINT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    environment TEXT NOT NULL,
    key TEXT NOT NULL,
    store TEXT NOT NULL,
    product_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    names_entitlements BOOLEAN NOT NULL,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (customer_id, environment, key)
);
CREATE INDEX purchases_by_end ON purchases (customer_id, environment, kind, ends_at);
CREATE INDEX purchases_by_start ON purchases (customer_id, environment, kind, names_entitlements, starts_at);
CREATE INDEX purchases_by_product ON purchases (customer_id, environment, kind, product_id);

CREATE TABLE attributes (
    customer_id BIGINT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    is_deleted BOOLEAN NOT NULL,
    source TEXT NOT NULL,
    PRIMARY KEY (customer_id, key)
);

CREATE TABLE balances (
    customer_id BIGINT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    environment TEXT NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (customer_id, environment, code)
);

CREATE TABLE experiments (
    customer_id BIGINT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    experiment_id TEXT NOT NULL,
    variant TEXT NOT NULL,
    enrolled_at BIGINT,
    PRIMARY KEY (customer_id, experiment_id)
);

CREATE TABLE notes (
    customer_id BIGINT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    id BIGINT NOT NULL,
    body TEXT NOT NULL,
    author TEXT NOT NULL,
    author_email TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    edited_by TEXT,
    edited_at BIGINT,
    PRIMARY KEY (customer_id, id)
);

CREATE TABLE offering_overrides (
    customer_id BIGINT NOT NULL PRIMARY KEY REFERENCES customers (id) ON DELETE CASCADE,
    offering TEXT NOT NULL,
    set_by TEXT NOT NULL,
    set_at BIGINT NOT NULL,
    until BIGINT,
    reason TEXT
);

-- Authenticated deliveries that could not be used, with the reason.
CREATE TABLE rejected_deliveries (
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    id BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    reason TEXT NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (project_id, id)
);

-- Customers whose events were stored by an import that has not yet derived their state.
CREATE TABLE stale_customers (
    customer_id BIGINT NOT NULL PRIMARY KEY REFERENCES customers (id) ON DELETE CASCADE
);
