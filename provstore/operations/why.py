"""Why a file is as it is: what made it, when, from what, with what, and whether it is still what was recorded."""

from __future__ import annotations

from provstore.errors import PipelinefileError
from provstore.model.values import nearest
from provstore.noun import NamedTuple
from provstore.operations import versions
from provstore.operations.by_content import (
    BYTES,
    DATA,
    MODE,
    TOO_BIG,
    find_alike,
    is_too_big,
    of_the_kind,
    other_paths,
)
from provstore.operations.identify import shortener
from provstore.operations.past_acceptances import acceptances_of
from provstore.operations.past_verifications import verifications_of
from provstore.store import lineage as graph
from provstore.store import origins, records
from provstore.store.proof import prove_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence
    from typing import Any

    from provstore.operations.versions import Known, Present
    from provstore.project import Project
    from provstore.store.origins import Attempt, Input, Version
    from provstore.store.store import Store

CURRENT, MODIFIED, MISSING, UNKNOWN = "current", "modified", "missing", "unknown"


class WhyReport(NamedTuple):
    """The answer.

    Attributes:
        path: As the project spells it.
        state: "current", "modified", "missing" or "unknown".
        version: What the answer is about: what lies there if that was ever recorded, else what should lie there.
        agrees: In what that and what lies there agree: "bytes", "mode" (all but the executable bit), "data", or
            "" for nothing.
        latest: What should lie at the path of `version`, if that is another version.
        elsewhere: Other paths with the bytes that lie there, the newest first.
        dataset, execution, run: Whole records, as of `show`. Of a file in a directory, `dataset` is that directory.
        inputs: What the execution read.
        later: The last attempt at the task, if it came later and did not succeed.
        short: Ids → as far as they have to be typed.
        within: A file that the store knows in a folder that it does not know as a whole; else "".
        near: What a path that is not known may mean; else "".
        remarks: What a person should know besides.
        gathered: Ids of directories that no task made as a whole, with files in them that tasks made.
    """

    path: str
    state: str
    present: Present | None
    version: Version | None = None
    agrees: str = ""
    latest: Version | None = None
    elsewhere: tuple[str, ...] = ()
    dataset: Mapping[str, Any] | None = None
    execution: Mapping[str, Any] | None = None
    run: Mapping[str, Any] | None = None
    inputs: Sequence[Input] = ()
    later: Attempt | None = None
    short: Mapping[str, str] = {}
    within: str = ""
    near: str = ""
    remarks: Sequence[str] = ()
    gathered: Container[str] = ()


class _Found(NamedTuple):
    """The fields of the report of the same names."""

    state: str
    version: Version | None = None
    agrees: str = ""
    latest: Version | None = None
    elsewhere: tuple[str, ...] = ()


def why(project: Project, current: str, path: str) -> WhyReport:
    """What made a file, and whether it is still what was recorded.

    Args:
        current: Folder that `path` is relative to; it may lead out of the project.

    Raises:
        UsageError: There is no store, or the path names no file.
        FileError: What lies there can't be read.
        StoreDamagedError: A record that the answer is made of is not what was recorded.
    """
    store = versions.store_of(project, path)
    known = versions.known(project, current, path)
    if known.expected is None:
        within = store.ask(origins.first_below, known.path)
        if within is not None:  # to read a whole folder would take long, and no dataset is made of it
            return WhyReport(known.path, UNKNOWN, None, within=within)
        if is_too_big(project, known.path):
            return WhyReport(known.path, UNKNOWN, None, remarks=(f"{known.path}: {TOO_BIG}",))
    there = versions.present(project, store, known.path)
    found = _judge(store, known, there) if known.expected is not None else _by_content(project, store, known, there)
    remarks = project.take_remarks()
    if found.version is None:
        near = _near(project, known.path) if there is None else ""
        return WhyReport(known.path, UNKNOWN, there, near=near, remarks=remarks)
    if found.version.outcome == origins.UNDER_WAY:
        remarks = [*remarks, f"the task that registered it is under way: execution {found.version.execution}"]
    return _told(store, known.path, there, found)._replace(remarks=remarks)


def _judge(store: Store, known: Known, there: Present | None) -> _Found:
    """What lies at a path that the store knows."""
    expected = known.expected
    assert expected is not None  # the caller has looked
    if there is None:
        return _Found(MISSING, expected)
    version = versions.lying_there(there, known)
    if version is not None:
        is_it = version == expected
        return _Found(CURRENT if is_it else MODIFIED, version, BYTES, None if is_it else expected)
    if (there.digest, there.kind) == (expected.digest, expected.kind):
        return _Found(MODIFIED, expected, MODE)
    if there.semantic is not None:
        alike = [version for version in (expected, *known.versions()) if version.semantic == there.semantic]
        if alike:
            return _Found(MODIFIED, alike[0], DATA, None if alike[0] == expected else expected)
    others = of_the_kind(store.ask(origins.with_bytes, there.digest), there) if there.size else []
    return _Found(MODIFIED, expected, "", None, other_paths(others, known.path))


def _by_content(project: Project, store: Store, known: Known, there: Present | None) -> _Found:
    """What lies at a path that the store does not know: the bytes of another one, or its data."""
    alike = None if there is None else find_alike(project, store, known.path, there)
    if alike is None:
        return _Found(UNKNOWN)
    is_last = alike.version == alike.expected
    state = CURRENT if alike.agrees == BYTES and is_last else MODIFIED
    return _Found(state, alike.version, alike.agrees, None if is_last else alike.expected, alike.elsewhere)


def _told(store: Store, path: str, there: Present | None, found: _Found) -> WhyReport:
    """The report with all records, which are proved first."""
    version = found.version
    assert version is not None  # the caller has looked
    prove_all(store, "dataset", [version.dataset, *([found.latest.dataset] if found.latest is not None else ())])
    dataset = store.ask(records.dataset, version.dataset)
    execution, run, later = None, None, None
    inputs: Sequence[Input] = ()
    if version.execution is not None and version.outcome != origins.UNDER_WAY:
        prove_all(store, "execution", [version.execution])
        execution = store.ask(records.execution, version.execution)
        execution["acceptances"] = acceptances_of(store, version.execution)
        execution["verifications"] = verifications_of(store, version.execution)
        inputs = store.ask(origins.inputs, version.execution)
        _prove_origins(store, inputs)
        later = _later(store, version.execution)
        run = _run(store, execution["run"])
    shortened = shortener(store)
    ids = [version.dataset, version.execution, version.run, later.execution if later is not None else None]
    ids += [found.latest.dataset] if found.latest is not None else []
    return WhyReport(
        path, found.state, there, version, found.agrees, found.latest, found.elsewhere, dataset, execution, run,
        inputs, later, {id: shortened(id) for id in ids if id is not None},
        gathered=store.ask(graph.gathered, [version.dataset, *(entry.dataset for entry in inputs)]),
    )  # fmt: skip


def _prove_origins(store: Store, inputs: Sequence[Input]) -> None:
    """Claims that all inputs and what is said of their makers is as it was recorded."""
    prove_all(store, "dataset", [entry.dataset for entry in inputs])
    makers = dict.fromkeys(entry.origin.execution for entry in inputs if entry.origin is not None)
    prove_all(store, "execution", makers)


def _run(store: Store, id: str | None) -> dict[str, Any] | None:
    if id is None:
        return None
    prove_all(store, "run", [id])
    return store.ask(records.run, id)


def _later(store: Store, execution: str) -> Attempt | None:
    """The last attempt at the same task, if it is another one that did not succeed."""
    last = store.ask(origins.last_attempt, execution)
    if last is None or last.execution == execution or last.outcome == "succeeded":
        return None
    prove_all(store, "execution", [last.execution])
    return last


def _near(project: Project, path: str) -> str:
    """A file of the plan with a similar name; "" where there is none, or no plan."""
    try:
        plan = project.plan({}).plan
    except PipelinefileError:
        return ""
    made = [output for task in range(len(plan.tasks)) for output in plan.outputs(task)]
    return path if path in made else nearest(path, made)
