"""A migration that has been shipped never changes: a store made by it exists somewhere.

`migrations.json` holds the digest of each. A new file is added to it by

    python tests/meta/test_migrations.py

which never replaces a digest that is there: what is wrong in a shipped migration is mended by the next one.
Until the release that ships it, take its line out by hand and run the command again.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from blake3 import blake3

ROOT = Path(__file__).resolve().parents[2]
MIGRATIONS = ROOT / "provstore" / "store" / "migrations"
KNOWN = Path(__file__).with_name("migrations.json")


def present() -> dict[str, str]:
    """File name → digest of every migration that is here."""
    return {file.name: "blake3:" + blake3(file.read_bytes()).hexdigest() for file in sorted(MIGRATIONS.glob("*.sql"))}


def known() -> dict[str, str]:
    """File name → digest as it was recorded."""
    recorded: dict[str, str] = json.loads(KNOWN.read_text(encoding="utf-8"))
    return recorded


def test_every_migration_is_what_it_was_when_it_was_recorded() -> None:
    """None is changed, none is missing, and a new one is recorded with the commit that adds it."""
    assert present() == known(), "changed: undo it and write a new migration; new: see the top of this file"


def test_migrations_are_numbered_without_gaps() -> None:
    """The number is the schema's version, so it counts from 0001 and each stands once."""
    names = list(present())

    assert [name[:4] for name in names] == [f"{number:04d}" for number in range(1, len(names) + 1)]
    assert all(re.fullmatch(r"\d{4}_[a-z0-9_]+\.sql", name) for name in names)


def main() -> None:
    """Records the digests of new migrations; leaves those that are known alone."""
    recorded = known() if KNOWN.exists() else {}
    KNOWN.write_text(json.dumps({**present(), **recorded}, indent=2, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
