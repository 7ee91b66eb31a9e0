"""What Python programs hand to the calls about collections: nouns and names, one or several; anything else is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from provstore import Store
from provstore.cli.collection_text import list_text
from provstore.errors import QueryError, UnknownIdError, UsageError
from provstore.operations.registry.collections.making import Listed

PIPELINE = """
[dimensions]
detector = [1, 2]
[datasets.flat]
dimensions = ["detector"]
"""
Call = Callable[[Store], Any]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """With a flat of each detector, certified in `calib` without end."""
    folder = tmp_path_factory.mktemp("given")
    (folder / "Pipelinefile.toml").write_text(PIPELINE, encoding="utf-8")
    with Store.open(folder) as store:
        store.register_collection("calib", "CALIBRATION")
        store.register_collection("all", "CHAINED")
        for detector in (1, 2):
            (folder / f"flat{detector}").write_text("flat", encoding="utf-8")
            store.register_dataset(f"flat{detector}", dataset_type="flat", data_id={"detector": detector})
        store.certify("calib", store.query_datasets("flat"))
        yield store


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda store: store.associate("calib", None), "datasets: found None"),
        (lambda store: store.associate(3, "x"), "collection: found 3, expected a name"),
        (lambda store: store.redefine("all", 3), "children: found 3"),
        (lambda store: store.prepend("all", [b"calib"]), "children: found b'calib', expected a name"),
        (lambda store: store.certify("calib", float("nan")), "datasets: found nan"),
        (lambda store: store.decertify("calib", ["flat"]), r"dataset type: found \['flat'\], expected a name"),
        (lambda store: store.decertify("calib", "flta"), "flta: there is no such dataset type"),
        (lambda store: store.decertify("calib", "flat", data_ids=3), "data_ids: found 3"),
        (lambda store: store.decertify("calib", "flat", data_ids=[None]), "its data ID lacks 'detector'"),
        (lambda store: store.decertify("calib", "flat", data_ids=[{"detector": "1"}]), "found text, expected"),
        (lambda store: store.find_dataset("flta", detector=1), "flta: there is no such dataset type"),
        (lambda store: store.find_dataset(None, detector=1), "dataset type: found None"),
        (lambda store: store.find_dataset("flat", [1]), r"data ID: found \[1\]"),
        (lambda store: store.find_dataset("flat", {"detector": 1}, detector=2), "found 1 in data_id and 2 beside it"),
        (lambda store: store.find_dataset("flat", detector=1, collections=3), "collections: found 3"),
        (lambda store: store.query_data_ids("detector", datasets="\ud800"), r"datasets: found '\\ud800'"),
        (lambda store: store.get_dataset("\ud800"), r"id: found '\\ud800', expected a text that UTF-8 has"),
        (lambda store: store.find_dataset("flat", detector=1, timespan="2026"), "timespan: found '2026'"),
        (lambda store: store.find_dataset("flat", detector=1, timespan=("2026-01-01",)), "timespan: found"),
    ],
)
def test_what_can_t_be_is_refused_by_name(store: Store, call: Call, message: str) -> None:
    """An error says what was found and what was expected; all ranges are as they were."""
    with pytest.raises((UsageError, UnknownIdError), match=message):
        call(store)

    assert store.find_dataset("flat", detector=1, collections="calib") is not None
    assert store.query_collections("all")[0].children == ()


def test_nouns_are_as_good_as_names(store: Store) -> None:
    """What a call has returned can be handed to the next one; so can generators, and one in the place of several."""
    best = store.register_collection("best")
    (kind,) = store.query_dataset_types("flat")
    one, two = store.query_datasets("flat", order_by="detector")
    store.associate(best, (found for found in [one]))
    store.associate(best, two)
    both = store.register_collection("both", "CHAINED")
    calib = store.query_collections("calib")[0]
    store.redefine(both, (found for found in [best, calib]))
    store.prepend(both, calib)
    found = store.find_dataset(kind, {"detector": 2}, collections=both)
    store.decertify(calib, kind, data_ids={"detector": 2})
    left = [store.find_dataset(kind, detector=detector, collections=calib) for detector in (1, 2)]
    store.certify(calib, two)
    store.remove_collection(both)
    store.remove_collection(best)

    assert (found, left) == (two, [one, None])


def test_several_globs_and_types_of_collections_may_be_asked_for(store: Store) -> None:
    """They come in the order of the globs, each once; a name and a type have to be there, in a list as well."""

    def asked(*given: Any) -> list[str]:
        return [found.name for found in store.query_collections(*given)]

    assert asked(["registered", "c*", "?alib"], ("RUN", "CALIBRATION")) == ["registered", "calib"]
    assert asked([]) == asked("*", []) == []
    for given in ((["*", "nope"],), ("*", ["RUN", "run"]), ([3],), ("*", 3)):
        with pytest.raises(UsageError, match=r"nope|'run'|found 3"):
            asked(*given)


def test_an_empty_name_is_nothing_to_sort_by(store: Store) -> None:
    """It is no name, alone as in a list; without names there is no order."""
    for order_by in ("", "-", [""]):
        with pytest.raises(QueryError, match="there is no name ''"):
            store.query_datasets("flat", order_by=order_by)
        with pytest.raises(QueryError, match="there is no name ''"):
            store.query_data_ids("detector", order_by=order_by)

    assert len(store.query_datasets("flat", order_by=[])) == 2


def test_a_number_of_another_library_is_a_number(store: Store) -> None:
    """What counts as an index (numpy's integers) finds what the number itself finds."""

    class Number:
        def __index__(self) -> int:
            return 2

    assert store.find_dataset("flat", {"detector": Number()}, collections="calib")  # type: ignore[dict-item]


def test_names_of_collections_can_be_copied_from_a_narrow_terminal() -> None:
    """What else a table says is cut, the names are not."""
    name = "main/2026-11-21T100211.480Z"
    found = [Listed("main", "CHAINED", (name,), "what runs have made", ""), Listed(name, "RUN", (), "", "")]
    text = list_text(found, 40)

    assert any(line.startswith(f"{name}  RUN") for line in text.splitlines())
