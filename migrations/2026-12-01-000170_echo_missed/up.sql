-- When it was noticed that the event of something that was done has not come.
ALTER TABLE requests ADD COLUMN echo_missed_at BIGINT;
CREATE INDEX requests_echo_missed ON requests (echo_until)
    WHERE state = 'confirmed' AND echo_event IS NULL AND echo_missed_at IS NULL;
