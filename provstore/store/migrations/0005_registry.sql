-- The registry: dimensions, and what is known of their values.
-- The tables `dimension` and `dimension_record` were there before, and nothing wrote to them.

DROP TABLE dimension_record;
DROP TABLE dimension;

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

INSERT OR IGNORE INTO data_id_value (type, dimension, value, kind)
SELECT d.type, j.key, coalesce(j.atom, ''), j.type
  FROM (SELECT DISTINCT type, data_id FROM dataset WHERE json_valid(data_id)) AS d CROSS JOIN json_each(d.data_id) AS j
 UNION ALL
SELECT d.type, '', coalesce((SELECT group_concat(j.key, '"') FROM json_each(d.data_id) AS j), ''), 'names'
  FROM (SELECT DISTINCT type, data_id FROM dataset WHERE json_valid(data_id)) AS d
 UNION ALL
SELECT d.type, '', j.key, 'odd'
  FROM (SELECT DISTINCT type, data_id FROM dataset WHERE json_valid(data_id)) AS d CROSS JOIN json_each(d.data_id) AS j
 WHERE j.type NOT IN ('integer', 'text', 'true', 'false') OR typeof(j.atom) = 'real';

CREATE INDEX dataset_type_created ON dataset (type, created);
CREATE INDEX dataset_type_size ON dataset (type, size);
CREATE INDEX dataset_type_version ON dataset (type, version) WHERE version IS NOT NULL;
