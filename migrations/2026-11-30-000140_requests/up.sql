-- What somebody asks for that is not done at once, because a store has to do it or a colleague has to agree. A request is stored
-- with everything it says before anything leaves the program.
CREATE TABLE requests (
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('refund', 'cancel', 'resume', 'extend')),
    -- The purchase: its environment and key among those of the customer.
    environment TEXT NOT NULL,
    purchase TEXT NOT NULL,
    -- The store's id of the payment that is refunded, or of the first payment of the purchase: by it the store's own event of
    -- what was asked is recognised.
    transaction_id TEXT,
    -- What the store is asked to do, with all that sending needs, as JSON.
    terms TEXT NOT NULL,
    reason TEXT,
    state TEXT NOT NULL CHECK (state IN
        ('asked', 'waiting', 'sending', 'pending', 'unknown', 'confirmed', 'refused', 'withdrawn', 'expired', 'reversed')),
    state_at BIGINT NOT NULL,
    asked_at BIGINT NOT NULL,
    -- Who asked, as in the audit log: a person with a role, or a key with a name.
    asker_kind TEXT NOT NULL CHECK (asker_kind IN ('person', 'api_key')),
    asker_id BIGINT NOT NULL,
    asker_role TEXT NOT NULL,
    -- The colleague who agreed, refused or settled it.
    decider_id BIGINT,
    -- What may be open once only: the environment, the payment or purchase, and the kind. NULL once it is closed.
    open_as TEXT,
    -- The key by which a program makes a request once, and the hash of what it says.
    once TEXT,
    fingerprint TEXT,
    -- How often it was sent, and when last.
    attempts BIGINT NOT NULL,
    sent_at BIGINT,
    -- When it is looked at next (NULL: not by itself), and until when one worker has it to itself.
    due_at BIGINT,
    lease_until BIGINT,
    -- What the store showed before, and its own number for what it did.
    snapshot TEXT,
    reference TEXT,
    -- Our own event of what the store did; the store's event of it, and until when that is expected.
    effect_event BIGINT,
    echo_event BIGINT,
    echo_until BIGINT,
    PRIMARY KEY (project_id, id),
    UNIQUE (project_id, open_as),
    UNIQUE (project_id, asker_kind, asker_id, once)
);
CREATE INDEX requests_due ON requests (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX requests_of_customer ON requests (customer_id, asked_at);
CREATE INDEX requests_of_project ON requests (project_id, asked_at);
CREATE INDEX requests_of_transaction ON requests (project_id, transaction_id);
CREATE INDEX requests_open ON requests (project_id, asked_at) WHERE open_as IS NOT NULL;

-- The steps of a request, each with its time, who took it, and the words of the other side.
CREATE TABLE request_steps (
    project_id BIGINT NOT NULL,
    request_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    state TEXT NOT NULL,
    person_id BIGINT,
    words TEXT NOT NULL,
    PRIMARY KEY (project_id, request_id, number),
    FOREIGN KEY (project_id, request_id) REFERENCES requests (project_id, id) ON DELETE CASCADE
);

-- From when on a colleague has to agree to a refund: an amount in micro-units of US dollars, or a number a day.
CREATE TABLE approval_rules (
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('support', 'developer', 'admin')),
    from_dollars BIGINT CHECK (from_dollars >= 0),
    per_day BIGINT CHECK (per_day >= 0),
    PRIMARY KEY (project_id, role)
);
ALTER TABLE projects ADD COLUMN refunds_need_reason BOOLEAN NOT NULL DEFAULT TRUE;
-- The reasons to choose from, one a line.
ALTER TABLE projects ADD COLUMN refund_reasons TEXT NOT NULL DEFAULT '';

-- What the Test Store did: the side of the store, of which the rest of Dossier knows only what it was answered.
CREATE TABLE test_store_actions (
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    id BIGINT NOT NULL,
    request_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    amount BIGINT,
    until_at BIGINT,
    at BIGINT NOT NULL,
    PRIMARY KEY (project_id, id),
    FOREIGN KEY (project_id, request_id) REFERENCES requests (project_id, id) ON DELETE CASCADE
);
CREATE INDEX test_store_actions_of_request ON test_store_actions (project_id, request_id);

-- A row of a history that does not count: an event of our own that the store's replaced, or the same fact a second time.
ALTER TABLE history ADD COLUMN is_muted BOOLEAN NOT NULL DEFAULT FALSE;
