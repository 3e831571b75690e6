-- What somebody decided about a grant, an override or an attribute that is older than the connection to RevenueCat, and therefore
-- exists only here: it stays here, or RevenueCat is asked for it. A newer value of the same thing is another one.
CREATE TABLE kept_here (
    customer_id BIGINT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('grant', 'override', 'attribute')),
    -- The key of the grant or of the attribute; empty for the override.
    item TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    -- 'push' until the request is stored, then 'asked'.
    choice TEXT NOT NULL CHECK (choice IN ('keep', 'push', 'asked')),
    decided_at BIGINT NOT NULL,
    -- Who decided, and with which role.
    person_id BIGINT NOT NULL,
    role TEXT NOT NULL,
    request_id BIGINT,
    PRIMARY KEY (customer_id, kind, item)
);
CREATE INDEX kept_here_to_push ON kept_here (customer_id, kind, item) WHERE choice = 'push';
CREATE INDEX attributes_of_team ON attributes (customer_id, key) WHERE source = 'team';
