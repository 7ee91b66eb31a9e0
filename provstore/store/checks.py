"""What must not be in a store, as SQL: each statement gives the rows that should not exist.

Rules: every check is one row of a table, with a sentence for each row that it finds; `tests/store/test_fsck.py` has
a store for each that fails it and no other. What SQL can't say (digests, seals, files) is in `fsck.py`.
"""

from __future__ import annotations

from provstore.noun import NamedTuple


class Check(NamedTuple):
    """Rows that should not exist.

    Attributes:
        meaning: What it finds, for people.
        sentence: Of one row; `{}` stands for the columns after the first, which is the subject.
        sql: Gives the subject, and what the sentence needs.
    """

    meaning: str
    sentence: str
    sql: str


CHECKS = {
    "wrong-path": Check(
        "a dataset's path leaves the project although it is not external, or is not in its simplest form",
        "its path '{}' leaves the project, or is not in its simplest form",
        """
        SELECT 'dataset ' || id, path FROM dataset
         WHERE path = '' OR path GLOB '*//*' OR path GLOB './*' OR path GLOB '*/./*'
            OR (location <> 'external' AND (path = '..' OR path GLOB '/*' OR path GLOB '../*'))
        """,
    ),
    "wrong-digest": Check(
        "the digest of a dataset or an object is not of the agreed form",
        "the digest '{}' is not 'blake3:' and 64 digits",
        """
        SELECT 'dataset ' || id, digest FROM dataset
         WHERE digest NOT GLOB 'blake3:*' OR length(digest) <> 71 OR substr(digest, 8) GLOB '*[^0-9a-f]*'
        UNION ALL
        SELECT 'object ' || digest, digest FROM object
         WHERE digest NOT GLOB 'blake3:*' OR length(digest) <> 71 OR substr(digest, 8) GLOB '*[^0-9a-f]*'
        """,
    ),
    "wrong-semantic-digest": Check(
        "a semantic digest is not of the agreed form",
        "the semantic digest '{}' is not of the form 'format/version:digits'",
        "SELECT 'dataset ' || id, semantic_digest FROM dataset WHERE semantic_digest NOT GLOB '[^/]*/[0-9]*:[^:]*'",
    ),
    "wrong-kind": Check(
        "a dataset is neither a file nor a directory",
        "it is said to be a '{}', expected 'file' or 'directory'",
        "SELECT 'dataset ' || id, kind FROM dataset WHERE kind NOT IN ('file', 'directory')",
    ),
    "wrong-location": Check(
        "a dataset is at no known kind of place",
        "its location is '{}', expected 'project', 'external' or 'meta'",
        "SELECT 'dataset ' || id, location FROM dataset WHERE location NOT IN ('project', 'external', 'meta')",
    ),
    "wrong-number": Check(
        "a number that can't be: a negative size, say",
        "{} is {}",
        """
        SELECT 'dataset ' || id, 'its size', size FROM dataset WHERE size < 0
        UNION ALL SELECT 'dataset ' || id, 'its iteration', iteration FROM dataset WHERE iteration < 0
        UNION ALL SELECT 'dataset ' || id, 'executable', executable FROM dataset WHERE executable NOT IN (0, 1)
        UNION ALL SELECT 'dataset ' || id, 'overwritable', overwritable FROM dataset WHERE overwritable NOT IN (0, 1)
        UNION ALL SELECT 'execution ' || id, 'the size of its log', log_size FROM execution WHERE log_size < 0
        UNION ALL SELECT 'execution ' || id, 'its attempt', attempt FROM execution WHERE attempt < 1
        UNION ALL SELECT 'object ' || digest, 'its size', size FROM object WHERE size < 0
        """,
    ),
    "wrong-outcome": Check(
        "an execution or a run ended in a way that there is not",
        "its outcome is '{}'",
        """
        SELECT 'execution ' || id, outcome FROM execution
         WHERE outcome NOT IN ('succeeded', 'failed', 'tainted', 'timed-out', 'cancelled', 'interrupted')
        UNION ALL
        SELECT 'run ' || run, outcome FROM run_end
         WHERE outcome NOT IN ('succeeded', 'failed', 'cancelled', 'interrupted')
        """,
    ),
    "failed-success": Check(
        "an execution is said to have succeeded although its command failed",
        "it succeeded although its command ended with {}",
        """
        SELECT 'execution ' || id, coalesce('signal ' || signal, 'status ' || exit_status) FROM execution
         WHERE outcome = 'succeeded' AND (exit_status <> 0 OR signal IS NOT NULL)
        """,
    ),
    "made-by-failure": Check(
        "a dataset is said to be made by an execution that did not succeed, and was not deleted with it",
        "execution {} made it, which ended as '{}'",
        """
        SELECT 'dataset ' || d.id, e.id, e.outcome FROM dataset AS d JOIN execution AS e ON e.id = d.execution
         WHERE e.outcome <> 'succeeded' AND NOT EXISTS (SELECT 1 FROM dataset_deletion AS x WHERE x.dataset = d.id)
        """,
    ),
    "wrong-type-of-collection": Check(
        "a collection is of no known type, or of another than what is in it asks for",
        "its type is '{}', expected {}",
        """
        SELECT 'collection ' || name, type, 'RUN, TAGGED, CHAINED or CALIBRATION' FROM collection
         WHERE type NOT IN ('RUN', 'TAGGED', 'CHAINED', 'CALIBRATION')
        UNION ALL
        SELECT 'collection ' || c.name, c.type, 'RUN: dataset ' || d.id || ' was made in it'
          FROM dataset AS d JOIN collection AS c ON c.name = d.run WHERE c.type <> 'RUN'
        UNION ALL
        SELECT 'collection ' || c.name, c.type, 'CHAINED: it has the child ' || m.child
          FROM chain_member AS m JOIN collection AS c ON c.name = m.chain WHERE c.type <> 'CHAINED'
        UNION ALL
        SELECT 'collection ' || c.name, c.type, 'TAGGED or CALIBRATION: dataset ' || t.dataset || ' was put into it'
          FROM tag AS t JOIN collection AS c ON c.name = t.collection WHERE c.type NOT IN ('TAGGED', 'CALIBRATION')
        """,
    ),
    "wrong-time": Check(
        "a time is not of the agreed form",
        "{} is '{}', expected a time such as 2026-11-21T10:00:00.123456Z",
        """
        WITH moment (subject, what, said) AS (
            SELECT 'store', 'its creation', created FROM store
            UNION ALL SELECT 'run ' || id, 'its start', started FROM run
            UNION ALL SELECT 'run ' || run, 'its end', ended FROM run_end
            UNION ALL SELECT 'execution ' || id, 'its start', started FROM execution
            UNION ALL SELECT 'execution ' || id, 'its end', ended FROM execution WHERE ended IS NOT NULL
            UNION ALL SELECT 'dataset ' || id, 'its creation', created FROM dataset
            UNION ALL SELECT 'collection ' || name, 'its creation', created FROM collection
            UNION ALL SELECT 'member of a chain ' || id, 'its addition', added FROM chain_member
            UNION ALL SELECT 'removal of the member of a chain ' || member, 'its time', removed FROM chain_removal
            UNION ALL SELECT 'tag ' || id, 'its time', tagged FROM tag
            UNION ALL SELECT 'tag ' || id, 'the begin of its range', valid_from FROM tag WHERE valid_from IS NOT NULL
            UNION ALL SELECT 'tag ' || id, 'the end of its range', valid_to FROM tag WHERE valid_to IS NOT NULL
            UNION ALL SELECT 'removal of tag ' || tag, 'its time', removed FROM tag_removal
            UNION ALL SELECT 'deletion of dataset ' || dataset, 'its time', deleted FROM dataset_deletion
            UNION ALL SELECT 'change ' || id, 'its time', changed FROM dataset_change
            UNION ALL SELECT 'alias ' || id, 'its creation', created FROM alias
            UNION ALL SELECT 'dataset type ' || name, 'its registration', registered FROM dataset_type
            UNION ALL SELECT 'dimension ' || name, 'its registration', registered FROM dimension
            UNION ALL SELECT 'record of ' || dimension || ' ' || key, 'its time', inserted FROM dimension_record
            UNION ALL SELECT 'record of ' || dimension || ' ' || key, 'the begin of its time span', time_begin
                        FROM dimension_record WHERE time_begin IS NOT NULL
            UNION ALL SELECT 'record of ' || dimension || ' ' || key, 'the end of its time span', time_end
                        FROM dimension_record WHERE time_end IS NOT NULL
            UNION ALL SELECT 'equality ' || id, 'its time', recorded FROM equality
            UNION ALL SELECT 'acceptance ' || id, 'its time', accepted FROM acceptance
            UNION ALL SELECT 'verification ' || id, 'its time', verified FROM verification
            UNION ALL SELECT 'metric ' || id, 'its time', recorded FROM metric
            UNION ALL SELECT 'merge ' || id, 'its time', merged FROM merge
            UNION ALL SELECT 'recovery ' || id, 'its time', recovered FROM recovery
        )
        SELECT subject, what, said FROM moment
         WHERE length(said) <> 27 OR substr(said, 20) NOT GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]Z'
            OR said NOT GLOB '[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9].*'
        """,
    ),
    "missing-text": Check(
        "what a task printed, or a Pipelinefile that a run read, is not kept",
        "{} ({}) is not kept",
        """
        WITH needed (kind, id, what, digest) AS (
            SELECT 'execution', id, 'what it printed', log FROM execution WHERE log IS NOT NULL
            UNION ALL SELECT 'execution', id, 'its configuration', configuration FROM execution
                       WHERE configuration IS NOT NULL
            UNION ALL SELECT 'run', run, 'the text of ' || file, digest FROM run_source
        )
        SELECT kind || ' ' || id, what, digest FROM needed AS n
         WHERE NOT EXISTS (SELECT 1 FROM object WHERE digest = n.digest)
           AND NOT EXISTS (SELECT 1 FROM recovery AS r, json_each(r.lost) AS l
                            WHERE json_extract(l.value, '$[0]') = 'object' AND json_extract(l.value, '$[1]') = n.digest)
           AND NOT EXISTS (  -- what came by a merge may have come without its bytes
               SELECT 1 FROM record AS f CROSS JOIN merge AS m CROSS JOIN record AS j
                WHERE f.subject = n.id AND f.kind = n.kind AND j.subject = m.id AND j.kind = 'merge'
                  AND f.position BETWEEN j.position - m.added AND j.position - 1)
        """,
    ),
    "wrong-memory": Check(
        "what is remembered does not fit the facts",
        "{}",
        """
        SELECT 'what is remembered of ' || t.stage || ' ' || t.data_id,
               'its last success, execution ' || t.execution || ', ended as ' || e.outcome
          FROM task_memo AS t JOIN execution AS e ON e.id = t.execution WHERE e.outcome <> 'succeeded'
        UNION ALL
        SELECT 'what is remembered of ' || f.path, 'dataset ' || f.dataset || ' has another path, ' || d.path
          FROM file_memo AS f JOIN dataset AS d ON d.id = f.dataset WHERE d.path <> f.path
        UNION ALL
        SELECT 'what is remembered of ' || f.path, 'dataset ' || f.dataset || ' has another path, ' || d.path
          FROM directory_memo AS f JOIN dataset AS d ON d.id = f.dataset WHERE d.path <> f.path
        """,
    ),
    "wrong-values": Check(
        "what is remembered of the values in data IDs does not fit; `recover` makes it anew",
        "{}",
        """
        WITH known (type, dimension, value, kind) AS MATERIALIZED (
            SELECT d.type, j.key, coalesce(j.atom, ''), j.type
              FROM (SELECT DISTINCT type, data_id FROM dataset WHERE json_valid(data_id)) AS d
             CROSS JOIN json_each(d.data_id) AS j
             UNION
            SELECT d.type, '', coalesce((SELECT group_concat(j.key, '"') FROM json_each(d.data_id) AS j), ''), 'names'
              FROM (SELECT DISTINCT type, data_id FROM dataset WHERE json_valid(data_id)) AS d
             UNION
            SELECT d.type, '', j.key, 'odd'
              FROM (SELECT DISTINCT type, data_id FROM dataset WHERE json_valid(data_id)) AS d
             CROSS JOIN json_each(d.data_id) AS j
             WHERE j.type NOT IN ('integer', 'text', 'true', 'false') OR typeof(j.atom) = 'real'
        )
        SELECT 'data IDs of type ' || type, dimension || '=' || value || ' is not remembered' FROM (
            SELECT * FROM known EXCEPT SELECT type, dimension, value, kind FROM data_id_value)
        UNION ALL
        SELECT 'data IDs of type ' || type, dimension || '=' || value || ' is remembered, and in none of them' FROM (
            SELECT type, dimension, value, kind FROM data_id_value EXCEPT SELECT * FROM known)
         WHERE NOT EXISTS (SELECT 1 FROM dataset WHERE NOT json_valid(data_id))
        """,
    ),
    "wrong-sky": Check(
        "the index of regions on the sky does not hold just the boxes of the records; `recover` makes it anew",
        "{}",
        """
        WITH known (dimension, key, a, b, c, d, e, f) AS (  -- the index rounds outwards, to 24 bits
            SELECT dimension, key, json_extract(box, '$[0]'), json_extract(box, '$[1]'), json_extract(box, '$[2]'),
                   json_extract(box, '$[3]'), json_extract(box, '$[4]'), json_extract(box, '$[5]')
              FROM dimension_record WHERE box IS NOT NULL
        )
        SELECT 'record of ' || k.dimension || ' ' || k.key, 'its box is not in the table sky' FROM known AS k
         WHERE NOT EXISTS (
            SELECT 1 FROM sky AS s
             WHERE s.x_min BETWEEN k.a - 1e-6 AND k.a AND s.x_max BETWEEN k.b AND k.b + 1e-6
               AND s.y_min BETWEEN k.c - 1e-6 AND k.c AND s.y_max BETWEEN k.d AND k.d + 1e-6
               AND s.z_min BETWEEN k.e - 1e-6 AND k.e AND s.z_max BETWEEN k.f AND k.f + 1e-6
               AND s.dimension = k.dimension AND s.key = k.key)
        UNION ALL
        SELECT 'table sky', 'it has ' || s.number || ' rows, expected ' || k.number
          FROM (SELECT count(*) AS number FROM sky) AS s, (SELECT count(*) AS number FROM known) AS k
         WHERE s.number <> k.number
        UNION ALL
        SELECT 'record of ' || dimension || ' ' || key, 'it has a region without a box, or a box without a region'
          FROM dimension_record WHERE (region IS NULL) <> (box IS NULL)
        """,
    ),
}
"""Slug → rows that should not exist."""

REFERENCES = """
    SELECT 'usage of execution ' || execution || ', role ' || role, 'execution', execution FROM usage AS u
     WHERE NOT EXISTS (SELECT 1 FROM execution AS e WHERE e.id = u.execution)
    UNION ALL
    SELECT 'usage of execution ' || execution || ', role ' || role, 'dataset', dataset FROM usage AS u
     WHERE NOT EXISTS (SELECT 1 FROM dataset AS d WHERE d.id = u.dataset)
    UNION ALL
    SELECT 'dataset ' || id, 'execution', execution FROM dataset AS d
     WHERE execution IS NOT NULL AND NOT EXISTS (SELECT 1 FROM execution AS e WHERE e.id = d.execution)
       AND NOT EXISTS (  -- a task may register data while it is under way, and is recorded when it has ended
           SELECT 1 FROM record AS f JOIN record AS b ON b.kind = 'run' AND b.position < f.position
            WHERE f.subject = d.id AND f.kind = 'dataset'
              AND NOT EXISTS (SELECT 1 FROM run_end AS n WHERE n.run = b.subject))
    UNION ALL
    SELECT 'dataset ' || id, 'dataset', replaces FROM dataset AS d
     WHERE replaces IS NOT NULL AND NOT EXISTS (SELECT 1 FROM dataset AS o WHERE o.id = d.replaces)
    UNION ALL
    SELECT 'dataset ' || id, 'collection', run FROM dataset AS d
     WHERE NOT EXISTS (SELECT 1 FROM collection AS c WHERE c.name = d.run)
    UNION ALL
    SELECT 'execution ' || id, 'run', run FROM execution AS e
     WHERE run IS NOT NULL AND NOT EXISTS (SELECT 1 FROM run AS r WHERE r.id = e.run)
    UNION ALL
    SELECT 'end of run ' || run, 'run', run FROM run_end AS e
     WHERE NOT EXISTS (SELECT 1 FROM run AS r WHERE r.id = e.run)
    UNION ALL
    SELECT 'code of run ' || run, 'run', run FROM run_code AS e
     WHERE NOT EXISTS (SELECT 1 FROM run AS r WHERE r.id = e.run)
    UNION ALL
    SELECT 'file ' || file || ' of run ' || run, 'run', run FROM run_source AS e
     WHERE NOT EXISTS (SELECT 1 FROM run AS r WHERE r.id = e.run)
    UNION ALL
    SELECT 'member of a chain ' || id, 'collection', chain FROM chain_member AS m
     WHERE NOT EXISTS (SELECT 1 FROM collection AS c WHERE c.name = m.chain)
    UNION ALL
    SELECT 'member of a chain ' || id, 'collection', child FROM chain_member AS m
     WHERE NOT EXISTS (SELECT 1 FROM collection AS c WHERE c.name = m.child)
    UNION ALL
    SELECT 'removal of the member of a chain ' || member, 'chain_member', member FROM chain_removal AS x
     WHERE NOT EXISTS (SELECT 1 FROM chain_member AS m WHERE m.id = x.member)
    UNION ALL
    SELECT 'tag ' || id, 'collection', collection FROM tag AS t
     WHERE NOT EXISTS (SELECT 1 FROM collection AS c WHERE c.name = t.collection)
    UNION ALL
    SELECT 'tag ' || id, 'dataset', dataset FROM tag AS t
     WHERE NOT EXISTS (SELECT 1 FROM dataset AS d WHERE d.id = t.dataset)
    UNION ALL
    SELECT 'removal of tag ' || tag, 'tag', tag FROM tag_removal AS x
     WHERE NOT EXISTS (SELECT 1 FROM tag AS t WHERE t.id = x.tag)
    UNION ALL
    SELECT 'deletion of dataset ' || dataset, 'dataset', dataset FROM dataset_deletion AS x
     WHERE NOT EXISTS (SELECT 1 FROM dataset AS d WHERE d.id = x.dataset)
    UNION ALL
    SELECT 'change ' || id, 'dataset', dataset FROM dataset_change AS c
     WHERE NOT EXISTS (SELECT 1 FROM dataset AS d WHERE d.id = c.dataset)
    UNION ALL
    SELECT 'keyword ' || word, 'dataset', dataset FROM keyword AS k
     WHERE NOT EXISTS (SELECT 1 FROM dataset AS d WHERE d.id = k.dataset)
    UNION ALL
    SELECT 'record of ' || dimension || ' ' || key, 'dimension', dimension FROM dimension_record AS r
     WHERE NOT EXISTS (SELECT 1 FROM dimension AS d WHERE d.name = r.dimension)
    UNION ALL
    SELECT 'alias ' || name, 'dataset', target FROM alias AS a
     WHERE NOT EXISTS (SELECT 1 FROM dataset AS d WHERE d.id = a.target)
       AND NOT EXISTS (SELECT 1 FROM alias AS b WHERE b.name = a.target)
    UNION ALL
    SELECT 'equality ' || id, 'dataset', dataset FROM equality AS q
     WHERE NOT EXISTS (SELECT 1 FROM dataset AS d WHERE d.id = q.dataset)
    UNION ALL
    SELECT 'equality ' || id, 'dataset', other FROM equality AS q
     WHERE NOT EXISTS (SELECT 1 FROM dataset AS d WHERE d.id = q.other)
    UNION ALL
    SELECT 'acceptance ' || id, 'execution', execution FROM acceptance AS a
     WHERE NOT EXISTS (SELECT 1 FROM execution AS e WHERE e.id = a.execution)
    UNION ALL
    SELECT 'verification ' || id, 'execution', execution FROM verification AS v
     WHERE NOT EXISTS (SELECT 1 FROM execution AS e WHERE e.id = v.execution)
    UNION ALL
    SELECT 'metric ' || id, 'dataset', dataset FROM metric AS m
     WHERE NOT EXISTS (SELECT 1 FROM dataset AS d WHERE d.id = m.dataset)
    UNION ALL
    SELECT 'what is remembered of ' || stage || ' ' || data_id, 'execution', execution FROM task_memo AS t
     WHERE NOT EXISTS (SELECT 1 FROM execution AS e WHERE e.id = t.execution)
    UNION ALL
    SELECT 'what is remembered of ' || path, 'dataset', dataset FROM file_memo AS f
     WHERE dataset IS NOT NULL AND NOT EXISTS (SELECT 1 FROM dataset AS d WHERE d.id = f.dataset)
    UNION ALL
    SELECT 'what is remembered of ' || path, 'dataset', dataset FROM directory_memo AS f
     WHERE dataset IS NOT NULL AND NOT EXISTS (SELECT 1 FROM dataset AS d WHERE d.id = f.dataset)
"""
"""Facts and memory that refer to a fact that is not there: subject, and what it refers to."""

UNRECORDED = """
    SELECT 'run', id FROM run AS f WHERE NOT EXISTS (SELECT 1 FROM record WHERE subject = f.id AND kind = 'run')
    UNION ALL
    SELECT 'run_code', run FROM run_code AS f
     WHERE NOT EXISTS (SELECT 1 FROM record WHERE subject = f.run AND kind = 'run_code')
    UNION ALL
    SELECT 'run_end', run FROM run_end AS f
     WHERE NOT EXISTS (SELECT 1 FROM record WHERE subject = f.run AND kind = 'run_end')
    UNION ALL
    SELECT 'execution', id FROM execution AS f
     WHERE NOT EXISTS (SELECT 1 FROM record WHERE subject = f.id AND kind = 'execution')
    UNION ALL
    SELECT 'dataset', id FROM dataset AS f
     WHERE NOT EXISTS (SELECT 1 FROM record WHERE subject = f.id AND kind = 'dataset')
       AND NOT EXISTS (SELECT 1 FROM record WHERE subject = f.execution AND kind = 'execution')
    UNION ALL
    SELECT 'collection', name FROM collection AS f
     WHERE NOT EXISTS (SELECT 1 FROM record WHERE subject = f.name AND kind = 'collection')
    UNION ALL
    SELECT 'chain_member', id FROM chain_member AS f
     WHERE NOT EXISTS (SELECT 1 FROM record WHERE subject = f.id AND kind = 'chain_member')
    UNION ALL
    SELECT 'chain_removal', member FROM chain_removal AS f
     WHERE NOT EXISTS (SELECT 1 FROM record WHERE subject = f.member AND kind = 'chain_removal')
    UNION ALL
    SELECT 'tag', id FROM tag AS f
     WHERE NOT EXISTS (SELECT 1 FROM record WHERE subject = f.id AND kind = 'tag')
    UNION ALL
    SELECT 'tag_removal', tag FROM tag_removal AS f
     WHERE NOT EXISTS (SELECT 1 FROM record WHERE subject = f.tag AND kind = 'tag_removal')
    UNION ALL
    SELECT 'dataset_deletion', dataset FROM dataset_deletion AS f
     WHERE NOT EXISTS (SELECT 1 FROM record WHERE subject = f.dataset AND kind = 'dataset_deletion')
    UNION ALL
    SELECT 'dataset_change', id FROM dataset_change AS f
     WHERE NOT EXISTS (SELECT 1 FROM record WHERE subject = f.id AND kind = 'dataset_change')
    UNION ALL
    SELECT 'keyword', dataset || ' ' || word FROM keyword AS f
     WHERE NOT EXISTS (SELECT 1 FROM record WHERE subject = f.dataset || ' ' || f.word AND kind = 'keyword')
    UNION ALL
    SELECT 'alias', id FROM alias AS f
     WHERE NOT EXISTS (SELECT 1 FROM record WHERE subject = f.id AND kind = 'alias')
    UNION ALL
    SELECT 'equality', id FROM equality AS f
     WHERE NOT EXISTS (SELECT 1 FROM record WHERE subject = f.id AND kind = 'equality')
    UNION ALL
    SELECT 'acceptance', id FROM acceptance AS f
     WHERE NOT EXISTS (SELECT 1 FROM record WHERE subject = f.id AND kind = 'acceptance')
    UNION ALL
    SELECT 'verification', id FROM verification AS f
     WHERE NOT EXISTS (SELECT 1 FROM record WHERE subject = f.id AND kind = 'verification')
    UNION ALL
    SELECT 'metric', id FROM metric AS f
     WHERE NOT EXISTS (SELECT 1 FROM record WHERE subject = f.id AND kind = 'metric')
    UNION ALL
    SELECT 'merge', id FROM merge AS f
     WHERE NOT EXISTS (SELECT 1 FROM record WHERE subject = f.id AND kind = 'merge')
    UNION ALL
    SELECT 'recovery', id FROM recovery AS f
     WHERE NOT EXISTS (SELECT 1 FROM record WHERE subject = f.id AND kind = 'recovery')
    UNION ALL
    SELECT 'dataset_type', name FROM dataset_type AS f
     WHERE NOT EXISTS (SELECT 1 FROM record WHERE subject = f.name AND kind = 'dataset_type')
    UNION ALL
    SELECT 'dimension', id FROM dimension AS f
     WHERE NOT EXISTS (SELECT 1 FROM record WHERE subject = f.id AND kind = 'dimension')
    UNION ALL
    SELECT 'dimension_record', dimension || ' ' || key FROM dimension_record AS f
     WHERE NOT EXISTS (
         SELECT 1 FROM record WHERE subject = f.dimension || ' ' || f.key AND kind = 'dimension_record')
"""
"""Facts that no record proves: table and subject."""
