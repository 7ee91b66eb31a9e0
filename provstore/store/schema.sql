-- The schema of a fresh store, for readers. Made from migrations/ by docs/generate.py; nothing reads it.

CREATE TABLE store (
    -- One row: this store itself. The chain begins with its digest.
    id         TEXT PRIMARY KEY,           -- origin of the records that are made here
    created    TEXT NOT NULL,
    provstore  TEXT NOT NULL               -- version that made the file
) STRICT;

CREATE TABLE record (
    -- The chain: one row for each finished fact, in the order in which they were recorded.
    position   INTEGER PRIMARY KEY,
    origin     TEXT NOT NULL,              -- store.id of the store in which it was recorded first
    kind       TEXT NOT NULL,              -- table of the fact: 'run', 'execution', 'dataset', ...
    subject    TEXT NOT NULL,              -- id of the fact in that table
    digest     TEXT NOT NULL,              -- blake3 of the fact's canonical JSON, with the rows that belong to it
    chain      TEXT NOT NULL               -- blake3 of "<chain of the former row> <origin> <digest>"
) STRICT;

CREATE UNIQUE INDEX record_subject ON record (subject, kind);

CREATE TABLE run (
    -- One call of `provstore run` that did something.
    id           TEXT PRIMARY KEY,
    started      TEXT NOT NULL,
    arguments    TEXT NOT NULL,            -- JSON array: the words after 'provstore'
    params       TEXT NOT NULL,            -- JSON object: overrides by -P
    collection   TEXT NOT NULL,            -- RUN collection of what it made
    user         TEXT NOT NULL,
    host         TEXT NOT NULL,
    system       TEXT NOT NULL,            -- operating system, release and machine
    python       TEXT NOT NULL,
    provstore    TEXT NOT NULL
) STRICT;

CREATE TABLE run_source (
    -- The text of each Pipelinefile (and file of parameters) that a run read.
    run          TEXT NOT NULL REFERENCES run (id),
    file         TEXT NOT NULL,            -- relative to the project's root
    digest       TEXT NOT NULL,            -- the text is the object of this digest
    PRIMARY KEY (run, file)
) STRICT, WITHOUT ROWID;

CREATE TABLE run_code (
    -- The project's git state at the start of a run; no row where there is no git.
    run          TEXT PRIMARY KEY REFERENCES run (id),
    commit_id    TEXT NOT NULL,
    branch       TEXT,                     -- NULL: detached
    dirty        INTEGER NOT NULL,         -- 1: files that git tracks differ from the commit
    diff_digest  TEXT                      -- blake3 of `git diff HEAD --binary`; NULL when clean
) STRICT;

CREATE TABLE run_end (
    -- How a run ended. A run without a row is under way, or was killed and not yet noticed.
    run          TEXT PRIMARY KEY REFERENCES run (id),
    ended        TEXT NOT NULL,
    outcome      TEXT NOT NULL,            -- 'succeeded', 'failed', 'cancelled', 'interrupted'
    summary      TEXT NOT NULL             -- JSON object: number of tasks by outcome
) STRICT;

CREATE TABLE execution (
    -- One attempt to run a task, or an execution registered by hand (then `run` and `key` are NULL).
    id            TEXT PRIMARY KEY,
    run           TEXT REFERENCES run (id),
    stage         TEXT,
    data_id       TEXT NOT NULL,           -- JSON object: dimension to value
    key           TEXT,                    -- digest of all that determines the result
    command       TEXT NOT NULL,           -- the rendered script or arguments
    shell         TEXT NOT NULL,           -- shell that got the script; '' without one
    cwd           TEXT NOT NULL,           -- working folder relative to the project; '' is the project
    params        TEXT NOT NULL,           -- JSON object: parameters it depends on
    environment   TEXT NOT NULL,           -- JSON object: variables it depends on; null: not set
    outputs       TEXT NOT NULL,           -- JSON array of [role, path, format]: what it was to make
    started       TEXT NOT NULL,
    ended         TEXT,
    outcome       TEXT NOT NULL,           -- 'succeeded', 'failed', 'tainted', 'timed-out', 'cancelled', 'interrupted'
    exit_status   INTEGER,                 -- NULL: ended by a signal, or never started
    signal        INTEGER,
    message       TEXT NOT NULL,           -- why it did not succeed, for a person
    cpu_seconds   REAL,
    peak_memory   INTEGER,                 -- bytes of its largest process; never below the runner's own size at the start
    log           TEXT,                    -- digest of the object with what it printed; NULL: nothing
    log_size      INTEGER NOT NULL,        -- bytes
    attempt       INTEGER NOT NULL,        -- 1, 2, ... within one run
    name          TEXT NOT NULL,
    description   TEXT NOT NULL,
    site          TEXT,
    configuration TEXT                     -- digest of the object with its configuration's text
) STRICT;
CREATE INDEX execution_key ON execution (key, outcome);
CREATE INDEX execution_task ON execution (stage, data_id, outcome);
CREATE INDEX execution_run ON execution (run);

CREATE TABLE dataset (
    -- One piece of data: a file or a directory as it was at one moment.
    id              TEXT PRIMARY KEY,
    type            TEXT NOT NULL,         -- dataset type
    data_id         TEXT NOT NULL,         -- JSON object: dimension to value
    run             TEXT NOT NULL REFERENCES collection (name),  -- the one RUN collection it belongs to
    path            TEXT NOT NULL,         -- relative to the project; with '../' or '/' in front when external
    kind            TEXT NOT NULL,         -- 'file', 'directory'
    executable      INTEGER NOT NULL,      -- 1: a file with an executable bit
    size            INTEGER NOT NULL,      -- bytes; of a directory: of all its files
    digest          TEXT NOT NULL,         -- blake3 of the bytes; of a directory: of its sorted manifest
    semantic_digest TEXT,                  -- NAME/VERSION:hex, equal for what is equal as data; NULL: the format has none
    format          TEXT NOT NULL,
    created         TEXT NOT NULL,         -- when it was recorded
    execution       TEXT REFERENCES execution (id),  -- what made it; NULL: nobody that is known
    role            TEXT NOT NULL,         -- which output of the execution; '' without one
    name            TEXT NOT NULL,
    version         TEXT,
    owner           TEXT NOT NULL,
    owner_type      TEXT NOT NULL,         -- 'user', 'group', 'project', 'production'
    description     TEXT NOT NULL,
    location        TEXT NOT NULL,         -- 'project', 'external', 'meta'
    url             TEXT,
    contact         TEXT,
    overwritable    INTEGER NOT NULL,
    iteration       INTEGER NOT NULL,      -- 0, 1, ... of those that replaced each other
    replaces        TEXT REFERENCES dataset (id),
    metadata        TEXT NOT NULL          -- JSON object, free
) STRICT;
CREATE INDEX dataset_path ON dataset (path, digest);
CREATE INDEX dataset_digest ON dataset (digest);
CREATE INDEX dataset_execution ON dataset (execution);
CREATE INDEX dataset_run ON dataset (run, type);
CREATE INDEX dataset_type_data_id ON dataset (type, data_id);
CREATE INDEX dataset_name ON dataset (name, version);
CREATE INDEX dataset_replaces ON dataset (replaces) WHERE replaces IS NOT NULL;

CREATE TABLE usage (
    -- Which execution read which dataset, in which role.
    execution  TEXT NOT NULL REFERENCES execution (id),
    role       TEXT NOT NULL,
    position   INTEGER NOT NULL,           -- order within the role, from 0
    dataset    TEXT NOT NULL REFERENCES dataset (id),
    PRIMARY KEY (execution, role, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_dataset ON usage (dataset);

CREATE TABLE recovery (
    -- `provstore recover` wrote this file from what was whole in a damaged one.
    id            TEXT PRIMARY KEY,
    recovered     TEXT NOT NULL,
    source        TEXT NOT NULL,           -- name under which the damaged file was kept
    source_digest TEXT NOT NULL,           -- blake3 of its bytes
    kept          INTEGER NOT NULL,        -- facts that were taken over
    unproved      INTEGER NOT NULL,        -- of these: facts whose record was lost, so that nothing proves them
    lost          TEXT NOT NULL            -- JSON array of [kind, subject, digest]: records whose facts are lost
) STRICT;

CREATE TABLE dataset_deletion (
    -- A dataset's data were removed; the record stays.
    dataset    TEXT PRIMARY KEY REFERENCES dataset (id),
    deleted    TEXT NOT NULL,
    user       TEXT NOT NULL,
    kept_bytes INTEGER NOT NULL            -- 1: only the record was taken out of use
) STRICT;

CREATE TABLE dataset_change (
    -- A change of what is not identity; the newest row for a field holds, the others are its history.
    id         TEXT PRIMARY KEY,
    dataset    TEXT NOT NULL REFERENCES dataset (id),
    field      TEXT NOT NULL,              -- 'description', 'url', 'metadata', 'keywords'
    value      TEXT NOT NULL,              -- JSON
    changed    TEXT NOT NULL,
    user       TEXT NOT NULL
) STRICT;
CREATE INDEX dataset_change_dataset ON dataset_change (dataset, field);

CREATE TABLE keyword (
    -- Words given to datasets when they were registered.
    dataset    TEXT NOT NULL REFERENCES dataset (id),
    word       TEXT NOT NULL,              -- lower case
    PRIMARY KEY (word, dataset)
) STRICT, WITHOUT ROWID;

CREATE TABLE alias (
    -- A name for a dataset or for another alias; the newest row of a name holds.
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    target     TEXT NOT NULL,              -- dataset.id or alias.name
    created    TEXT NOT NULL
) STRICT;
CREATE INDEX alias_name ON alias (name);

CREATE TABLE acceptance (
    -- A person took the present outputs of a task for right although its key had changed.
    id         TEXT PRIMARY KEY,
    stage      TEXT NOT NULL,
    data_id    TEXT NOT NULL,
    key        TEXT NOT NULL,
    execution  TEXT NOT NULL REFERENCES execution (id),  -- whose outputs are taken
    user       TEXT NOT NULL,
    accepted   TEXT NOT NULL,
    message    TEXT NOT NULL
) STRICT;
CREATE INDEX acceptance_key ON acceptance (key);

CREATE TABLE verification (
    -- The work of an execution was done again elsewhere and compared.
    id         TEXT PRIMARY KEY,
    execution  TEXT NOT NULL REFERENCES execution (id),
    verified   TEXT NOT NULL,
    verdict    TEXT NOT NULL,              -- 'identical', 'equivalent', 'different', 'failed'
    host       TEXT NOT NULL,
    user       TEXT NOT NULL,
    details    TEXT NOT NULL               -- JSON
) STRICT;
CREATE INDEX verification_execution ON verification (execution);

CREATE TABLE collection (
    -- A named set of datasets.
    name        TEXT PRIMARY KEY,
    type        TEXT NOT NULL,             -- 'RUN', 'TAGGED', 'CHAINED', 'CALIBRATION'
    created     TEXT NOT NULL,
    description TEXT NOT NULL
) STRICT;

CREATE TABLE chain_member (
    -- A child of a CHAINED collection; searched by ascending position.
    id         TEXT PRIMARY KEY,
    chain      TEXT NOT NULL REFERENCES collection (name),
    child      TEXT NOT NULL REFERENCES collection (name),
    position   INTEGER NOT NULL,           -- falls below zero when a child is put at the head
    added      TEXT NOT NULL
) STRICT;
CREATE INDEX chain_member_chain ON chain_member (chain, position);
CREATE INDEX chain_member_child ON chain_member (child);

CREATE TABLE chain_removal (
    -- A child was taken out of a chain.
    member     TEXT PRIMARY KEY REFERENCES chain_member (id),
    removed    TEXT NOT NULL
) STRICT;

CREATE TABLE tag (
    -- A dataset was put into a TAGGED collection, or into a CALIBRATION collection for a time.
    id         TEXT PRIMARY KEY,
    collection TEXT NOT NULL REFERENCES collection (name),
    dataset    TEXT NOT NULL REFERENCES dataset (id),
    valid_from TEXT,                       -- CALIBRATION: first moment, NULL is open
    valid_to   TEXT,                       -- CALIBRATION: first moment after, NULL is open
    tagged     TEXT NOT NULL
) STRICT;
CREATE INDEX tag_collection ON tag (collection, dataset);
CREATE INDEX tag_dataset ON tag (dataset);

CREATE TABLE tag_removal (
    -- A dataset was taken out of a TAGGED or CALIBRATION collection.
    tag        TEXT PRIMARY KEY REFERENCES tag (id),
    removed    TEXT NOT NULL
) STRICT;

CREATE TABLE dataset_type (
    -- A named kind of data, as it was first used.
    name        TEXT PRIMARY KEY,
    dimensions  TEXT NOT NULL,             -- JSON array
    format      TEXT NOT NULL,
    path        TEXT,                      -- path template
    description TEXT NOT NULL,
    registered  TEXT NOT NULL
) STRICT;

CREATE TABLE object (
    -- Bytes that are kept, by digest; those of a directory are its manifest. Not a fact: gc may free them.
    digest     TEXT PRIMARY KEY,
    size       INTEGER NOT NULL,
    content    BLOB                        -- NULL: in the file .provstore/objects/<first two digits>/<others>
) STRICT;

CREATE TABLE file_memo (
    -- The content that a path had when it was last read, and how the file looked then.
    path       TEXT PRIMARY KEY,
    device     INTEGER NOT NULL,
    inode      INTEGER NOT NULL,
    size       INTEGER NOT NULL,
    mtime      INTEGER NOT NULL,           -- nanoseconds since 1970
    ctime      INTEGER NOT NULL,           -- nanoseconds since 1970
    identity   TEXT NOT NULL,              -- what decides: semantic or byte digest, with '+x' for an executable file
    dataset    TEXT,                       -- the dataset with this content; NULL: not recorded yet
    seal       INTEGER NOT NULL            -- CRC-32 of the other columns
) STRICT, WITHOUT ROWID;

CREATE TABLE directory_memo (
    -- The same for a whole directory.
    path       TEXT PRIMARY KEY,
    signature  TEXT NOT NULL,              -- digest over names and stat of all that is in it
    identity   TEXT NOT NULL,
    dataset    TEXT,
    members    TEXT NOT NULL,              -- JSON object: path within -> [device, inode, size, mtime, ctime, digest]
    seal       INTEGER NOT NULL
) STRICT;

CREATE TABLE task_memo (
    -- The last success of each task: read in one go instead of one look-up for each key.
    stage      TEXT NOT NULL,
    data_id    TEXT NOT NULL,
    key        TEXT NOT NULL,
    execution  TEXT NOT NULL,
    outputs    TEXT NOT NULL,              -- identities of the outputs, in their order, with spaces between
    seal       INTEGER NOT NULL,
    PRIMARY KEY (stage, data_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE plan_task (
    -- What it takes to run each task of the plan; read for tasks that run or are explained.
    position   INTEGER PRIMARY KEY,
    work       TEXT NOT NULL,              -- JSON
    seal       INTEGER NOT NULL
) STRICT;

CREATE VIEW v_dataset AS
    -- Datasets with what became of them. status: 'valid', 'replaced', 'deleted'.
    SELECT d.id, d.type, d.data_id, d.run, d.path, d.kind, d.size, d.digest, d.semantic_digest, d.format, d.created,
           d.execution, d.name, d.version, d.owner, d.owner_type, d.description,
           CASE WHEN x.dataset IS NOT NULL THEN 'deleted'
                WHEN EXISTS (SELECT 1 FROM dataset AS n WHERE n.replaces = d.id) THEN 'replaced'
                ELSE 'valid' END AS status,
           d.iteration, d.replaces, d.metadata, e.stage, e.outcome
      FROM dataset AS d
      LEFT JOIN execution AS e ON e.id = d.execution
      LEFT JOIN dataset_deletion AS x ON x.dataset = d.id;

CREATE VIEW v_execution AS
    -- Executions with their run's circumstances. seconds: wall-clock time.
    SELECT e.id, e.run, e.stage, e.data_id, e.outcome, e.exit_status, e.signal, e.message, e.started, e.ended,
           round((julianday(e.ended) - julianday(e.started)) * 86400.0, 3) AS seconds,
           e.cpu_seconds, e.peak_memory, e.command, e.params, e.environment, e.key, e.attempt, e.log_size,
           r.user, r.host, r.system, r.python, c.commit_id, c.branch, c.dirty
      FROM execution AS e
      LEFT JOIN run AS r ON r.id = e.run
      LEFT JOIN run_code AS c ON c.run = e.run;

CREATE VIEW v_lineage AS
    -- Each step from a dataset that was read to a dataset that was made, by way of an execution.
    SELECT u.dataset AS input, i.path AS input_path, u.role AS input_role, e.id AS execution, e.stage, e.data_id,
           o.id AS output, o.path AS output_path, o.role AS output_role
      FROM usage AS u
      JOIN execution AS e ON e.id = u.execution
      JOIN dataset AS i ON i.id = u.dataset
      JOIN dataset AS o ON o.execution = e.id;

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

CREATE TABLE metric (
    -- The numbers that were found in an output marked `metric = true`.
    id         TEXT PRIMARY KEY,
    dataset    TEXT NOT NULL REFERENCES dataset (id),
    measures   TEXT NOT NULL,              -- JSON object: name, with dots between its levels, to a number, text, true or false
    recorded   TEXT NOT NULL
) STRICT;
CREATE INDEX metric_dataset ON metric (dataset);

CREATE TABLE merge (
    -- The facts of another store were added to this one. Its chain can be made again from what is here.
    id         TEXT PRIMARY KEY,
    merged     TEXT NOT NULL,
    user       TEXT NOT NULL,
    host       TEXT NOT NULL,
    source     TEXT NOT NULL,              -- name of the other file
    store      TEXT NOT NULL,              -- JSON object: the row of the other's table `store`, with which its chain begins
    added      INTEGER NOT NULL,           -- records that were new here
    records    TEXT NOT NULL,              -- JSON array, the other's chain in its order: [first, last] positions here, or [origin, digest] of a record that is not here
    chain      TEXT NOT NULL               -- last link of the other's chain
) STRICT;

CREATE TABLE dimension (
    -- What an axis that labels data is; the newest row of a name holds.
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    definition  TEXT NOT NULL,             -- JSON object: type, requires, implies, metadata, timespan, region
    registered  TEXT NOT NULL
) STRICT;
CREATE INDEX dimension_name ON dimension (name);

CREATE TABLE dimension_record (
    -- One value of a dimension, with what is known of it.
    dimension   TEXT NOT NULL,             -- dimension.name
    key         TEXT NOT NULL,             -- JSON object: the dimensions that it requires, and its own value
    value       ANY NOT NULL,              -- its own value: a number or a text
    record      TEXT NOT NULL,             -- JSON object: implied dimensions and metadata
    time_begin  TEXT,                      -- first moment, NULL is open
    time_end    TEXT,                      -- first moment after, NULL is open
    region      TEXT,                      -- on the sky, in degrees (ICRS): 'CIRCLE(150.1, 2.2, 0.75)'
    box         TEXT,                      -- JSON array, around the region on the unit sphere: [x, x, y, y, z, z]
    inserted    TEXT NOT NULL,
    PRIMARY KEY (dimension, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX dimension_record_value ON dimension_record (dimension, value);

CREATE VIRTUAL TABLE sky USING rtree (
    -- Boxes of the regions of dimension records: an index, which can be made again from them.
    id, x_min, x_max, y_min, y_max, z_min, z_max, +dimension TEXT, +key TEXT
);

CREATE TABLE data_id_value (
    -- Memory: the values that each dimension has in the data IDs of each dataset type, and ('' as dimension) which
    -- dimensions these have. Kept when a dataset is added.
    type        TEXT NOT NULL,             -- dataset.type
    dimension   TEXT NOT NULL,
    value       ANY NOT NULL,              -- '' for what is no single value
    kind        TEXT NOT NULL,             -- as SQLite calls it in JSON: 'integer', 'text', 'true', ...; for '': 'names', or 'odd': a dimension with other values
    PRIMARY KEY (type, dimension, value, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX dataset_type_created ON dataset (type, created);
CREATE INDEX dataset_type_size ON dataset (type, size);
CREATE INDEX dataset_type_version ON dataset (type, version) WHERE version IS NOT NULL;
