-- The first schema. Tables are private; users query the views (docs/SQL.md).
-- Times are Unix milliseconds. job.state: 0 pending, 1 leased, 2 done, 3 failed.

PRAGMA application_id = 0x63617262;

-- What an operator may change with UPDATE; read by the views.
CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL,
    meaning TEXT NOT NULL
) WITHOUT ROWID;

INSERT INTO setting (name, value, meaning) VALUES
    ('placeholder_urls', 10,
     'a picture that at least this many different URLs of a run answered with is a placeholder');

-- One row per start of a daemon; a lease names the session that holds it.
CREATE TABLE session (
    id INTEGER PRIMARY KEY,
    pid INTEGER NOT NULL,
    started_ms INTEGER NOT NULL,
    closed_ms INTEGER
);

-- flushes: grows with each acknowledgement of an enqueue, so that its commit always has something
-- to write, and with it a reason to reach the disk.
CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_ms INTEGER NOT NULL,
    flushes INTEGER NOT NULL DEFAULT 0
);

-- Versions are '' where the user named none.
CREATE TABLE target (
    id INTEGER PRIMARY KEY,
    model TEXT NOT NULL,
    model_version TEXT NOT NULL,
    framework TEXT NOT NULL,
    framework_version TEXT NOT NULL,
    backend TEXT NOT NULL,
    UNIQUE (model, model_version, framework, framework_version, backend)
);

-- A picture as a run met it. urls: how many items of the run have it as their picture. listed: its
-- hash was one of the configured placeholders.
CREATE TABLE image (
    id INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL REFERENCES run (id),
    sha256 TEXT NOT NULL,
    kind TEXT,
    bytes INTEGER NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    urls INTEGER NOT NULL DEFAULT 0 CHECK (urls >= 0),
    listed INTEGER NOT NULL DEFAULT 0 CHECK (listed IN (0, 1)),
    UNIQUE (run_id, sha256)
);

-- One URL of one run. image_id: the picture that the first target was asked about.
CREATE TABLE item (
    id INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL REFERENCES run (id),
    url TEXT NOT NULL,
    expect_wnid TEXT,
    expect_text TEXT,
    image_id INTEGER REFERENCES image (id),
    crashes INTEGER NOT NULL DEFAULT 0 CHECK (crashes >= 0),
    UNIQUE (run_id, url)
);

-- attempt is the fencing token: it only grows. tries counts the outcomes that used up an attempt.
-- due_ms is 0 for a job that waits for nothing.
CREATE TABLE job (
    item_id INTEGER NOT NULL REFERENCES item (id),
    target_id INTEGER NOT NULL REFERENCES target (id),
    state INTEGER NOT NULL DEFAULT 0 CHECK (state IN (0, 1, 2, 3)),
    attempt INTEGER NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    tries INTEGER NOT NULL DEFAULT 0 CHECK (tries >= 0),
    due_ms INTEGER NOT NULL DEFAULT 0,
    owner INTEGER REFERENCES session (id),
    PRIMARY KEY (item_id, target_id),
    CHECK ((state = 1) = (owner IS NOT NULL))
) WITHOUT ROWID;

CREATE INDEX job_pending ON job (due_ms, item_id, target_id) WHERE state = 0;
CREATE INDEX job_leased ON job (owner, item_id, target_id) WHERE state = 1;

-- Label lines as answered, each once; wnid is NULL for labels without a synset id.
CREATE TABLE label (
    id INTEGER PRIMARY KEY,
    line TEXT NOT NULL UNIQUE,
    wnid TEXT,
    name TEXT NOT NULL
);

-- What produced an answer; '' where unknown.
CREATE TABLE producer (
    id INTEGER PRIMARY KEY,
    backend TEXT NOT NULL,
    detail TEXT NOT NULL,
    manifest_sha256 TEXT NOT NULL,
    model_sha256 TEXT NOT NULL,
    preprocessing TEXT NOT NULL,
    UNIQUE (backend, detail, manifest_sha256, model_sha256, preprocessing)
);

-- The accepted result of a done job. attempt: the token it came with.
CREATE TABLE result (
    item_id INTEGER NOT NULL,
    target_id INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    producer_id INTEGER NOT NULL REFERENCES producer (id),
    image_id INTEGER NOT NULL REFERENCES image (id),
    sent_as TEXT NOT NULL,
    http_status INTEGER,
    final_url TEXT,
    fetch_ms REAL NOT NULL,
    validate_ms REAL NOT NULL,
    predict_ms REAL NOT NULL,
    completed_ms INTEGER NOT NULL,
    class1 INTEGER NOT NULL,
    label1 INTEGER NOT NULL REFERENCES label (id),
    probability1 REAL NOT NULL,
    class2 INTEGER,
    label2 INTEGER REFERENCES label (id),
    probability2 REAL,
    class3 INTEGER,
    label3 INTEGER REFERENCES label (id),
    probability3 REAL,
    PRIMARY KEY (item_id, target_id),
    FOREIGN KEY (item_id, target_id) REFERENCES job (item_id, target_id)
) WITHOUT ROWID;

-- Why a failed job failed, or why a pending one is being tried again.
CREATE TABLE failure (
    item_id INTEGER NOT NULL,
    target_id INTEGER NOT NULL,
    stage TEXT NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT,
    http_status INTEGER,
    final_url TEXT,
    sha256 TEXT,
    kind TEXT,
    bytes INTEGER,
    fetch_ms REAL,
    validate_ms REAL,
    failed_ms INTEGER NOT NULL,
    PRIMARY KEY (item_id, target_id),
    FOREIGN KEY (item_id, target_id) REFERENCES job (item_id, target_id)
) WITHOUT ROWID;

-- The accounting of each run and target, kept in the same transactions as the jobs; the balance is
-- part of the schema.
CREATE TABLE tally (
    run_id INTEGER NOT NULL REFERENCES run (id),
    target_id INTEGER NOT NULL REFERENCES target (id),
    enqueued INTEGER NOT NULL DEFAULT 0,
    pending INTEGER NOT NULL DEFAULT 0 CHECK (pending >= 0),
    leased INTEGER NOT NULL DEFAULT 0 CHECK (leased >= 0),
    done INTEGER NOT NULL DEFAULT 0 CHECK (done >= 0),
    failed INTEGER NOT NULL DEFAULT 0 CHECK (failed >= 0),
    PRIMARY KEY (run_id, target_id),
    CHECK (enqueued = pending + leased + done + failed)
) WITHOUT ROWID;

-- Outcomes of a run in each ten seconds, for rates and times left; kept in the same transactions.
CREATE TABLE throughput (
    run_id INTEGER NOT NULL REFERENCES run (id),
    started_s INTEGER NOT NULL,
    done INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    PRIMARY KEY (run_id, started_s)
) WITHOUT ROWID;

-- WordNet's "is a" between synsets; empty until it is imported.
CREATE TABLE isa (
    child TEXT NOT NULL,
    parent TEXT NOT NULL,
    PRIMARY KEY (parent, child)
) WITHOUT ROWID;
