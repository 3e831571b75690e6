DELETE FROM requests WHERE kind NOT IN ('refund', 'cancel', 'resume', 'extend');
ALTER TABLE requests ADD COLUMN asked_for TEXT NOT NULL DEFAULT 'refund'
    CHECK (asked_for IN ('refund', 'cancel', 'resume', 'extend'));
UPDATE requests SET asked_for = kind;
ALTER TABLE requests DROP COLUMN kind;
ALTER TABLE requests RENAME COLUMN asked_for TO kind;
