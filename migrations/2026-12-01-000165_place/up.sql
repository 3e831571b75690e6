-- Where this database lives, in one row: at another place it is a copy, and acts nowhere until somebody lets it.
CREATE TABLE place (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    -- Whose it is: the name that the operator gave it, or the machine and the public address.
    name TEXT NOT NULL,
    -- The path of the file; on PostgreSQL the cluster.
    storage TEXT NOT NULL,
    -- Which file it is there, or which database.
    identity TEXT NOT NULL,
    noted_at BIGINT NOT NULL,
    -- Whether it is a backup that was put in place and has not been served since.
    is_restored BOOLEAN NOT NULL
);
