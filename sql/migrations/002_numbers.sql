-- What scoring, comparing and watching need.

-- What is right for a URL, each combination once: a synset, a text that the label is to contain, or
-- both.
CREATE TABLE expectation (
    id INTEGER PRIMARY KEY,
    wnid TEXT,
    text TEXT,
    CHECK (wnid IS NOT NULL OR text IS NOT NULL)
);
CREATE UNIQUE INDEX expectation_key ON expectation (ifnull(wnid, ''), ifnull(text, ''));

INSERT INTO expectation (wnid, text)
SELECT DISTINCT expect_wnid, expect_text FROM item
WHERE expect_wnid IS NOT NULL OR expect_text IS NOT NULL;

ALTER TABLE item ADD COLUMN expectation_id INTEGER REFERENCES expectation (id);
UPDATE item SET expectation_id = (
    SELECT id FROM expectation
    WHERE ifnull(wnid, '') = ifnull(item.expect_wnid, '')
        AND ifnull(text, '') = ifnull(item.expect_text, ''));

-- Views read the columns that go; they are made anew behind the migrations.
DROP VIEW IF EXISTS accuracy;
DROP VIEW IF EXISTS comparison;
ALTER TABLE item DROP COLUMN expect_wnid;
ALTER TABLE item DROP COLUMN expect_text;

-- Which URLs answered with a picture: tells duplicates.
CREATE INDEX item_picture ON item (image_id) WHERE image_id IS NOT NULL;

-- class_id: the first label of the same class, by synset id, or by name where there is none; lists
-- of several models write one class differently.
ALTER TABLE label ADD COLUMN class_id INTEGER REFERENCES label (id);
CREATE INDEX label_wnid ON label (wnid) WHERE wnid IS NOT NULL;
CREATE INDEX label_name ON label (name) WHERE wnid IS NULL;
UPDATE label SET class_id = CASE
    WHEN wnid IS NOT NULL THEN (SELECT min(id) FROM label AS same WHERE same.wnid = label.wnid)
    ELSE (SELECT min(id) FROM label AS same WHERE same.wnid IS NULL AND same.name = label.name)
END;

-- Synsets and their hypernyms ("is a"), searched upwards.
CREATE TABLE synset (
    wnid TEXT PRIMARY KEY,
    name TEXT NOT NULL
) WITHOUT ROWID;

ALTER TABLE isa RENAME TO isa_downwards;
CREATE TABLE isa (
    child TEXT NOT NULL,
    parent TEXT NOT NULL,
    PRIMARY KEY (child, parent)
) WITHOUT ROWID;
INSERT INTO isa (child, parent) SELECT child, parent FROM isa_downwards;
DROP TABLE isa_downwards;

INSERT INTO setting (name, value, meaning) VALUES
    ('include_placeholders', 0, 'whether accuracy, calibration and comparison count placeholders'),
    ('include_duplicates', 0,
     'whether accuracy, calibration and comparison count every URL of a picture, not only the first');

-- What the daemon that holds the database is doing (view activity), written by it; empty when it has
-- ended.
CREATE TABLE live (
    name TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    in_flight INTEGER NOT NULL,
    ceiling INTEGER NOT NULL,
    detail TEXT NOT NULL,
    updated_ms INTEGER NOT NULL
) WITHOUT ROWID;

-- Of how many jobs which reason is known, kept in the same transactions as the jobs. jobs: that failed;
-- waiting: that are tried again, pending or leased.
CREATE TABLE blame (
    run_id INTEGER NOT NULL REFERENCES run (id),
    target_id INTEGER NOT NULL REFERENCES target (id),
    stage TEXT NOT NULL,
    reason TEXT NOT NULL,
    jobs INTEGER NOT NULL DEFAULT 0 CHECK (jobs >= 0),
    waiting INTEGER NOT NULL DEFAULT 0 CHECK (waiting >= 0),
    PRIMARY KEY (run_id, target_id, stage, reason)
) WITHOUT ROWID;
INSERT INTO blame (run_id, target_id, stage, reason, jobs, waiting)
SELECT
    item.run_id, failure.target_id, failure.stage, failure.reason, sum(job.state = 3),
    sum(job.state <> 3)
FROM failure
CROSS JOIN job ON job.item_id = failure.item_id AND job.target_id = failure.target_id
CROSS JOIN item ON item.id = failure.item_id
WHERE job.state <> 2
GROUP BY 1, 2, 3, 4;
