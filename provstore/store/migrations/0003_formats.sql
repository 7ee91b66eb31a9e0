-- Formats: what a dataset is equal to although its bytes differ, and the formats that a plan declares.
-- What was remembered of the plan is worked out again by the next run.

CREATE TABLE equality (
    -- A dataset that is equal as data to the one whose place it took, although its bytes differ.
    id         TEXT PRIMARY KEY,
    dataset    TEXT NOT NULL REFERENCES dataset (id),
    other      TEXT NOT NULL REFERENCES dataset (id),  -- of the same path, earlier
    ignored    TEXT NOT NULL,              -- JSON array: in what they differ and it does not count, such as "chunking"
    recorded   TEXT NOT NULL
) STRICT;
CREATE INDEX equality_dataset ON equality (dataset);
CREATE INDEX dataset_semantic_digest ON dataset (semantic_digest) WHERE semantic_digest IS NOT NULL;

DROP TABLE plan;
DELETE FROM plan_task;

CREATE TABLE plan (
    -- One row: the tasks that the Pipelinefile came to, valid while all it was made from is the same. Most columns hold
    -- a line for each entry, ended by a newline; in an entry, '\' and a newline are written '\\' and '\n'.
    id           INTEGER PRIMARY KEY CHECK (id = 1),
    fingerprint  TEXT NOT NULL,            -- digest over files of the Pipelinefile, overrides, version
    meaning      TEXT NOT NULL,            -- digest of what the files say, comments and layout aside
    files        TEXT NOT NULL,            -- files of the Pipelinefile: digest, space, path
    environment  TEXT NOT NULL,            -- variables that stages depend on: digest or nothing, space, name
    paths        TEXT NOT NULL,            -- every path that a task reads or makes
    formats      TEXT NOT NULL,            -- paths with a declared format: its name, space, path
    stages       TEXT NOT NULL,            -- names
    stage_facts  TEXT NOT NULL,            -- of each stage: JSON array of dimensions, always, frozen, after; '' if all are empty
    task_stages  TEXT NOT NULL,            -- of each task: number of its stage, from 0
    data_ids     TEXT NOT NULL,            -- of each task
    statics      TEXT NOT NULL,            -- of each task: digest of its key's material but the inputs' identities
    inputs       TEXT NOT NULL,            -- of each task: numbers of its paths, from 0, with spaces between
    outputs      TEXT NOT NULL,            -- of each task: the same
    upstream     TEXT NOT NULL,            -- of each task: numbers of the tasks that make its inputs
    rest         TEXT NOT NULL,            -- searches; last, without newline, JSON array of gates, unresolved, remarks, settings; '' if all are empty
    seal         INTEGER NOT NULL
) STRICT;
