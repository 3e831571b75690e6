-- Customers: their ids, their events, and what follows from them.

-- A customer: what devices reported, then what the projection derived from the events.
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
    -- derived from the events
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
    granted_until BIGINT NOT NULL,
    info_fetched_at BIGINT,
    offerings_fetched_at BIGINT
);
CREATE INDEX customers_all ON customers (project_id, active_at, id);
CREATE INDEX customers_subscribers
    ON customers (project_id, is_subscriber, active_at, id, subscribed_until, granted_until);
CREATE INDEX customers_by_end ON customers (project_id, subscribed_until, granted_until, active_at, id);
CREATE INDEX customers_one_time ON customers (project_id, made_one_time, active_at, id);
CREATE INDEX customers_sandbox ON customers (project_id, made_sandbox, active_at, id);
CREATE INDEX customers_by_row ON customers (project_id, id);

-- Every id a customer has. `key` is the id as it is looked up; `seen_at`: when an app last used it.
CREATE TABLE app_user_ids (
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    key BYTEA NOT NULL,
    app_user_id TEXT NOT NULL,
    customer_id BIGINT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    since BIGINT NOT NULL,
    is_since_exact BOOLEAN NOT NULL,
    seen_at BIGINT,
    PRIMARY KEY (project_id, key)
);
CREATE INDEX app_user_ids_of_customer ON app_user_ids (customer_id, since, key);

-- What the search box finds a customer by.
CREATE TABLE search_terms (
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    term BYTEA NOT NULL,
    kind TEXT NOT NULL,
    customer_id BIGINT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    value TEXT NOT NULL,
    PRIMARY KEY (project_id, term, kind, customer_id)
);
CREATE INDEX search_terms_of_customer ON search_terms (customer_id);

-- Events as they came. `event_key` is their id as it is looked up.
CREATE TABLE events (
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    id BIGINT NOT NULL,
    event_key BYTEA NOT NULL,
    received_at BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (project_id, id),
    UNIQUE (project_id, event_key)
);

-- In whose history an event stands, and in which order. `side` is `lost` for the customer a transfer takes from. `summary`
-- holds what a row shows, so that a page of history reads no bodies.
CREATE TABLE history (
    customer_id BIGINT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    timeline_at BIGINT NOT NULL,
    event_at BIGINT NOT NULL,
    tie BIGINT NOT NULL,
    event_id BIGINT NOT NULL,
    environment TEXT NOT NULL,
    topic TEXT NOT NULL,
    side TEXT NOT NULL,
    summary TEXT NOT NULL,
    PRIMARY KEY (customer_id, timeline_at, event_at, tie, event_id)
);
CREATE INDEX history_by_event ON history (customer_id, event_at, tie, event_id);
CREATE INDEX history_of_event ON history (event_id, customer_id);

-- Customers who exchanged purchases: they are folded together.
CREATE TABLE transfer_links (
    customer_id BIGINT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    other_id BIGINT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    PRIMARY KEY (customer_id, other_id)
);
CREATE INDEX transfer_links_back ON transfer_links (other_id);

-- Purchases and grants as derived; `body` is the whole purchase as JSON.
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
CREATE INDEX purchases_of_product ON purchases (product_id, ends_at, customer_id);

-- `source` tells values from events apart from those set by the team or by a client of the API.
CREATE TABLE attributes (
    customer_id BIGINT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    is_deleted BOOLEAN NOT NULL,
    source TEXT NOT NULL,
    PRIMARY KEY (customer_id, key)
);

-- Virtual currencies, as the events add up.
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

-- Notes of the team.
CREATE TABLE notes (
    customer_id BIGINT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    id BIGINT NOT NULL,
    body TEXT NOT NULL,
    author TEXT NOT NULL,
    author_email TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    edited_by TEXT,
    edited_at BIGINT,
    author_id BIGINT,
    edited_by_id BIGINT,
    PRIMARY KEY (customer_id, id)
);

-- Offerings chosen for single customers. `is_end_recorded`: the history shows that the override ended.
CREATE TABLE offering_overrides (
    customer_id BIGINT NOT NULL PRIMARY KEY REFERENCES customers (id) ON DELETE CASCADE,
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    offering TEXT NOT NULL,
    set_by TEXT NOT NULL,
    set_by_id BIGINT,
    set_at BIGINT NOT NULL,
    until BIGINT,
    reason TEXT,
    is_end_recorded BOOLEAN NOT NULL
);
CREATE INDEX offering_overrides_of_project ON offering_overrides (project_id, until, set_at, customer_id);
CREATE INDEX offering_overrides_by_end ON offering_overrides (is_end_recorded, until, customer_id);

-- Stars: customers whom a member of the team uses for tests.
CREATE TABLE test_customers (
    customer_id BIGINT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    person_id BIGINT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    at BIGINT NOT NULL,
    PRIMARY KEY (customer_id, person_id)
);
CREATE INDEX test_customers_of_person ON test_customers (person_id, at, customer_id);

-- Grants made here whose EXPIRATION is still to be written. Whoever removes a grant, or writes its end, removes its row.
CREATE TABLE grant_ends (
    customer_id BIGINT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    purchase_key TEXT NOT NULL,
    ends_at BIGINT NOT NULL,
    PRIMARY KEY (customer_id, purchase_key)
);
CREATE INDEX grant_ends_by_time ON grant_ends (ends_at, customer_id, purchase_key);

-- Subscriptions of the Test Store that renew: when the running period ends, how long the next one lasts (in milliseconds),
-- and how often the subscription was renewed. The row goes when the subscription has expired.
CREATE TABLE test_sales (
    customer_id BIGINT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    token TEXT NOT NULL,
    renews_at BIGINT NOT NULL,
    period BIGINT NOT NULL,
    renewals BIGINT NOT NULL,
    PRIMARY KEY (customer_id, token)
);
CREATE INDEX test_sales_by_time ON test_sales (renews_at, customer_id, token);

-- Authenticated deliveries that could not be read, with the reason.
CREATE TABLE rejected_deliveries (
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    id BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    reason TEXT NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (project_id, id)
);

-- Customers whose state an import has still to derive.
CREATE TABLE stale_customers (
    customer_id BIGINT NOT NULL PRIMARY KEY REFERENCES customers (id) ON DELETE CASCADE
);

-- Erasing and blocking. No table here holds an id that was erased, only its keyed hash. `late` counts events that came too
-- late since; what happened up to `erased_at` is not taken in any more.
CREATE TABLE tombstones (
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    id_hash BYTEA NOT NULL,
    erased_at BIGINT NOT NULL,
    -- Events that came too late since.
    late BIGINT NOT NULL,
    PRIMARY KEY (project_id, id_hash)
);

-- `ignored` counts events that came since.
CREATE TABLE blocked_customers (
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    id BIGINT NOT NULL,
    app_user_id TEXT NOT NULL,
    ids BIGINT NOT NULL,
    blocked_at BIGINT NOT NULL,
    -- Events that came for it since.
    ignored BIGINT NOT NULL,
    PRIMARY KEY (project_id, id)
);

CREATE TABLE blocked_ids (
    project_id BIGINT NOT NULL,
    id_hash BYTEA NOT NULL,
    blocked_id BIGINT NOT NULL,
    PRIMARY KEY (project_id, id_hash),
    FOREIGN KEY (project_id, blocked_id) REFERENCES blocked_customers (project_id, id) ON DELETE CASCADE
);
CREATE INDEX blocked_ids_of_customer ON blocked_ids (project_id, blocked_id);

-- Events of erased customers, redacted, from which purchases of others still follow. `stands_as` is the number that stands
-- for the erased customer in the fold.
CREATE TABLE retained_events (
    customer_id BIGINT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    event_id BIGINT NOT NULL,
    side TEXT NOT NULL,
    stands_as BIGINT NOT NULL,
    PRIMARY KEY (customer_id, event_id, side)
);
CREATE INDEX retained_events_by_event ON retained_events (event_id, customer_id);

-- Erasures after which the database has still to overwrite its free space.
CREATE TABLE cleanups (
    id BIGINT NOT NULL PRIMARY KEY,
    asked_at BIGINT NOT NULL
);

-- Deleting test accounts in the background: who asked for what, and how far it has come.
CREATE TABLE deletion_jobs (
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    id BIGINT NOT NULL,
    person_id BIGINT NOT NULL,
    role TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    wanted TEXT NOT NULL,
    chosen BIGINT NOT NULL,
    erased BIGINT NOT NULL,
    kept BIGINT NOT NULL,
    finished_at BIGINT,
    PRIMARY KEY (project_id, id)
);

CREATE TABLE deletion_choices (
    project_id BIGINT NOT NULL,
    job_id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL,
    PRIMARY KEY (project_id, job_id, customer_id),
    FOREIGN KEY (project_id, job_id) REFERENCES deletion_jobs (project_id, id) ON DELETE CASCADE
);
