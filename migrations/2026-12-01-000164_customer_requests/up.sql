-- A project that is connected asks the other side for everything, not only for what is about a purchase.
ALTER TABLE requests ADD COLUMN asked_for TEXT NOT NULL DEFAULT 'refund' CHECK (asked_for IN (
    'refund', 'cancel', 'resume', 'extend',
    'grant', 'revoke', 'override', 'attributes', 'transfer', 'delete', 'adjust'));
UPDATE requests SET asked_for = kind;
ALTER TABLE requests DROP COLUMN kind;
ALTER TABLE requests RENAME COLUMN asked_for TO kind;
