-- How many parts of a long letter have arrived.
ALTER TABLE outbox ADD COLUMN parts INTEGER NOT NULL DEFAULT 0;
