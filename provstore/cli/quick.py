"""Reads the plain forms of `run`, `status` and `check` without click.

Importing click costs twice as much as starting Python, which is most of what a run with nothing to do takes.
So the plain forms are read here; whatever is not in these tables (help, mistakes, abbreviations, -P) goes to
click. A test compares both on all that is read here, and the tables with click's own.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FLAGS: Mapping[str, Mapping[str, str]] = {
    "run": {
        "-n": "dry_run",
        "--dry-run": "dry_run",
        "-k": "keep_going",
        "--keep-going": "keep_going",
        "--force": "force",
        "--only": "only",
        "--downstream": "downstream",
        "--register-dataset-types": "register_types",
        "--replace-run": "replace_run",
        "--no-wait": "no_wait",
        "--json": "as_json",
    },
    "status": {"--json": "as_json"},
    "check": {"--json": "as_json", "--locked": "locked"},
}
"""Flag of a command → its name in `faces.Words`."""

JOBS_AT_MOST = 4096


def quick_call(words: list[str]) -> int | None:
    """Runs a plain command line and returns its exit status; None: click has to read it."""
    if not words or words[0] not in FLAGS:
        return None
    found = read(words[0], words[1:])
    if found is None:
        return None
    from provstore.cli import faces

    said = faces.Words(**found)  # type: ignore[arg-type]
    return faces.run(said) if words[0] == "run" else faces.status(said, check=words[0] == "check")


def read(command: str, words: list[str]) -> dict[str, object] | None:
    """The words as fields of `faces.Words`; None where something is not plain."""
    found: dict[str, object] = {}
    targets: list[str] = []
    folders: list[str] = []
    rest = iter(words)
    for word in rest:
        if word in FLAGS[command]:
            found[FLAGS[command][word]] = True
        elif word == "-C":
            value = next(rest, None)
            if value is None or folders:
                return None
            folders.append(value)
        elif word.startswith("-j") and command == "run":
            jobs = _jobs(word, rest)
            if jobs is None:
                return None
            found["jobs"] = jobs
        elif word.startswith("-") or not word:
            return None
        else:
            targets.append(word)
    return {**found, "targets": tuple(targets), "folders": tuple(folders)}


def _jobs(word: str, rest: Iterator[str]) -> int | None:
    """The number in ``-j 4`` or ``-j4``; None where it is no plain number."""
    text = word[2:] or next(rest, "")
    if not (text.isascii() and text.isdecimal()):
        return None
    jobs = int(text)
    return jobs if 1 <= jobs <= JOBS_AT_MOST else None
