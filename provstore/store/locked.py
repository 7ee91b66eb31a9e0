"""What a lock file is made of: the datasets that lie in the workspace, as far as memory tells."""

from __future__ import annotations

import sqlite3

from provstore.model.files import RecordedContent
from provstore.noun import NamedTuple

FILES = """
    SELECT m.path, d.kind, d.executable, d.digest, d.semantic_digest, d.id, m.identity
      FROM file_memo AS m CROSS JOIN dataset AS d ON d.id = m.dataset
"""
DIRECTORIES = """
    SELECT m.path, d.kind, d.executable, d.digest, d.semantic_digest, d.id, m.identity
      FROM directory_memo AS m CROSS JOIN dataset AS d ON d.id = m.dataset
"""


class Known(NamedTuple):
    """A dataset that lies in the workspace."""

    content: RecordedContent
    dataset: str


def known_datasets(conn: sqlite3.Connection) -> dict[str, Known]:
    """What is remembered of files and directories that are datasets, by path."""
    found = {}
    for path, kind, executable, digest, semantic, dataset, identity in (
        *conn.execute(FILES),
        *conn.execute(DIRECTORIES),
    ):
        content = RecordedContent(path, kind, bool(executable), digest, semantic)
        if content.identity == identity:  # else memory is of something else by now
            found[path] = Known(content, dataset)
    return found
