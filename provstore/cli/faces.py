"""What `run`, `status` and `check` do once their words are read: call one operation, render.

Without click, so that `quick` can come here without importing it.
"""

from __future__ import annotations

import os
import sys

from provstore.cli import render
from provstore.cli.main import say
from provstore.cli.place import place_from
from provstore.cli.style import can_redraw, style_for
from provstore.noun import NamedTuple
from provstore.operations.targets import Targets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from provstore.cli.ci import Announcer
    from provstore.cli.place import Place
    from provstore.operations.status import StatusReport
    from provstore.project import Project


class Words(NamedTuple):
    """What the words of `run`, `status` and `check` say; the names are those of click's parameters.

    Attributes:
        folders: Every `-C`, in order.
        file: The last `-f`.
        junit, code_quality: Files for CI, as typed.
        locked: Compare with the lock file, too.
        inputs: Collections in which inputs are looked up.
        prune_replaced: What becomes of the data of a run that is replaced.
    """

    targets: tuple[str, ...] = ()
    dry_run: bool = False
    jobs: int | None = None
    keep_going: bool = False
    force: bool = False
    only: bool = False
    downstream: bool = False
    overrides: Mapping[str, str] = {}
    collection: str = "main"
    no_wait: bool = False
    executor: str = "local"
    as_json: bool = False
    folders: tuple[str, ...] = ()
    file: str | None = None
    junit: str | None = None
    code_quality: str | None = None
    locked: bool = False
    register_types: bool = False
    inputs: tuple[str, ...] = ()
    replace_run: bool = False
    prune_replaced: str | None = None


def run(words: Words) -> int:
    """`provstore run`; returns the exit status."""
    place = _place(words)
    targets = Targets((*place.targets, *words.targets), place.folder, words.downstream, words.only)
    if words.dry_run:
        _claim_no_files(words)
        from provstore.operations.status import status

        with place.project() as project:
            planned = status(project, targets, words.overrides, force=words.force, register_types=words.register_types)
            if words.replace_run:
                _tell_former(project, words)
        _print_status(planned, words, ok=None)
        return 0
    announcer = _announcer("run", words, place)
    if announcer is None:
        return _run(words, place, targets, None)
    with announcer:
        return _run(words, place, targets, announcer)


def _tell_former(project: Project, words: Words) -> None:
    """Says which run would be replaced."""
    from provstore.operations.replacing import former_run

    former = former_run(project.store, words.collection, words.prune_replaced or "", _plain_view())
    if former is not None:
        say(f"would replace {former.name}")


def _place(words: Words) -> Place:
    return place_from(list(words.folders), words.file)._replace(inputs=words.inputs, chain=words.collection)


def _run(words: Words, place: Place, targets: Targets, announcer: Announcer | None) -> int:
    from provstore.operations.run import RunRequest
    from provstore.operations.run import run as bring_up_to_date

    live = not words.as_json and can_redraw(sys.stderr)
    request = RunRequest(
        targets,
        words.jobs or 0,
        words.keep_going,
        words.force,
        words.overrides,
        words.collection,
        not words.no_wait,
        _arguments(),
        live,
        words.executor,
        replace=words.replace_run,
        prune=words.prune_replaced or "",
        register_types=words.register_types,
    )
    view = _live_view() if live else _plain_view()
    with place.project() as project:
        try:
            report = bring_up_to_date(project, request, view if announcer is None else announcer.heard_by(view))
        finally:
            view.close()
    if announcer is not None:
        announcer.take_run(report)
    if words.as_json:
        found = render.run_json(report)
        if words.replace_run:
            found["replaced"] = render.replaced_json(report.replaced)
        print(render.to_json(found))
    else:
        say(render.run_text(report, style_for(sys.stderr)))
    if report.signal:
        return 128 + report.signal
    return 0 if report.outcome == "succeeded" else 1


def status(words: Words, *, check: bool) -> int:
    """`provstore status`, and `provstore check`, which exits 1 unless everything is fresh."""
    place = _place(words)
    announcer = _announcer("check", words, place) if check else None
    if announcer is None:
        return _status(words, place, None, check=check)
    with announcer:
        return _status(words, place, announcer, check=check)


def _status(words: Words, place: Place, announcer: Announcer | None, *, check: bool) -> int:
    from provstore.operations.status import status as judge

    targets = Targets((*place.targets, *words.targets), place.folder, everything=True)
    if words.locked:
        from provstore.cli.lock_faces import check_locked

        return check_locked(place, targets, announcer, as_json=words.as_json)
    with place.project() as project:
        report = judge(project, targets, words.overrides)
    if announcer is not None:
        announcer.take_status(report)
    ok = report.is_fresh if check else None
    _print_status(report, words, ok=ok)
    return 1 if ok is False else 0


def _print_status(report: StatusReport, words: Words, *, ok: bool | None) -> None:
    if words.as_json:
        print(render.to_json(render.status_json(report, ok=ok)))
    else:
        print(render.status_text(report, style_for(sys.stdout)))


def _announcer(command: str, words: Words, place: Place) -> Announcer | None:
    """What tells CI how the command fares; None where nobody is to be told, so that nothing of it is imported."""
    asked = words.junit is not None or words.code_quality is not None
    if not (asked or "GITHUB_ACTIONS" in os.environ or "GITLAB_CI" in os.environ):
        return None
    from provstore.cli.ci import Announcer

    is_text_on_output = command == "check" and not words.as_json
    return Announcer(command, place, words.junit, words.code_quality, sys.stdout if is_text_on_output else sys.stderr)


def _claim_no_files(words: Words) -> None:
    """With -n there are no results to write down."""
    if words.junit is not None or words.code_quality is not None:
        from provstore.errors import UsageError

        option = "--junit" if words.junit is not None else "--code-quality"
        raise UsageError(f"{option}: with -n nothing is run", hint="provstore check has that option, too")


def _arguments() -> tuple[str, ...]:
    """The words after "provstore", for the record; bytes that are no text are spelled out."""
    return tuple(os.fsencode(word).decode("utf-8", "backslashreplace") for word in sys.argv[1:])


def _plain_view() -> View:
    from provstore.cli.plain import PlainView

    return PlainView()


def _live_view() -> View:
    from provstore.cli.live import LiveView

    return LiveView()


if TYPE_CHECKING:
    from typing import Protocol

    from provstore.events import Event

    class View(Protocol):
        """Shows the events of a run."""

        def __call__(self, event: Event) -> None:
            """Takes an event."""

        def close(self) -> None:
            """The run is over."""
