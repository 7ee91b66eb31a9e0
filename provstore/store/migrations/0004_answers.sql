-- Metrics that were read from outputs, and stores that were united with this one.
-- The verdict of a verification may also be 'within tolerance'.

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
