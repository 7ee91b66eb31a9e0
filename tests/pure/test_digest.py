"""The encodings are a contract: what `tests/golden/digests.json` holds never changes."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
import threading
import time
from decimal import Decimal
from pathlib import Path

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore import digest
from provstore.digest import (
    CHUNK,
    Entry,
    Spelling,
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
from provstore.pipelinefile.tables import Source
from provstore.plugin import Hasher

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


HARD_TEXTS = st.sampled_from(["%", "%s", "%%", "%(a)s", '"', "\\", "\0", "\x7f", "\u2028", "\ud800", "\udc80"])
TEXTS = HARD_TEXTS | st.text(st.characters(), max_size=6)
PLAIN = st.none() | st.booleans() | st.integers() | st.just(10**300) | st.floats() | TEXTS
VALUES = PLAIN | st.lists(PLAIN, max_size=2) | st.dictionaries(TEXTS, PLAIN, max_size=2)


@given(st.dictionaries(TEXTS, VALUES, max_size=5), st.sets(TEXTS), TEXTS)
def test_many_objects_are_spelled_as_each_by_itself(value, names, around):
    """Whatever the names and values are, and whichever values all objects share."""
    shared = {name: part for name, part in value.items() if name in names}
    own = {name: part for name, part in value.items() if name not in names}

    assert Spelling(own, shared).of(own) == canonical_json(value)
    assert Spelling(own, shared, around or "a").of(own) == canonical_json({around or "a": value})


@pytest.mark.parametrize("value", [numpy.int64(1), numpy.bool_(True), b"a", {1}])
def test_many_objects_hold_no_other_values_than_one(value):
    """What JSON can't say is an error, not a text that looks like it."""
    for spelled in (Spelling(["a"]).of, canonical_json):
        with pytest.raises(TypeError):
            spelled({"a": value})


@pytest.mark.parametrize("vector", GOLDEN["manifest"], ids=lambda vector: str(len(vector["entries"])))
def test_manifest(vector):
    """Sorted by the bytes of the paths, whatever the order of the walk."""
    entries = [Entry(*entry) for entry in vector["entries"]]

    assert manifest_text(entries) == manifest_text(entries[::-1]) == vector["text"]
    assert digest_text(vector["text"]) == vector["digest"]
    assert sorted(entries_from_manifest(vector["text"])) == sorted(entries)


KINDS = {
    "json": lambda value: value,
    "bytes": bytes.fromhex,
    "float": float.fromhex,
    "decimal": Decimal,
    "datetime": datetime.datetime.fromisoformat,
    "date": datetime.date.fromisoformat,
    "time": datetime.time.fromisoformat,
    "microseconds": lambda value: datetime.timedelta(microseconds=value),
}


@pytest.mark.parametrize("vector", GOLDEN["values"], ids=lambda vector: f"{vector['kind']}-{vector['value']!r}")
def test_values(vector):
    """A change of this encoding raises the version of every format."""
    assert Hasher().add(KINDS[vector["kind"]](vector["value"])).digest == vector["digest"]


@pytest.mark.parametrize("vector", GOLDEN["array"], ids=lambda vector: f"{vector['type']}-{vector['shape']}")
def test_array(vector):
    """Type and shape, then the values in C order, little endian."""
    array = numpy.frombuffer(bytes.fromhex(vector["bytes"]), vector["type"]).reshape(vector["shape"])

    assert Hasher().array(array).digest == vector["digest"]


@pytest.mark.parametrize("vector", GOLDEN["stream"], ids=lambda vector: vector["bytes"])
def test_stream(vector):
    """Not what a value of these bytes has."""
    assert Hasher().stream([bytes.fromhex(vector["bytes"])]).digest == vector["digest"]


class Seen:
    """A workspace in which every path holds what a vector says."""

    def __init__(self, identities):
        self._identities = identities

    def look(self, path):
        found = self._identities.get(path)
        return None if found is None else Memo(0, 0, 0, 0, 0, found, None)


def spec(role, entry):
    return PathSpec(role=role, template=entry["path"], format=entry.get("format"))


@pytest.mark.parametrize("vector", GOLDEN["key"], ids=lambda vector: vector["what"])
def test_key(vector):
    """A store that was filled by an older version stays fresh: the same material gives the same key."""
    stage = Stage(
        name="s",
        place=Place(Source("Pipelinefile.toml", "", {}), ("stages", "s")),
        inputs=tuple(spec(role, entry) for role, entry in vector["inputs"].items()),
        outputs=tuple(spec(role, entry) for role, entry in vector["outputs"].items()),
        params=tuple(sorted(vector["params"])),
        env=tuple(sorted(vector["environment"])),
        **{"argv": tuple(vector["argv"])} if "argv" in vector else {"run": vector["run"]},
    )
    pipeline = Pipeline(file="Pipelinefile.toml", params=vector["params"], stages={"s": stage})
    plan, works = expand(pipeline, lambda search: [], vector["environment"])
    seen = Seen({entry["path"]: entry["identity"] for entry in vector["inputs"].values()})
    verdicts = Verdicts(plan, seen, None, works.__getitem__)
    verdicts.judge_one(0)

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
    """By one thread in one piece after the other, or by several with two pieces in turn; a copy gets it all."""
    monkeypatch.setattr(digest, "MANY_BYTES", many)
    monkeypatch.setattr(digest, "BIG_CHUNK", CHUNK)
    data = os.urandom(size)
    (tmp_path / "f").write_bytes(data)
    with (tmp_path / "f").open("rb") as file:
        assert digest_descriptor(file.fileno(), size) == digest_bytes(data)
        file.seek(0)
        copy = bytearray()
        assert digest_descriptor(file.fileno(), size, copy.extend) == digest_bytes(data)
        assert copy == data


@pytest.fixture
def apart(tmp_path, monkeypatch):
    """Digests files in a process of its own, which runs a program instead of the right one where that is given."""
    monkeypatch.setattr(digest, "MAPPED_BYTES", 0)

    def run(size, program=None):
        if program is not None:
            monkeypatch.setattr(digest, "APART", program)
        with (tmp_path / "f").open("w+b") as file:
            file.truncate(size)
            file.seek(size // 2)
            file.write(b"some bytes"[: size - size // 2])
            file.flush()
            file.seek(0)
            found = digest_descriptor(file.fileno(), size)
        return found == digest_bytes((tmp_path / "f").read_bytes())

    return run


@pytest.mark.parametrize("size", [1, 5000, digest.WINDOW - 1, digest.WINDOW, digest.WINDOW + 5000])
def test_a_very_big_file_is_digested_by_a_process_of_its_own(apart, monkeypatch, size):
    """In windows; what comes out is the same, and nothing is read here."""
    monkeypatch.setattr(os, "readv", lambda *_: pytest.fail("read"))

    assert apart(size)


@pytest.mark.parametrize(
    "program",
    [
        "import mmap, os; m = mmap.mmap(0, 0, prot=mmap.PROT_READ); os.truncate('/proc/self/fd/0', 0); m[0]",
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "raise MemoryError",
        "print('half')",
        "no program",
    ],
    ids=["cut", "killed", "memory", "half", "program"],
)
def test_a_process_that_comes_to_no_end_does_no_harm(apart, program):
    """The file is read then: above all when somebody cuts it while it is mapped."""
    assert apart(5000, program)


@pytest.mark.parametrize("executable", ["", "/no/such/python", None])
def test_without_an_interpreter_a_file_is_read(apart, monkeypatch, executable):
    """In a program that has Python in it."""
    monkeypatch.setattr(sys, "executable", executable)

    assert apart(5000)


def test_that_process_ends_with_the_one_that_started_it():
    """Whatever it is waiting for."""
    wait = "import time; from provstore.digest import end_with_parent; end_with_parent(); print(); time.sleep(60)"
    start = f"import subprocess as s, sys; print(s.Popen([sys.executable, '-uc', {wait!r}]).pid); input()"
    with subprocess.Popen([sys.executable, "-uc", start], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        said = b"".join(parent.stdout.readline() for _ in range(2))
        parent.kill()
    place = Path(f"/proc/{int(said)}")
    for _ in range(100):
        if not place.exists() or ") Z" in (place / "stat").read_text():
            break
        time.sleep(0.01)
    else:
        pytest.fail("it lives")


@pytest.mark.parametrize("many", [1, 1 << 40], ids=["threads", "one"])
def test_a_copy_that_fails_ends_the_reading(tmp_path, monkeypatch, many):
    """With what went wrong; no thread is left waiting."""
    monkeypatch.setattr(digest, "MANY_BYTES", many)
    (tmp_path / "f").write_bytes(bytes(3 * CHUNK))

    def full(piece):
        raise OSError(28, "No space left on device")

    with (tmp_path / "f").open("rb") as file, pytest.raises(OSError, match="No space"):
        digest_descriptor(file.fileno(), 3 * CHUNK, full)

    assert "digest" not in [thread.name for thread in threading.enumerate()]


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
