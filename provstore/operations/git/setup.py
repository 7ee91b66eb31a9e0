"""Tells git what a store and a lock file are, for those who commit them.

Two things are needed: the clone's configuration has the commands (`diff.provstore`, `merge.provstore`, ...), which git
takes from no commit, as they are programs; and attributes say for which files, which a commit may well hold.
"""

from __future__ import annotations

import os
import shlex

from provstore.noun import NamedTuple
from provstore.operations.git import attributes
from provstore.operations.git.call import git

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from provstore.project import Project

STORE = ".provstore/store.db"
DRIVERS = ("diff.provstore", "merge.provstore", "merge.provstore-lock")
"""Sections of git's configuration that are ours."""

CACHE = "refs/notes/textconv/provstore"
"""Where git keeps texts of stores that it has shown."""

KEEP_TEXTS = "diff.provstore.cachetextconv"
"""Whether git keeps the texts of stores: as notes, which are commits."""

TEXT_VERSION = 2
"""Of what a store looks like as text. It stands in the command, as git forgets kept texts when that changes."""

COMMAND = (
    'f() {{ p={program}; test -x "$p" || p=$(command -v provstore) || '
    """{{ echo "provstore is not there any more: install it, then 'provstore git install'" >&2; return 1; }}; """
    '"$p" git {words} "$@"; }}; f'
)
"""What git gives to the shell, with arguments behind it. The program may have moved since: then it is looked for."""


class GitReport(NamedTuple):
    """How git stands to a project.

    Attributes:
        root: Top folder of the worktree.
        folder: The project in it; "" where it is the top.
        configured: Each section of the clone's configuration → "installed", "missing", or "other": it is not what
            this provstore would write.
        files: Files with attributes of ours, absolute: those of them that have all lines.
        applies: Path relative to the project → git uses our drivers for it.
        ignored: The rule by which git passes over the store: "file:line:pattern"; "" where there is none.
        has_store: There is a store.
        tracked: It is in git's index.
        beside, beside_size: Objects that lie in files, which are not committed with the store.
        changed: What this call has written: "configuration", or the absolute path of a file.
    """

    root: str
    folder: str
    configured: Mapping[str, str]
    files: tuple[str, ...]
    applies: Mapping[str, bool]
    ignored: str
    has_store: bool
    tracked: bool
    beside: int
    beside_size: int
    changed: tuple[str, ...] = ()

    @property
    def is_installed(self) -> bool:
        """Stores are shown as text and united, here and now."""
        return set(self.configured.values()) == {"installed"} and all(self.applies.values())


class _Place(NamedTuple):
    """A project in a worktree."""

    project: Project
    root: str
    folder: str

    @property
    def lines(self) -> dict[str, tuple[str, ...]]:
        """File with attributes → the lines that say all that is needed."""
        lock = self.project.lock_file
        info = git(self.project.root, "rev-parse", "--git-path", "info/attributes")[1]
        return {
            os.path.join(self.project.root, ".gitattributes"): _lines("", lock),
            os.path.normpath(os.path.join(self.project.root, info.removesuffix("\n"))): _lines(self.folder, lock),
        }


def status(project: Project, program: str) -> GitReport:
    """How git stands to a project; nothing is written.

    Args:
        program: Absolute path of `provstore`, as git is to call it.

    Raises:
        UsageError: The project is in no worktree of git.
        MissingProgramError: git is not installed.
    """
    place = _place(project)
    known = _configuration(project.root)
    expected = _entries(program)
    beside, size = _beside(project)
    return GitReport(
        place.root,
        place.folder,
        {section: _state(section, known, expected) for section in DRIVERS},
        tuple(file for file, lines in place.lines.items() if attributes.has(file, lines)),
        {path: _applies(project.root, path, *drivers) for path, drivers in _wanted(project.lock_file).items()},
        _rule_that_ignores(project.root),
        project.store is not None,
        git(project.root, "ls-files", "--error-unmatch", "--", STORE, accept=(0, 1))[0] == 0,
        beside,
        size,
    )


def install(project: Project, program: str, *, local: bool) -> GitReport:
    """Writes what is missing. Errors as in `status`.

    Args:
        local: The attributes are for this clone only, and no file of the project is written.
    """
    place = _place(project)
    changed = []
    known = _configuration(project.root)
    for name, value in {**_entries(program), KEEP_TEXTS: _can_keep_texts(project.root)}.items():
        if known.get(name) != value:
            git(project.root, "config", "--local", "--replace-all", name, value)
            changed.append("configuration")
    file, lines = list(place.lines.items())[local]
    if attributes.add(file, lines):
        changed.append(file)
    return status(project, program)._replace(changed=tuple(dict.fromkeys(changed)))


def uninstall(project: Project, program: str) -> GitReport:
    """Takes out what `install` writes. Errors as in `status`."""
    place = _place(project)
    known = _configuration(project.root)
    changed = []
    for section in DRIVERS:
        if any(name.rpartition(".")[0] == section for name in known):
            git(project.root, "config", "--local", "--remove-section", section)
            changed.append("configuration")
    changed += [file for file, lines in place.lines.items() if attributes.remove(file, lines)]
    git(project.root, "update-ref", "-d", CACHE)
    return status(project, program)._replace(changed=tuple(dict.fromkeys(changed)))


def _place(project: Project) -> _Place:
    root = git(project.root, "rev-parse", "--show-toplevel")[1].removesuffix("\n")
    folder = git(project.root, "rev-parse", "--show-prefix")[1].removesuffix("\n").rstrip("/")
    return _Place(project, root, folder)


def _entries(program: str) -> dict[str, str]:
    """Names and values in the clone's configuration."""

    def command(words: str) -> str:
        return COMMAND.format(program=shlex.quote(program), words=words)

    def driver(words: str) -> str:  # git puts names of files in the place of these, quoted where they need it
        return command(words).replace("%", "%%") + " %O %A %B %P"

    return {
        "diff.provstore.textconv": command(f"textconv --rules {TEXT_VERSION}"),
        "merge.provstore.name": "provstore: unites two stores",
        "merge.provstore.driver": driver("merge-store"),
        "merge.provstore.recursive": "binary",
        "merge.provstore-lock.name": "provstore: unites two lock files task by task",
        "merge.provstore-lock.driver": driver("merge-lock"),
        "merge.provstore-lock.recursive": "text",
    }


def _can_keep_texts(folder: str) -> str:
    """Only where git knows who commits: else it would end, where it is only asked for a difference."""
    return "false" if git(folder, "var", "GIT_COMMITTER_IDENT", accept=(0, 128))[0] else "true"


def _configuration(folder: str) -> dict[str, str]:
    """The clone's own configuration of our drivers."""
    words = ("config", "--local", "--null", "--get-regexp", r"^(diff|merge)\.provstore(-lock)?\.")
    entries = git(folder, *words, accept=(0, 1))[1].split("\0")
    return {name: value for name, _, value in (entry.partition("\n") for entry in entries if entry)}


def _state(section: str, known: Mapping[str, str], expected: Mapping[str, str]) -> str:
    ours = {name: value for name, value in expected.items() if name.rpartition(".")[0] == section}
    if all(known.get(name) == value for name, value in ours.items()):
        return "installed"
    return "other" if any(name in known for name in ours) else "missing"


def _wanted(lock: str) -> dict[str, tuple[str | None, str]]:
    """Path relative to the project → its drivers for `diff` and `merge`."""
    return {STORE: ("provstore", "provstore"), lock: (None, "provstore-lock")}


def _lines(folder: str, lock: str) -> tuple[str, ...]:
    """Attributes of the store and of the lock file of a project in a folder."""
    before = f"{folder}/" if folder else ""
    return (
        f"{attributes.pattern(before + STORE)} -text diff=provstore merge=provstore",
        f"{attributes.pattern(before + lock)} merge=provstore-lock",
    )


def _applies(folder: str, path: str, diff: str | None, merge: str) -> bool:
    """Whether these drivers are used for a path, whichever line says so."""
    fields = git(folder, "check-attr", "-z", "diff", "merge", "--", path)[1].split("\0")
    found = dict(zip(fields[1::3], fields[2::3], strict=False))
    return found.get("merge") == merge and diff in (None, found.get("diff"))


def _rule_that_ignores(folder: str) -> str:
    """The rule by which git passes over the store; "" where there is none."""
    if git(folder, "check-ignore", "-q", "--", STORE, accept=(0, 1))[0]:
        return ""
    return git(folder, "check-ignore", "-v", "--", STORE)[1].partition("\t")[0]


def _beside(project: Project) -> tuple[int, int]:
    """Number and bytes of the objects that lie in files."""
    if project.store is None:
        return 0, 0
    sizes = [file.size for file in project.store.objects.files() if file.digest]
    return len(sizes), sum(sizes)
