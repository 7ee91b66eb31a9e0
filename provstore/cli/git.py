"""`provstore git`: for those who commit the store."""

from __future__ import annotations

import click

from provstore.cli.options import json_option, place_of, place_options
from provstore.cli.records import number_of, size_text
from provstore.model.values import harmless

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from provstore.model.values import JSON
    from provstore.operations.git.setup import GitReport

MERGE_FAILED = 1
"""What git takes for a conflict: ours stays, and a person is asked."""


@click.group(short_help="have git show changed stores as text, and unite them")
def command() -> None:
    """Have git show changed stores as text, and unite them when branches are merged.

    \b
    $ provstore git install
    git shows stores as text, and unites them
    wrote this clone's configuration (each clone needs 'provstore git install' once)
    wrote .gitattributes (commit it)
    """


@command.command("install", short_help="tell git what a store is")
@click.option("--local", is_flag=True, help="Put the attributes into .git/info/attributes: for this clone only.")
@json_option
@place_options
@click.pass_context
def install(ctx: click.Context, local: bool, as_json: bool, folder: str | None, file: str | None) -> None:
    """Tell git what a store is: the programs go into this clone's configuration, the names into .gitattributes.

    Only what is missing is written. Other clones get the names with the commit, and call this once for the programs.

    \b
    $ provstore git install
    git shows stores as text, and unites them
    wrote this clone's configuration (each clone needs 'provstore git install' once)
    wrote .gitattributes (commit it)
    """
    from provstore.operations.git import setup

    with place_of(ctx, folder, file).project() as project:
        report = setup.install(project, _program(), local=local)
    _show(report, as_json=as_json)


@command.command("uninstall", short_help="take out again what install wrote")
@json_option
@place_options
@click.pass_context
def uninstall(ctx: click.Context, as_json: bool, folder: str | None, file: str | None) -> None:
    """Take out again what install wrote, and nothing else.

    \b
    $ provstore git uninstall
    git treats stores like any other file
    wrote this clone's configuration
    wrote .gitattributes
    """
    from provstore.operations.git import setup

    with place_of(ctx, folder, file).project() as project:
        report = setup.uninstall(project, _program())
    _show(report, as_json=as_json)


@command.command("status", short_help="show what git knows of the store")
@json_option
@place_options
@click.pass_context
def status(ctx: click.Context, as_json: bool, folder: str | None, file: str | None) -> None:
    """Show what git knows of the store. Nothing is written.

    \b
    $ provstore git status
    git shows stores as text, and unites them
    the store is not committed: git add .provstore/store.db
    """
    from provstore.operations.git import setup

    with place_of(ctx, folder, file).project() as project:
        report = setup.status(project, _program())
    _show(report, as_json=as_json)


def _show(report: GitReport, *, as_json: bool) -> None:
    from provstore.cli import render

    print(render.to_json(git_json(report)) if as_json else git_text(report))


def git_text(report: GitReport) -> str:
    """How git stands to the store, what was written, and what is left to do."""
    if report.is_installed:
        lines = ["git shows stores as text, and unites them"]
    else:
        lines = ["git treats stores like any other file" + _why(report)]
    for what in report.changed:
        if what == "configuration":
            more = " (each clone needs 'provstore git install' once)" if report.is_installed else ""
            lines.append(f"wrote this clone's configuration{more}")
        else:
            name = _short(report, what)
            shared = report.is_installed and name.endswith(".gitattributes")
            lines.append(f"wrote {harmless(name)}{' (commit it)' if shared else ''}")
    if report.ignored:
        lines.append(f"git passes over the store, by {harmless(report.ignored)}: take that line out to commit it")
    elif report.has_store and not report.tracked and report.is_installed:
        lines.append("the store is not committed: git add .provstore/store.db")
    if report.beside and (report.is_installed or report.tracked):
        objects = f"{number_of(report.beside, 'object')} ({size_text(report.beside_size)})"
        lines.append(f"not in the store's file, and so not committed: {objects} in .provstore/objects")
    return "\n".join(lines)


def _why(report: GitReport) -> str:
    if report.changed and set(report.configured.values()) == {"missing"}:
        return ""
    if set(report.configured.values()) != {"installed"}:
        return ": 'provstore git install' mends that"
    names = ", ".join(path for path, applies in report.applies.items() if not applies)
    return f": other attributes hold for {harmless(names)} (see 'git check-attr -a')"


def _short(report: GitReport, path: str) -> str:
    return path.removeprefix(report.root + "/")


def git_json(report: GitReport) -> dict[str, JSON]:
    """The contract of `git install`, `git uninstall` and `git status`."""
    return {
        "ok": report.is_installed,
        "root": report.root,
        "folder": report.folder,
        "configured": dict(report.configured),
        "attributes": list(report.files),
        "applies": dict(report.applies),
        "ignored": report.ignored or None,
        "store": report.has_store,
        "tracked": report.tracked,
        "beside": {"objects": report.beside, "bytes": report.beside_size},
        "changed": list(report.changed),
    }


def _program() -> str:
    """Absolute path of the program that is running, as git is to call it."""
    import os
    import shutil
    import sys
    import sysconfig

    called = os.path.abspath(sys.argv[0])
    if os.path.basename(called) == "provstore" and os.access(called, os.X_OK):
        return called
    return shutil.which("provstore") or os.path.join(sysconfig.get_path("scripts"), "provstore")


# --- what git calls -----------------------------------------------------------------------------------------


@command.command("textconv", hidden=True, short_help="print a store as text, for git diff")
@click.option("--rules", metavar="N", help="Version of the text that git keeps; not looked at.")
@click.argument("store")
def textconv(rules: str | None, store: str) -> None:
    """Print a store as text: every fact in the order in which they were recorded. `git diff` calls this.

    \b
    $ provstore git textconv .provstore/store.db
    store 01a20356-a808-7d3b-a9ef-1eeab93b0d90  2026-11-22 12:59:00Z
    run 01a20356-a81e-7f3a-8a3b-0d2b3c1f0e55  2026-11-22 12:59:00Z  run  by ann on lab3
    execution 01a20356-a831-7c41-9f6e-6f5a2f9d7c10  count  succeeded
      read  data/words.txt  blake3:0b8b60248fad
      made  out/top.txt  13 B  blake3:ea3385addd29
    """
    from provstore.cli.store_text import store_text
    from provstore.errors import SchemaTooNewError, StoreError
    from provstore.operations.git.stores import read_store

    del rules
    try:
        for line in store_text(read_store(store)):
            print(line)
    except SchemaTooNewError:
        raise  # git would keep what is printed now for ever, and a newer provstore can read it
    except StoreError as error:  # a damaged store in the history must not end `git log -p`
        print(harmless(error.message))


@command.command("merge-store", hidden=True, short_help="unite two stores, for git merge")
@click.argument("base")
@click.argument("ours")
@click.argument("theirs")
@click.argument("path")
def merge_store(base: str, ours: str, theirs: str, path: str) -> int:
    """Unite two stores; the result takes the place of OURS. `git merge` calls this.

    \b
    $ provstore git merge-store base.db ours.db theirs.db .provstore/store.db
    """
    from provstore.cli.main import say
    from provstore.cli.merge import left_lines
    from provstore.operations.git.stores import Versions, merge_stores

    del base  # facts are never taken back: what both have needs no common ancestor

    def unite() -> bool:
        for line in left_lines(merge_stores(Versions(ours, theirs, path))):
            say(f"provstore: {line}")
        return True

    return _merged(unite)


@command.command("merge-lock", hidden=True, short_help="unite two lock files, for git merge")
@click.argument("base")
@click.argument("ours")
@click.argument("theirs")
@click.argument("path")
def merge_lock(base: str, ours: str, theirs: str, path: str) -> int:
    """Unite two lock files task by task; the result takes the place of OURS. `git merge` calls this.

    \b
    $ provstore git merge-lock base.lock ours.lock theirs.lock Pipelinefile.lock
    """
    from provstore.operations.git.locks import Versions, merge_locks

    return _merged(lambda: merge_locks(Versions(base, ours, theirs, path)))


def _merged(unite: Callable[[], bool]) -> int:
    """Exit status of a merge; git takes those of our errors, and any up to 128, for a conflict."""
    from provstore.cli.main import say
    from provstore.errors import ProvstoreError

    try:
        return 0 if unite() else MERGE_FAILED
    except ProvstoreError as error:
        say(f"provstore: {harmless(error.message)}" + (f" ({error.hint})" if error.hint else ""))
        return MERGE_FAILED
