"""CALIBRATION collections: datasets, each for a range of time. Ranges of one type and data ID never overlap."""

from __future__ import annotations

from provstore.errors import UsageError
from provstore.noun import NamedTuple
from provstore.operations.registry.collections.tags import add_tag, spelled
from provstore.operations.registry.ranges import checked_range, overlap, spelled_range, without
from provstore.operations.registry.transact import collection_named, subjects, transaction
from provstore.operations.registry.types.by_hand import sought_data_id
from provstore.operations.registry.types.definitions import sought_type
from provstore.operations.registry.writing import unobserved
from provstore.store import collections

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provstore.events import Observer
    from provstore.model.values import JSON
    from provstore.operations.registry.ranges import Moment, Range
    from provstore.operations.registry.transact import Transaction
    from provstore.project import Project
    from provstore.store.collections import Subject

NOTHING_CHANGED = "nothing was changed"


class CertifyReport(NamedTuple):
    """Datasets that are valid from `begin` to `end` now; None is open."""

    name: str
    datasets: tuple[str, ...]
    begin: str | None
    end: str | None


class Cut(NamedTuple):
    """A range of a dataset that was cut.

    Attributes:
        left: What is left of it: nothing, one part or two.
    """

    dataset: str
    begin: str | None
    end: str | None
    left: tuple[Range, ...]


class DecertifyReport(NamedTuple):
    """Which ranges of a dataset type were cut."""

    name: str
    type: str
    begin: str | None
    end: str | None
    cuts: tuple[Cut, ...]


class Span(NamedTuple):
    """A range of time as somebody asks for it."""

    begin: Moment = None
    end: Moment = None


def certify(
    project: Project, name: str, datasets: Sequence[str], span: Span, observe: Observer = unobserved
) -> CertifyReport:
    """Puts datasets into a CALIBRATION collection, valid for a range of time.

    Raises:
        UsageError: There is no such collection, it is of another type, a dataset was deleted, the range is none, or
            it overlaps one of the same dataset type and data ID. Nothing was changed then.
        UnknownIdError: A dataset is not known.
    """
    begin, end = checked_range(*span)
    with transaction(project, f"provstore collection certify {name}", observe) as call:
        collection_named(call.store, name, collections.CALIBRATION)
        found = subjects(call.store, datasets)
        taken: dict[tuple[str, ...], Subject] = {}
        for subject in found:
            _refuse_overlap(call, name, subject, (begin, end))
            other = taken.setdefault(subject.identity, subject)
            if other is not subject:
                both = f"{spelled(subject)} and {spelled(other)}"
                raise UsageError(f"{name}: {both} can't be valid at one time", hint=NOTHING_CHANGED)
        for subject in found:
            add_tag(call, name, subject.id, begin, end)
        return CertifyReport(name, tuple([subject.id for subject in found]), begin, end)


def _refuse_overlap(call: Transaction, name: str, subject: Subject, wanted: Range) -> None:
    for tag in collections.tags_like(call.store.conn, name, subject):
        if overlap(wanted, (tag.begin, tag.end)):
            raise UsageError(
                f"{name}: {spelled(subject)} can't be valid for {spelled_range(wanted)}: dataset {tag.dataset} "
                f"({tag.path}) is for {spelled_range((tag.begin, tag.end))}",
                hint=f"decertify that first; {NOTHING_CHANGED}",
            )


def decertify(
    project: Project,
    name: str,
    type: str,
    span: Span,
    data_ids: Sequence[Mapping[str, JSON]] | None = None,
    observe: Observer = unobserved,
) -> DecertifyReport:
    """Cuts a range of time out of all ranges of a dataset type; one with it in the middle becomes two.

    Args:
        data_ids: Only of these; None: of all.

    Raises:
        UsageError: There is no such collection, it is of another type, there is no such dataset type, a data ID is
            none of it, or the range is none.
    """
    begin, end = cut = checked_range(*span)
    with transaction(project, f"provstore collection decertify {name}", observe) as call:
        conn = call.store.conn
        collection_named(call.store, name, collections.CALIBRATION)
        call.adding.ask(sought_type, project, type)
        wanted = [sought_data_id(call.adding.ask, project, type, data_id) for data_id in data_ids or ()]
        cuts = []
        for tag in collections.tags(conn, name, type):
            if (data_ids is not None and tag.data_id not in wanted) or not overlap(cut, (tag.begin, tag.end)):
                continue
            left = without((tag.begin, tag.end), cut)
            call.add("tag_removal", {"tag": tag.id, "removed": call.now})
            for part in left:
                add_tag(call, name, tag.dataset, *part)
            cuts.append(Cut(tag.dataset, tag.begin, tag.end, tuple(left)))
        return DecertifyReport(name, type, begin, end, tuple(cuts))
