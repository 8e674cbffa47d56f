-- The first shape of the state.
-- Instants are UTC text `YYYY-MM-DDTHH:MM:SS.mmmZ`, days `YYYY-MM-DD`: both sort as text.

CREATE TABLE runs (
    id           TEXT PRIMARY KEY,
    account      TEXT NOT NULL,
    cause        TEXT NOT NULL,
    first_day    TEXT NOT NULL,
    last_day     TEXT NOT NULL,
    dry_run      INTEGER NOT NULL,
    started      TEXT NOT NULL,
    finished     TEXT,
    -- running, ok, failed, nothing_ran, interrupted
    state        TEXT NOT NULL,
    seconds      REAL,
    sheets_calls INTEGER,
    error_kind   TEXT,
    report       TEXT
) STRICT;
CREATE INDEX runs_by_start ON runs (account, started);

CREATE TABLE run_exports (
    run          TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    position     INTEGER NOT NULL,
    name         TEXT NOT NULL,
    status       TEXT NOT NULL,
    rows         INTEGER NOT NULL,
    added        INTEGER NOT NULL,
    updated      INTEGER NOT NULL,
    unchanged    INTEGER NOT NULL,
    duplicates   INTEGER NOT NULL,
    driver       TEXT,
    attempts     INTEGER NOT NULL,
    seconds      REAL NOT NULL,
    sheets_calls INTEGER NOT NULL,
    error_kind   TEXT,
    error_stage  TEXT,
    PRIMARY KEY (run, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_exports_by_name ON run_exports (name, run);

CREATE TABLE stages (
    run        TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    number     INTEGER NOT NULL,
    -- null: the run's own, such as logging in
    export     TEXT,
    stage      TEXT NOT NULL,
    attempt    INTEGER NOT NULL,
    started    TEXT NOT NULL,
    seconds    REAL NOT NULL,
    driver     TEXT,
    error_kind TEXT,
    -- the receipt as JSON, or the error in one line
    detail     TEXT,
    PRIMARY KEY (run, number)
) STRICT, WITHOUT ROWID;

-- One row for each export and day that the panel was asked for and answered.
CREATE TABLE coverage (
    account TEXT NOT NULL,
    export  TEXT NOT NULL,
    day     TEXT NOT NULL,
    empty   INTEGER NOT NULL,
    run     TEXT NOT NULL,
    at      TEXT NOT NULL,
    PRIMARY KEY (account, export, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    at     TEXT NOT NULL,
    who    TEXT NOT NULL,
    what   TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;

CREATE TABLE outbox (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    channel    TEXT NOT NULL,
    once       TEXT NOT NULL,
    slot       TEXT,
    run        TEXT NOT NULL,
    message    TEXT NOT NULL,
    created    TEXT NOT NULL,
    -- waiting, delivered, overtaken, refused
    state      TEXT NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    not_before TEXT,
    why        TEXT,
    settled    TEXT,
    -- the service's own id of the message
    delivery   TEXT,
    UNIQUE (channel, once)
) STRICT;
CREATE INDEX outbox_waiting ON outbox (state, channel, id);
CREATE INDEX outbox_slots ON outbox (channel, slot, id);

CREATE TABLE leases (
    name   TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    fence  INTEGER NOT NULL,
    since  TEXT NOT NULL,
    until  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Small facts by name: the schedule's place, open incidents, the answer to "paused?".
CREATE TABLE facts (
    scope TEXT NOT NULL,
    name  TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (scope, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE backfills (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    account   TEXT NOT NULL,
    exports   TEXT NOT NULL,
    first_day TEXT NOT NULL,
    last_day  TEXT NOT NULL,
    started   TEXT NOT NULL,
    finished  TEXT
) STRICT;

-- What the sink wrote: one row for each batch, and one for each row of a batch.
CREATE TABLE journal (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    id      TEXT NOT NULL UNIQUE,
    run     TEXT NOT NULL,
    target  TEXT NOT NULL,
    at      TEXT NOT NULL,
    -- open, committed, dropped
    state   TEXT NOT NULL,
    -- the batch as JSON, its rows left out
    batch   TEXT NOT NULL
) STRICT;
CREATE INDEX journal_by_run ON journal (run, number);
CREATE INDEX journal_by_target ON journal (target, state, number);

CREATE TABLE journal_rows (
    batch    INTEGER NOT NULL REFERENCES journal (number) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    key      TEXT NOT NULL,
    -- the row as JSON
    row      TEXT NOT NULL,
    PRIMARY KEY (batch, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX journal_rows_by_key ON journal_rows (key, batch);
