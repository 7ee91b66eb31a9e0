"""Collections keep their laws, whatever is asked of them: each against a model in plain Python."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store.rows import NOW, dataset_row

from provstore.errors import UnknownIdError, UsageError
from provstore.model.values import new_id
from provstore.operations.registry import ranges
from provstore.operations.registry.collections import calibrations, chains, removing, tags
from provstore.operations.registry.collections import making as collections
from provstore.operations.registry.collections.calibrations import Span
from provstore.operations.registry.collections.find import FindRequest, find_dataset
from provstore.project import Project, make_folder
from provstore.store.adding import adding
from provstore.store.fsck import problems

FEW = settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
NUMBERS = itertools.count()
DAYS = 5


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """With a store and the RUN collections r0, r1, r2; sound at the end, whatever the tests did."""
    folder = tmp_path_factory.mktemp("collections").resolve()
    (folder / "Pipelinefile.toml").write_text("", encoding="utf-8")
    with Project(str(folder)) as project:
        make_folder(project.folder)
        for name in ("r0", "r1", "r2"):
            collections.register(project, name, "RUN")
        yield project
        assert project.store is not None
        assert list(problems(project.store, objects=False)) == []


def add(project: Project, *rows: dict[str, Any]) -> list[str]:
    """Adds datasets; returns their ids."""
    assert project.store is not None
    with adding(project.store) as facts:
        for row in rows:
            facts.add("dataset", row)
    return [row["id"] for row in rows]


def dataset(type_: str, number: int, run: str = "r0", **more: Any) -> dict[str, Any]:
    """Row of a dataset with a data ID."""
    said = {"path": f"{type_}/{new_id()}", "type": type_, "data_id": f'{{"n":{number}}}', "run": run}
    return dataset_row(**{**said, **more})


def children(project: Project, name: str) -> tuple[str, ...]:
    return collections.query_collections(project, [name])[0].children


# --- CALIBRATION --------------------------------------------------------------------------------------------

points = st.none() | st.integers(0, DAYS - 1)
spans = st.tuples(points, points).filter(lambda span: None in span or span[0] < span[1])


def slots(span: tuple[int | None, int | None]) -> set[int]:
    """The days of a half-open range; -1 is all before the first, the last is all from then on."""
    begin, end = span
    return set(range(-1 if begin is None else begin, DAYS if end is None else end))


def day(point: int | None) -> str | None:
    return None if point is None else f"2026-01-{point + 1:02d}"


def point(text: str | None) -> int | None:
    return None if text is None else int(text[8:10]) - 1


@given(spans, spans)
def test_ranges_are_sets_of_moments(one: tuple[int | None, int | None], other: tuple[int | None, int | None]) -> None:
    """Overlap is a common moment, cutting is taking away, parts touch neither each other nor what was cut."""
    a, b = (ranges.checked_range(day(begin), day(end)) for begin, end in (one, other))
    left = ranges.without(a, b)
    parts = [slots((point(begin), point(end))) for begin, end in left]

    assert ranges.overlap(a, b) == bool(slots(one) & slots(other)) == ranges.overlap(b, a)
    assert set().union(*parts) == slots(one) - slots(other)
    assert sum(map(len, parts)) == len(set().union(*parts))
    assert all(ranges.contains(a, f"2026-01-{n + 1:02d}T00:00:00.000000Z") == (n in slots(one)) for n in range(DAYS))


certifications = st.tuples(st.just("certify"), st.lists(st.integers(0, 3), min_size=1, max_size=3, unique=True), spans)
decertifications = st.tuples(st.just("decertify"), st.sampled_from([None, [0], [1]]), spans)


@FEW
@given(st.lists(certifications | decertifications, max_size=8))
def test_ranges_of_one_type_and_data_id_never_overlap(project: Project, steps: list[Any]) -> None:
    """Certified and decertified at random, refused as a whole: what is valid when is what a table of days says."""
    name = f"calib{next(NUMBERS)}"
    collections.register(project, name, "CALIBRATION")
    ids = add(project, *[dataset(name, number // 2) for number in range(4)])  # two of each data ID
    table: dict[tuple[int, int], int] = {}  # (data ID, day) → dataset
    for what, which, span in steps:
        asked = Span(*map(day, span))
        if what == "decertify":
            only = None if which is None else [{"n": number} for number in which]
            calibrations.decertify(project, name, name, asked, only)
            cut = range(2) if which is None else which
            table = {key: value for key, value in table.items() if key[0] not in cut or key[1] not in slots(span)}
            continue
        wanted = [(number // 2, slot) for number in which for slot in slots(span)]
        if len(set(wanted)) < len(wanted) or set(wanted) & set(table):
            with pytest.raises(UsageError, match="can't be valid"):
                calibrations.certify(project, name, [ids[number] for number in which], asked)
        else:
            calibrations.certify(project, name, [ids[number] for number in which], asked)
            table |= {(number // 2, slot): number for number in which for slot in slots(span)}

    claim_calibrations(project, name, ids, table)


def claim_calibrations(project: Project, name: str, ids: list[str], table: dict[tuple[int, int], int]) -> None:
    """What is found for each span and for each moment is what the table has there: one, none, or an error."""
    every = [(begin, end) for begin in (None, 0, 2) for end in (1, 4, None) if begin is None or begin < (end or DAYS)]
    for number, span in itertools.product(range(2), [*every, (3, 3)]):
        days = {3} if span == (3, 3) else slots(span)
        valid = {table[number, slot] for slot in days if (number, slot) in table}
        request = FindRequest(name, {"n": number}, (name,), Span(*map(day, span)))
        if len(valid) > 1:
            with pytest.raises(UsageError, match="several") as error:
                find_dataset(project, request)
            assert all(ids[which] in str(error.value) for which in valid)
        else:
            assert find_dataset(project, request) == (ids[valid.pop()] if valid else None)


@pytest.mark.parametrize(
    ("begin", "end"), [("2026-01-02", "2026-01-01"), ("2026-01-01", "2026-01-01T00:00:00Z"), ("soon", None)]
)
def test_a_range_needs_a_begin_before_its_end(project: Project, begin: str, end: str | None) -> None:
    """Backward, empty, or no time: refused, whether it is to be certified or to be cut."""
    collections.register(project, "calib", "CALIBRATION")
    ids = add(project, dataset("c", 1))
    for call in (
        lambda: calibrations.certify(project, "calib", ids, Span(begin, end)),
        lambda: calibrations.decertify(project, "calib", "c", Span(begin, end)),
    ):
        with pytest.raises(UsageError):
            call()


# --- CHAINED ------------------------------------------------------------------------------------------------

LEAVES, CHAINS = ("r0", "r1", "r2"), 3
changes = st.tuples(
    st.integers(0, CHAINS - 1),
    st.sampled_from([chains.REDEFINE, chains.PREPEND, chains.EXTEND, chains.REMOVE]),
    st.lists(st.integers(0, CHAINS + len(LEAVES) - 1), max_size=4),
)


@FEW
@given(st.lists(changes, max_size=10))
def test_a_chain_has_no_circle_and_no_child_twice(project: Project, steps: list[Any]) -> None:
    """Changed at random, it has the children that a list would have, in their order; the rest is refused whole."""
    prefix = f"chain{next(NUMBERS)}-"
    names = [*[f"{prefix}{number}" for number in range(CHAINS)], *LEAVES]
    for name in names[:CHAINS]:
        collections.register(project, name, "CHAINED")
    model: dict[str, list[str]] = {name: [] for name in names[:CHAINS]}
    for which, how, numbers in steps:
        chain, named = names[which], [names[number] for number in numbers]
        circle = how != chains.REMOVE and any(chain in below(model, child) for child in named)
        if circle or (how != chains.REMOVE and len(set(named)) < len(named)):
            with pytest.raises(UsageError, match=r"would hold itself|twice"):
                chains.change_chain(project, chain, how, named)
            continue
        report = chains.change_chain(project, chain, how, named)
        others = [child for child in model[chain] if child not in named]
        after = {"redefine": named, "prepend": named + others, "extend": others + named, "remove": others}[how]
        assert report.before == tuple(model[chain])
        model[chain] = after

        assert children(project, chain) == report.children == tuple(after)
    for chain in model:
        flat = collections.query_collections(project, [chain], flatten=True)
        assert [found.name for found in flat] == [name for name in below(model, chain) if name in LEAVES]


def below(model: dict[str, list[str]], name: str) -> list[str]:
    """A collection and all that is searched for it, first to last, each once."""
    found = [name]
    for child in model.get(name, ()):
        found += [other for other in below(model, child) if other not in found]
    return found


# --- finding ------------------------------------------------------------------------------------------------

entries = st.tuples(
    st.sampled_from(LEAVES),
    st.integers(0, 1),  # data ID
    st.sampled_from(["valid", "valid", "valid", "deleted", "replaced"]),
    st.booleans(),  # tagged
)


@FEW
@given(st.lists(entries, min_size=1, max_size=6), st.permutations([*LEAVES, "tagged"]), st.integers(1, 4))
def test_the_first_collection_that_has_it_decides(
    project: Project, recorded: list[Any], order: list[str], length: int
) -> None:
    """A search along a chain is the search of a list of lists; deleted and replaced ones are found nowhere."""
    name = f"find{next(NUMBERS)}"
    collections.register(project, f"{name}-tags", "TAGGED")
    rows = [dataset(name, number, run, path=f"{name}/{number}") for run, number, _, _ in recorded]
    ids = add(project, *rows)
    holds: dict[str, dict[int, str]] = {leaf: {} for leaf in (*LEAVES, "tagged")}
    assert project.store is not None
    for id, (run, number, status, is_tagged) in zip(ids, recorded, strict=True):
        if is_tagged and number not in holds["tagged"]:
            tags.associate(project, f"{name}-tags", [id])
            if status != "deleted":
                holds["tagged"][number] = id
            else:
                tags.disassociate(project, f"{name}-tags", [id])
        with adding(project.store) as facts:
            if status == "deleted":
                facts.add("dataset_deletion", {"dataset": id, "deleted": NOW, "user": "u", "kept_bytes": 0})
            elif status == "replaced":
                facts.add("dataset", dataset(f"{name}-other", 0, replaces=id))
        if status == "valid":
            holds[run][number] = id
    searched = order[:length]
    chains.change_chain(project, f"{name}-chain", chains.EXTEND,
                        [f"{name}-tags" if leaf == "tagged" else leaf for leaf in searched], make=True)  # fmt: skip
    for number in range(2):
        expected = next((holds[leaf][number] for leaf in searched if number in holds[leaf]), None)
        found = find_dataset(project, FindRequest(name, {"n": number}, (f"{name}-chain",)))
        assert found == expected


def test_several_in_one_collection_are_an_error_that_lists_them(project: Project) -> None:
    """Two paths of one type and data ID: nobody guesses which one is meant."""
    ids = add(project, dataset("several", 1), dataset("several", 1))
    with pytest.raises(UsageError, match="r0: found several") as error:
        find_dataset(project, FindRequest("several", {"n": 1}, ("r0",)))

    assert all(id in str(error.value) for id in ids)


def test_what_lies_inside_of_a_directory_is_not_taken_for_it(project: Project) -> None:
    """A file that was read from inside a directory has the directory's type and data ID, and is not found by them."""
    whole, _ = add(project, dataset("folder", 1, role="parts"), dataset("folder", 1, role="parts/a"))

    assert find_dataset(project, FindRequest("folder", {"n": 1}, ("r0",))) == whole


# --- TAGGED -------------------------------------------------------------------------------------------------


def test_two_of_one_identity_are_refused_as_a_whole(project: Project) -> None:
    """In one call or in two, none of the call is put in; the same one again is no error."""
    collections.register(project, "tag", "TAGGED")
    a, b, c = add(project, dataset("tagged", 1), dataset("tagged", 1), dataset("tagged", 2))
    with pytest.raises(UsageError, match=r"can't hold both dataset \S+ \(tagged n=1, tagged/"):
        tags.associate(project, "tag", [c, a, b])
    tags.associate(project, "tag", [a])
    with pytest.raises(UsageError, match="can't hold dataset"):
        tags.associate(project, "tag", [c, b])

    assert tags.associate(project, "tag", [a, c, a]) == ("tag", (c,), (a,))
    assert tags.disassociate(project, "tag", [a, b]) == ("tag", (a,), (b,))
    assert tags.associate(project, "tag", [b]) == ("tag", (b,), ())


def test_what_has_no_type_is_told_apart_by_its_path(project: Project) -> None:
    """Files that nobody gave a type are of one type without a data ID: two of them are no contradiction."""
    collections.register(project, "files", "TAGGED")
    rows = [dataset_row(path, data, run="r0") for path, data in (("a", b"x"), ("b", b"x"), ("a", b"y"))]
    a, b, again = add(project, *rows)
    tags.associate(project, "files", [a, b])

    with pytest.raises(UsageError, match="can't hold"):
        tags.associate(project, "files", [again])


def test_each_call_names_what_it_can_t_find(project: Project) -> None:
    """A collection of another type, an id that is not known, a collection that is not there."""
    (known,) = add(project, dataset("x", 1))
    collections.register(project, "holder", "TAGGED")
    with pytest.raises(UsageError, match="r0: this collection is of type RUN, expected TAGGED"):
        tags.associate(project, "r0", [known])
    with pytest.raises(UnknownIdError, match="nobody"):
        tags.associate(project, "holder", [known, "nobody"])
    with pytest.raises(UsageError, match="holde: there is no such collection") as error:
        tags.associate(project, "holde", [known])
    assert "holder" in error.value.hint

    assert tags.disassociate(project, "holder", [known]).unchanged == (known,)


# --- names and removal --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", " ", "a\nb", "\x1b[31m", "\ud800", "x" * 256, "(removed)", 3, None])
def test_a_name_that_can_t_be_is_refused(project: Project, name: Any) -> None:
    """Empty, unprintable, too long, ours, or no text: neither made nor asked for."""
    for call in (
        lambda: collections.register(project, name),
        lambda: collections.query_collections(project, [name]),
        lambda: removing.remove(project, name),
        lambda: chains.change_chain(project, "names", chains.EXTEND, [name], make=True),
        lambda: find_dataset(project, FindRequest("x", {}, (name,))),
    ):
        with pytest.raises(UsageError):
            call()
    assert collections.query_collections(project, ["names*"]) == []


def test_a_name_may_have_spaces_of_all_kinds(project: Project) -> None:
    """What can be registered can be asked for and removed."""
    for name in ("my best", "a\u00a0b", "u/me/ü.1", "-x", "%_*"):
        collections.register(project, name)
        assert removing.remove(project, name).name == name


def test_a_collection_is_of_one_type_for_ever(project: Project) -> None:
    """Made again it is itself, as another type it is refused, also after it was removed."""
    collections.register(project, "once", "TAGGED", "first")

    assert collections.register(project, "once", "TAGGED", "second").description == "first"
    with pytest.raises(UsageError, match="is of type TAGGED"):
        collections.register(project, "once", "RUN")
    removing.remove(project, "once")
    with pytest.raises(UsageError, match="was once of type TAGGED"):
        collections.register(project, "once", "CHAINED")
    assert collections.register(project, "once").name == "once"
    with pytest.raises(UsageError, match="found type 'tagged'"):
        collections.register(project, "other", "tagged")
    for description in (3, None, "\ud800"):
        with pytest.raises(UsageError, match="description"):
            collections.register(project, "other", "TAGGED", description)


def test_what_is_removed_comes_back_empty(project: Project) -> None:
    """Its datasets and children are out of it, and out of sight it is in between."""
    (id,) = add(project, dataset("back", 1))
    for name, type_ in (("bt", "TAGGED"), ("bc", "CALIBRATION")):
        collections.register(project, name, type_)
    tags.associate(project, "bt", [id])
    calibrations.certify(project, "bc", [id], Span())
    chains.change_chain(project, "bk", chains.REDEFINE, ["bt", "bc"], make=True)
    with pytest.raises(UsageError, match="chain bk"):
        removing.remove(project, "bt")
    for name in ("bk", "bt", "bc"):
        assert removing.remove(project, name).dry_run is False
        with pytest.raises(UsageError, match="no such collection"):
            collections.query_collections(project, [name])
    for name, type_ in (("bt", "TAGGED"), ("bc", "CALIBRATION"), ("bk", "CHAINED")):
        collections.register(project, name, type_)
        if type_ != "CHAINED":
            assert find_dataset(project, FindRequest("back", {"n": 1}, (name,))) is None

    assert children(project, "bk") == ()


def test_globs_have_two_wild_cards_only(project: Project) -> None:
    """A bracket, a dot and a backslash stand for themselves."""
    for name in ("glob/a[1]", "glob/a1", "glob/ab.c", "glob/abxc"):
        collections.register(project, name)

    def found(glob: str) -> list[str]:
        return [entry.name for entry in collections.query_collections(project, [glob])]

    assert found("glob/a[1]") == ["glob/a[1]"]
    assert found("glob/a[?]") == ["glob/a[1]"]
    assert found("glob/ab.*") == ["glob/ab.c"]
    assert found("glob/a?") == ["glob/a1"]
    assert found("nothing*") == []


def test_a_failure_leaves_nothing_in_a_project_without_a_store(tmp_path: Path) -> None:
    """What needs something that was recorded does not make a store to say so."""
    (tmp_path / "Pipelinefile.toml").write_text("", encoding="utf-8")
    with Project(str(tmp_path)) as project:
        for call in (
            lambda: tags.associate(project, "best", ["x"]),
            lambda: chains.change_chain(project, "all", chains.EXTEND, ["x"], make=True),
            lambda: removing.remove(project, "best"),
            lambda: collections.query_collections(project, ["best"]),
            lambda: collections.register(project, "best", "SET"),
        ):
            with pytest.raises(UsageError):
                call()
        assert collections.query_collections(project) == []
        assert find_dataset(project, FindRequest("flat", {})) is None

    assert [path.name for path in tmp_path.iterdir()] == ["Pipelinefile.toml"]
