"""Queries over what runs and people recorded, on the command line and in Python."""

from __future__ import annotations

from pathlib import Path

import pytest

from provstore import Store
from provstore.errors import ProvstoreError, QueryError, UsageError

from .project import Project

IMAGES = """
[dimensions]
visit = [7, 101, 102]
band = ["r", "i"]

[stages.calibrate]
dimensions = ["visit", "band"]
run = "printf '%{visit}s' {band} | cat - source > {outputs.image}"
inputs = ["source"]
outputs.image = "images/{visit}_{band}.txt"
"""
TYPE = "calibrate.image"


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    """Six images in each of two runs, the first of which lie deeper in the chain `main`."""
    project = Project(tmp_path_factory.mktemp("queries") / "p", {"Pipelinefile.toml": IMAGES, "source": "\n"})
    project.run()
    project.write("source", "x\n")
    project.run()
    return project


def ls(project: Project, *words: str) -> list[tuple[object, object]]:
    """(visit, band) of what `dataset ls` finds."""
    found = project.json("dataset", "ls", *words)["datasets"]
    return [(entry["data_id"].get("visit"), entry["data_id"].get("band")) for entry in found]


def test_the_command_finds_what_fulfils_a_condition(project: Project) -> None:
    """With ranges, arithmetic, texts, patterns and fields of the dataset; sorted, and at most so many."""
    along = ("--collection", "main", "--find-first")

    assert ls(project, TYPE, "--where", "visit in (100..102:2) and band = 'i'", *along) == [(102, "i")]
    assert ls(project, "calib*", "--where", "visit % 2 = 1", "--order-by=-visit,band", *along) == [
        (101, "i"), (101, "r"), (7, "i"), (7, "r"),
    ]  # fmt: skip
    assert ls(project, TYPE, "--order-by", "dataset.size", "--order-by=-band", "--limit", "2", *along) == [
        (7, "r"), (7, "i"),
    ]  # fmt: skip
    assert len(ls(project, TYPE, "--where", "GLOB(band, '?') and dataset.created > T'2020-01-01'")) == 12


def test_find_first_comes_before_the_condition(project: Project) -> None:
    """What lies deeper is not found in the place of something newer that the condition excludes."""
    runs = [row["name"] for row in project.json("collection", "ls", "main/*")["collections"]]
    with Store.open(project.root) as store:
        older = store.query_datasets(TYPE, collections=runs[0])
        newer = store.query_datasets(TYPE, collections="main")
        limit = max(dataset.size for dataset in older)

        assert len(older) == len(newer) == 6
        assert not {dataset.id for dataset in older} & {dataset.id for dataset in newer}
        assert all(dataset.run == runs[1] for dataset in newer)
        where = "dataset.size <= :limit and visit = 102"
        assert store.query_datasets(TYPE, where, collections="main", bind={"limit": limit}) == []
        both = store.query_datasets(TYPE, where, collections="main", bind={"limit": limit}, find_first=False)
        assert {dataset.run for dataset in both} == {runs[0]}
        assert len(store.query_datasets(TYPE)) == 12


def test_a_dataset_in_several_collections_is_one_result(project: Project) -> None:
    """Once in its RUN, once by a tag: it is listed once, and a TAGGED collection is searched like a RUN."""
    with Store.open(project.root) as store:
        runs = [collection.name for collection in store.query_collections("main/*")]
        old = store.query_datasets(TYPE, "visit = 7 and band = 'r'", collections=runs[0])
        store.register_collection("best", "TAGGED")
        store.associate("best", old)

        assert store.query_datasets(TYPE, collections="best") == old
        best = store.query_collections("best")
        kind = store.query_dataset_types(TYPE)[0]
        assert (
            store.query_datasets(kind, None, collections=best) == store.query_datasets(kind, collections=best[0]) == old
        )
        assert store.query_datasets(TYPE, collections=["best", runs[0]], find_first=False).count(old[0]) == 1
        assert store.query_datasets(TYPE, "visit = 7 and band = 'r'", collections=["best", "main"]) == old
        assert store.query_datasets(TYPE, "visit = 7 and band = 'r'", collections=["main", "best"]) != old


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"type": "calibrate.imag"}, "there is no such dataset type"),
        ({"collections": "mian"}, "there is no such collection"),
        ({"collections": "ma*"}, "no order in which something is found first"),
        ({"find_first": True}, "find_first needs collections"),
        ({"limit": -1}, "expected a whole number"),
        ({"limit": True}, "expected a whole number"),
        ({"status": "gone"}, "expected one of valid"),
        ({"order_by": "vist"}, "did you mean|there is no name 'vist', names are: band"),
        ({"order_by": "size"}, "there is no name 'size'"),
        ({"order_by": ["visit", "-visit"]}, "named twice"),
        ({"where": "visit = 'a'"}, "line 1, column 7: a number is compared with text\n  visit = 'a'\n        \\^"),
        ({"where": "vist = 1"}, "column 1: there is no name 'vist', names are: band, dataset.created"),
        ({"where": "visit = 1 and\n band = 3"}, "line 2, column 7: text is compared with a number"),
        ({"where": "visit = 1 or"}, "column 13: found the end"),
        ({"where": "visit = :v"}, "':v' has no value"),
        ({"where": "visit % :v = 1", "bind": {"v": 2.5}}, "column 9: '%' is for whole numbers"),
        ({"where": "visit.region overlaps POINT(1, 2)"}, "there is no name 'visit.region'"),
        ({"where": "POINT(1, 2) overlaps POINT(1, 95)"}, "column 22: found the declination 95"),
    ],
)
def test_what_can_not_be_asked_is_an_error(project: Project, asked: dict[str, object], message: str) -> None:
    """Also where the limit is 0 and nothing is looked for."""
    with Store.open(project.root) as store:
        for limit in ({}, {"limit": 0}):
            with pytest.raises((QueryError, UsageError), match=message):
                store.query_datasets(**{"type": TYPE, **limit, **asked})


def test_a_faulty_query_ends_the_command_with_2(project: Project) -> None:
    """The message shows the place, and what is there instead."""
    done = project.provstore("dataset", "ls", "--where", "vist = 1", status=2)
    assert "line 1, column 1: there is no name 'vist'" in done.err
    assert "\n  vist = 1\n  ^\n" in done.err
    assert "did you mean 'visit'?" in done.err
    assert "did you mean 'calibrate.image'?" in project.provstore("dataset", "ls", "calibrate.imag", status=2).err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--collection", ""), "found '', expected names with commas between"),
        (("--collection", "main,"), "found 'main,', expected names with commas between"),
        (("--order-by", ""), "found '', expected names with commas between"),
        (("--collection", "mian"), "mian: there is no such collection\nhint: did you mean 'main'?"),
        (("",), ": there is no such dataset type"),
    ],
)
def test_a_name_that_is_empty_or_wrong_does_not_stand_for_all(
    project: Project, words: tuple[str, ...], said: str
) -> None:
    """A variable of the shell that is not set finds nothing by mistake."""
    assert said in project.provstore("dataset", "ls", *words, status=2).err
    assert project.json("dataset", "ls", "--keyword", "") == {"datasets": []}


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"type": "x*"}, "no dataset type matches 'x*', types are: calibrate.image, file"),
        ({"limit": 0}, "limit 0 asks for nothing"),
        ({"collections": "sources"}, "there is no dataset of type 'calibrate.image' in sources"),
        ({"collections": "x*", "find_first": False}, "there is no dataset of type 'calibrate.image' in x*"),
        ({"status": "deleted"}, "no dataset of type 'calibrate.image' is deleted there; status 'all' shows the others"),
        ({"where": "visit = 5 and band = 'r'"}, "no dataset of type 'calibrate.image' fulfils: visit = 5"),
        ({"where": "visit = 5 and band in ('x')"}, "fulfils: visit = 5; nor: band IN ('x')"),
        ({"where": "dataset.name = 'x'"}, "fulfils: dataset.name = 'x'"),
        (
            {"where": "visit = 7 and visit != 7"},
            "each condition holds for some dataset of type 'calibrate.image', but all of them hold for none",
        ),
    ],
)
def test_nothing_found_is_explained(project: Project, asked: dict[str, object], why: str) -> None:
    """In a sentence that says what excluded everything."""
    with Store.open(project.root) as store:
        found = store.query_datasets(**{"type": TYPE, **asked})

        assert found == []
        assert why in found.explain()


def test_the_command_explains_on_standard_error(project: Project) -> None:
    """Standard output stays what a program reads."""
    done = project.provstore("dataset", "ls", TYPE, "--where", "visit = 5", "--json")
    assert done.report == {"datasets": []}
    assert "fulfils: visit = 5" in done.err
    with Store.open(project.root) as store:
        assert store.query_datasets(TYPE, limit=2).explain() == "found 2 datasets"


@pytest.mark.parametrize("text", ["'; DROP TABLE dataset; --", "r' OR '1'='1", '"; SELECT 1', "{0}", "\x00", "é\n"])
def test_an_injection_finds_nothing_and_harms_nothing(project: Project, text: str) -> None:
    """As a type, a collection, an order, a value, a bound value and a text of its own."""
    with Store.open(project.root) as store:
        quoted = text.replace("'", "''")
        assert store.query_datasets(TYPE, f"band = '{quoted}'") == []
        assert store.query_datasets(TYPE, f"GLOB(band, '{quoted}')") == []
        assert store.query_datasets(TYPE, "band = :x or band in (:many)", bind={"x": text, "many": [text]}) == []
        assert store.query_datasets(f"{text}*") == []
        for asked in ({"type": text}, {"order_by": text}, {"where": text}, {"collections": text}):
            with pytest.raises(ProvstoreError):
                store.query_datasets(**asked)
        assert len(store.query_datasets(TYPE)) == 12


def test_conditions_of_the_page_are_understood(project: Project) -> None:
    """Each line of the page's block of conditions can be asked, and its query in Python finds the dataset."""
    text = (Path(__file__).resolve().parents[2] / "docs" / "queries.md").read_text(encoding="utf-8")
    lines = text.partition("```text\n")[2].partition("```")[0].splitlines()
    names = {"detector": "visit"}  # the project of these tests has no detectors
    assert len(lines) == 6
    with Store.open(project.root) as store:
        for line in lines:
            store.query_datasets(TYPE, " ".join(names.get(word, word) for word in line.split(" ")), limit=0)
        where, bind = "visit in (:visits) and band = 'i'", {"visits": [101, 103]}
        assert len(store.query_datasets(TYPE, where, bind=bind, collections="main")) == 1


def test_types_are_listed_and_shown(project: Project) -> None:
    """With the dimensions, in the order of the stage, and the format of their datasets; an unknown name is an error."""
    image = {"name": TYPE, "dimensions": ["visit", "band"], "format": "text", "path": None, "description": ""}

    assert project.json("type", "ls", "c*") == {"types": [image]}
    assert project.json("type", "show", TYPE) == image
    assert project.json("type", "ls", "x*") == {"types": []}
    assert project.provstore("type", "ls", "x*").out == "no dataset types\n"
    assert "visit, band" in project.provstore("type", "ls").out
    assert project.provstore("type", "show", TYPE).out == (
        f"type {TYPE}\n  dimensions  visit, band\n  format      text\n"
    )
    assert "no such dataset type" in project.provstore("type", "show", "x*", status=2).err
    with Store.open(project.root) as store:
        assert [found.name for found in store.query_dataset_types()] == [TYPE, "file"]
        assert store.query_dataset_types("*.image")[0].dimensions == ("visit", "band")
        with pytest.raises(UsageError, match="no such dataset type"):
            store.query_dataset_types("image")


def test_what_people_registered_is_asked_for_alike(tmp_path: Path) -> None:
    """By their type and data ID, owner and keyword; before anything is recorded, nothing is found."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": "", "a.txt": "a", "b.txt": "b"})
    assert "nothing was recorded yet" in project.provstore("dataset", "ls", "--where", "n = 1").err
    with Store.create(project.root) as store:
        first = store.register_dataset("a.txt", dataset_type="note", data_id={"n": 1}, keywords=["x"], owner="ann")
        second = store.register_dataset("b.txt", "1.0.0", dataset_type="note", data_id={"n": 2})

        assert [found.id for found in store.query_datasets("note", "n > 1")] == [second]
        assert [found.id for found in store.query_datasets("note", "note.dataset.owner = 'ann'")] == [first]
        assert [found.id for found in store.query_datasets("n*", "dataset.version != NULL")] == [second]
        store.delete_dataset(first, keep_bytes=True)
        assert [found.id for found in store.query_datasets("note", collections="main")] == [second]
        assert [found.id for found in store.query_datasets("note", "n = 1", status="all")] == [first]
    assert ls(project, "--where", "n = 2", "--keyword", "x") == []
    assert ls(project, "--where", "n = 1", "--keyword", "X", "--owner", "ann", "--status", "deleted") == [(None, None)]


def test_an_infinite_number_is_no_value_of_a_dimension(project: Project) -> None:
    """It may be compared with, also where a search would jump to the values that are named."""
    infinite = {"x": float("inf")}
    with Store.open(project.root) as store:
        assert store.query_datasets(TYPE, "visit = :x or visit = -:x", bind=infinite) == []
        assert store.query_datasets(TYPE, "visit = :x", bind=infinite) == []
        assert len(store.query_datasets(TYPE, "visit in (7, :x)", bind=infinite)) == 4
        assert len(store.query_datasets(TYPE, "visit < :x", bind=infinite)) == 12


@pytest.mark.parametrize("name", ["n", "note.dataset.size", "n.mass"])
def test_a_condition_that_is_too_deep_is_a_fault_of_the_query(tmp_path: Path, name: str) -> None:
    """Whoever reads it first: the values of data IDs, those of records, or the datasets; the store is sound."""
    (tmp_path / "Pipelinefile.toml").write_text('[dimensions.n]\ntype = "int"\nmetadata = { mass = "int" }\n')
    deep = "".join([f"({name} = {n} or ({name} < {n + 2} and " for n in range(48)]) + f"{name} > 0" + "))" * 48
    with Store.create(tmp_path) as store:
        store.insert_dimension("n", [{"n": 1, "mass": 2}])
        store.register_dataset_type("note", ["n"], "json")
        store.register_dataset("a", location="meta", dataset_type="note", data_id={"n": 1})
        with pytest.raises(QueryError, match="nested deeper than SQLite can read"):
            store.query_datasets("note", deep)
        if "dataset" not in name:
            with pytest.raises(QueryError, match="nested deeper than SQLite can read"):
                store.query_data_ids("n", deep, datasets="note")


def test_a_type_that_is_only_declared_has_no_data_yet(tmp_path: Path) -> None:
    """It is no mistake to ask for it; its dimensions are known, and what is wrong in a condition is said."""
    (tmp_path / "Pipelinefile.toml").write_text('[dimensions.n]\ntype = "int"\n[datasets.note]\ndimensions = ["n"]\n')
    with Store.create(tmp_path) as store:
        found = store.query_datasets("note", "n > 1", order_by="n")

        assert (found, found.explain()) == ([], "there is no dataset of type 'note'")
        with pytest.raises(QueryError, match="a number is compared with text"):
            store.query_datasets("note", "n = 'a'")
