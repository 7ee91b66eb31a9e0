"""The encodings are a contract: what `tests/golden/digests.json` holds never changes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore import digest
from provstore.digest import (
    CHUNK,
    Entry,
    canonical_json,
    digest_bytes,
    digest_descriptor,
    digest_json,
    digest_of_variable,
    digest_text,
    entries_from_manifest,
    manifest_text,
)
from provstore.model.files import Memo
from provstore.model.pipeline import PathSpec, Pipeline, Place, Stage
from provstore.operations.verdicts import Verdicts
from provstore.pipelinefile.expand import expand

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "digests.json").read_text(encoding="utf-8"))


def pattern(length):
    """The input of BLAKE3's own test vectors: 0, 1, …, 250, 0, 1, …"""
    return bytes(number % 251 for number in range(length))


@pytest.mark.parametrize("vector", GOLDEN["bytes"], ids=lambda vector: str(vector["length"]))
def test_bytes(vector):
    """Those of BLAKE3's published test vectors, first 32 bytes."""
    assert digest_bytes(pattern(vector["length"])) == vector["digest"]


@pytest.mark.parametrize("vector", GOLDEN["text"], ids=lambda vector: repr(vector["text"]))
def test_text(vector):
    """UTF-8, without normalisation."""
    assert digest_text(vector["text"]) == vector["digest"]


@pytest.mark.parametrize("vector", GOLDEN["json"], ids=lambda vector: vector["text"])
def test_json(vector):
    """Sorted keys, no white space, characters as they are."""
    assert canonical_json(vector["value"]) == vector["text"]
    assert digest_json(vector["value"]) == vector["digest"]


@pytest.mark.parametrize("vector", GOLDEN["manifest"], ids=lambda vector: str(len(vector["entries"])))
def test_manifest(vector):
    """Sorted by the bytes of the paths, whatever the order of the walk."""
    entries = [Entry(*entry) for entry in vector["entries"]]

    assert manifest_text(entries) == manifest_text(entries[::-1]) == vector["text"]
    assert digest_text(vector["text"]) == vector["digest"]
    assert sorted(entries_from_manifest(vector["text"])) == sorted(entries)


class Seen:
    """A workspace in which every path holds what a vector says."""

    def __init__(self, identities):
        self._identities = identities

    def look(self, path):
        found = self._identities.get(path)
        return None if found is None else Memo(0, 0, 0, 0, 0, found, None)


def spec(role, entry, place):
    return PathSpec(role=role, template=entry["path"], format=entry.get("format"), place=place)


@pytest.mark.parametrize("vector", GOLDEN["key"], ids=lambda vector: vector["what"])
def test_key(vector):
    """A store that was filled by an older version stays fresh: the same material gives the same key."""
    place = Place("Pipelinefile.toml", 1)
    stage = Stage(
        name="s",
        place=place,
        inputs=tuple(spec(role, entry, place) for role, entry in vector["inputs"].items()),
        outputs=tuple(spec(role, entry, place) for role, entry in vector["outputs"].items()),
        params=tuple(sorted(vector["params"])),
        env=tuple(sorted(vector["environment"])),
        **{"argv": tuple(vector["argv"])} if "argv" in vector else {"run": vector["run"]},
    )
    pipeline = Pipeline(file="Pipelinefile.toml", params=vector["params"], stages={"s": stage})
    plan, works = expand(pipeline, lambda search: [], vector["environment"])
    seen = Seen({entry["path"]: entry["identity"] for entry in vector["inputs"].values()})
    verdicts = Verdicts(plan, seen, None, works.__getitem__)
    verdicts.judge([0], frozenset())

    assert plan.tasks[0].static == vector["static"]
    assert verdicts.key[0] == vector["key"]


# --- laws ---------------------------------------------------------------------------------------------


@given(st.binary(max_size=200))
def test_a_digest_names_its_algorithm(data):
    """In front, so that another one can come beside it."""
    found = digest_bytes(data)

    assert found.startswith("blake3:")
    assert len(found) == len("blake3:") + 64
    assert digest_bytes(memoryview(data)) == digest_bytes(bytearray(data)) == found


@given(st.text())
def test_a_text_is_its_bytes(text):
    """So that a manifest or a script can be kept as an object of the same digest."""
    assert digest_text(text) == digest_bytes(text.encode())


@given(st.binary(max_size=12))
def test_a_name_that_is_not_utf8_keeps_its_bytes(name):
    """As the operating system hands them over."""
    assert digest_text(os.fsdecode(name)) == digest_bytes(name)


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 7])
@pytest.mark.parametrize("many", [1, 1 << 40], ids=["threads", "one"])
def test_a_file_is_its_bytes_however_it_is_read(tmp_path, monkeypatch, size, many):
    """In pieces or mapped into memory by several threads."""
    monkeypatch.setattr(digest, "MANY_BYTES", many)
    data = os.urandom(size)
    (tmp_path / "f").write_bytes(data)
    descriptor = os.open(tmp_path / "f", os.O_RDONLY)
    try:
        assert digest_descriptor(descriptor, size) == digest_bytes(data)
    finally:
        os.close(descriptor)


def test_a_variable_that_is_not_set_is_not_an_empty_one():
    """Nothing is not ""."""
    assert digest_of_variable(None) == ""
    assert digest_of_variable("") == digest_text("")


ENTRIES = st.lists(
    st.builds(
        Entry,
        st.text("ab/.é\U0001f600\uffee", min_size=1, max_size=5),
        st.sampled_from(["file", "executable", "link", "empty"]),
        st.sampled_from(["", "blake3:1", "blake3:2"]),
        st.integers(0, 9),
    ),
    unique_by=lambda entry: entry.path,
)


@given(ENTRIES, st.randoms())
def test_a_manifest_does_not_depend_on_the_order_of_the_walk(entries, chance):
    """And is read back in the order of its paths' bytes."""
    mixed = list(entries)
    chance.shuffle(mixed)

    assert manifest_text(mixed) == manifest_text(entries)
    assert list(entries_from_manifest(manifest_text(entries))) == sorted(entries, key=lambda e: e.path.encode())


@given(ENTRIES, ENTRIES)
def test_different_directories_have_different_manifests(one, other):
    """Path, kind, digest and size all count."""
    assert (manifest_text(one) == manifest_text(other)) == (sorted(one) == sorted(other))
