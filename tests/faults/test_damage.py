"""Damage to the store's file and to kept objects is found, never papered over, and no command falls over it.

The store is that of real runs. Each fault is put into a copy of it; then either the check finds something, or the
file can't be opened, or the fault lies where no data are: every table reads as before.
"""

from __future__ import annotations

import io
import os
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from e2e.project import Project, stage

from provstore.cli.main import run_command
from provstore.errors import StoreError
from provstore.store.fsck import Problem, problems
from provstore.store.store import Store

from .aftermath import claim_only_added, history, outputs_of_a_clean_run

PAGE = 4096
HEADER = 100
FLIPS, NOISES = 1000, 1000
"""How many places are damaged in a usual run."""

NO_DATA = {
    **dict.fromkeys(range(24, 28), "change counter: says that others should read the file again, whatever its value"),
    **dict.fromkeys(range(28, 32), "size in pages: SQLite takes the file's own where the counters differ"),
    **dict.fromkeys(range(40, 44), "schema cookie: says that others should read the schema again, whatever its value"),
    **dict.fromkeys(range(48, 52), "suggested cache size: a matter of speed"),
    **dict.fromkeys(range(56, 60), "encoding: SQLite reads its last two bits, and takes 0 for UTF-8"),
    **dict.fromkeys(range(60, 64), "user version: read and compared when the store is opened"),
    **dict.fromkeys(range(64, 68), "whether free pages are cut off at once or when asked for"),
    **dict.fromkeys(range(72, 92), "reserved for later, not read"),
    **dict.fromkeys(range(92, 96), "counter for which the size in pages holds"),
    **dict.fromkeys(range(96, 100), "version of SQLite that wrote last: information"),
    18: "version for writing: 0, 1 and 2 are alike; what is greater is found, since nobody could write",
    19: "version for reading: 0 and 1 are alike; others are found",
    **dict.fromkeys(range(44, 48), "format of the schema: read from the last byte; older ones only lack short numbers"),
}
"""Bytes of the header that SQLite's own check passes over, and why they hold no data. Source: section 1.3 of
https://sqlite.org/fileformat2.html"""

FILES = {
    "Pipelinefile.toml": """
[params]
factor = 2
[dimensions]
n = "1..6"
[stages.part]
dimensions = ["n"]
run = "echo part {n}; for i in $(seq 40); do echo $(( {n} * {params.factor} * i )); done > {outputs}"
inputs = ["numbers/{n:02d}.txt"]
outputs = ["parts/{n}.txt"]
[stages.tree]
run = "mkdir -p tree/a/b; cp {inputs} tree/a; echo x > tree/a/b/x; chmod +x tree/a/b/x"
inputs.parts = "parts/{n}.txt"
outputs = ["tree/"]
"""
    + stage("big", "for i in $(seq 9000); do echo $i; done > big.txt; wc -c big.txt", "numbers", "big.txt")
    + stage("sum", "cat tree/a/*.txt | wc -l > sum.txt; wc -c big.txt >> sum.txt", "tree big.txt", "sum.txt"),
    **{f"numbers/{n:02d}.txt": f"{n}\n" for n in range(1, 7)},
}
WRITTEN = {f"numbers/{n:02d}.txt": f"again {n}\n" for n in (1, 2, 3)}
"""Inputs that change between the runs of the store that is damaged."""

EDITED = {"numbers/05.txt": "5 again\n"}
"""And before a run on the damaged store."""

QUESTIONS = (("status", "--json"), ("log", "--json"), ("lineage", "--json", "sum.txt"))


class Whole(NamedTuple):
    """A project as it is before anything is damaged.

    Attributes:
        folder: Its root; nobody changes it.
        data: The store's bytes.
        dump: All rows of all tables, and the schema.
        answers: What questions answer, by their words.
        made: Every file of a clean run.
    """

    folder: Path
    data: bytes
    dump: list[Any]
    answers: dict[tuple[str, ...], str]
    made: dict[str, bytes]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """Several runs: successes, a failure, other parameters, an output that was edited by hand."""
    project = Project(tmp_path_factory.mktemp("whole") / "p", FILES)
    project.run("-j", "2")
    for name in ("numbers/01.txt", "numbers/02.txt"):
        project.write(name, WRITTEN[name])
    project.run("-P", "factor=3")
    project.write("parts/2.txt", "by hand\n")
    project.run()
    project.write("numbers/03.txt", WRITTEN["numbers/03.txt"])
    project.write("Pipelinefile.toml", FILES["Pipelinefile.toml"].replace("echo x >", "false; echo x >"))
    project.run(status=1)
    project.write("Pipelinefile.toml", FILES["Pipelinefile.toml"])
    project.run()
    project.provstore("fsck", "--objects")
    execution = project.rows("SELECT id FROM execution ORDER BY id DESC LIMIT 1")[0][0]
    dataset = project.rows("SELECT id FROM dataset WHERE path = 'tree' ORDER BY id DESC LIMIT 1")[0][0]
    run = project.rows("SELECT id FROM run ORDER BY id DESC LIMIT 1")[0][0]
    words = (*QUESTIONS, *(("show", "--json", id) for id in (execution, dataset, run)))
    answers = {question: project.provstore(*question).out for question in words}
    return Whole(project.root, project.store_bytes(), dump(project.store), answers, project.files())


def dump(path: Path) -> list[Any]:
    """Every row of every table with its number, as bytes and not as text; the schema.

    An R*Tree is there by its rows: a node of it is a page with room for more.
    """
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as conn:
        conn.text_factory = bytes
        schema = conn.execute("SELECT * FROM sqlite_schema ORDER BY rowid").fetchall()
        found: list[Any] = [schema]
        for kind, name, _, _, sql in schema:
            if kind == b"table" and name != b"sky_node":
                rowid = "" if sql and b"WITHOUT ROWID" in sql else "rowid, "
                found.append(conn.execute(f"SELECT {rowid}* FROM {name.decode()}").fetchall())
        return found


@pytest.fixture
def place(tmp_path: Path, whole: Whole) -> Path:
    """Where a damaged copy of the store is put; objects lie beside it."""
    folder = tmp_path / ".provstore"
    folder.mkdir()
    (folder / "objects").symlink_to(whole.folder / ".provstore" / "objects")
    return folder / "store.db"


def first_fault(path: Path) -> Problem | StoreError | None:
    """What is said first of a store: that it can't be opened, or what its check finds; None: it is sound."""
    try:
        with Store(str(path)) as store:
            return next(problems(store, objects=False), None)
    except StoreError as error:
        return error


def is_harmless(path: Path, data: bytes, whole: Whole) -> bool:
    """The file reads as the whole one: what is damaged holds no data."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as conn:
        unused = conn.execute("PRAGMA page_count").fetchone() == (len(data) // PAGE,)
    return unused and dump(path) == whole.dump


def claim_found_or_harmless(path: Path, data: bytes, whole: Whole) -> bool:
    """Damage is found, or harmless; True when it was found."""
    path.write_bytes(data)
    fault = first_fault(path)
    assert fault is not None or is_harmless(path, data, whole)
    assert sorted(os.listdir(path.parent)) == ["objects", "store.db"]
    return fault is not None


def flipped(data: bytes, offset: int, bit: int) -> bytes:
    return data[:offset] + bytes([data[offset] ^ 1 << bit]) + data[offset + 1 :]


def places_written(data: bytes) -> list[int]:
    """Offsets of bytes around which not all is zero."""
    return [offset for offset in range(len(data)) if any(data[max(0, offset - 8) : offset + 8])]


def noisy(data: bytes, offset: int, chance: random.Random) -> bytes:
    return (data[:offset] + chance.randbytes(PAGE) + data[offset + PAGE :])[: len(data)]


# --- the store's file -------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_a_flipped_bit_is_found_or_lies_where_no_data_are(whole, place, effort, tally, seed) -> None:
    """Anywhere in the file, and more often where something is written: much of a small store is room for more."""
    chance = random.Random(seed)
    written, seen = places_written(whole.data), 0
    for number in range(FLIPS * effort // 4):
        offset = chance.choice(written) if number % 4 else chance.randrange(len(whole.data))
        bit = chance.randrange(8)
        found = claim_found_or_harmless(place, flipped(whole.data, offset, bit), whole)
        tally("single bits flipped in a store", 1)
        tally("flipped bits that lay where no data are", not found)
        seen += bool(found)
    assert seen > FLIPS * effort // 8, "most bits flipped are to lie where something is written"


def test_every_byte_of_the_header_is_checked_or_holds_no_data(whole, place, effort, tally) -> None:
    """What is passed over is listed, with the reason; nothing that is read as data is among it."""
    chance, passed_over = random.Random(0), set()
    for offset in range(HEADER):
        for bit in range(8) if effort > 1 else (chance.randrange(8),):
            if not claim_found_or_harmless(place, flipped(whole.data, offset, bit), whole):
                passed_over.add(offset)
            tally("single bits flipped in a store's header", 1)

    assert passed_over <= set(NO_DATA)


@pytest.mark.parametrize("seed", range(4))
def test_a_page_of_noise_is_found_or_lies_where_no_data_are(whole, place, effort, tally, seed) -> None:
    """Whole pages, and 4 KiB at any place."""
    chance, seen = random.Random(seed), 0
    for number in range(NOISES * effort // 4):
        offset = chance.randrange(len(whole.data))
        data = noisy(whole.data, offset - offset % PAGE if number % 2 else offset, chance)
        seen += bool(claim_found_or_harmless(place, data, whole))
        tally("4 KiB of noise in a store", 1)
    assert seen > NOISES * effort // 8, "most noise is to hit what is written"


def test_a_file_that_was_cut_is_found(whole, place, tally) -> None:
    """At every 512 bytes; what is cut off is missed even where it was free."""
    for size in range(0, len(whole.data), 512):
        place.write_bytes(whole.data[:size])
        assert first_fault(place) is not None, size
        tally("stores cut off", 1)


# --- commands ---------------------------------------------------------------------------------------------


class Said(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str


def call(folder: Path, *words: str) -> Said:
    """Runs a command that only asks, in this process, as `main` would."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace") for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        status = run_command([words[0], "-C", str(folder), *words[1:]])
    texts = []
    for stream in (out, err):
        stream.flush()
        texts.append(stream.buffer.getvalue().decode())
    assert status in (0, 1, 2, 3), texts
    assert "error[internal]" not in texts[1], texts[1]
    return Said(status, *texts)


@pytest.fixture
def swapped(whole: Whole) -> Iterator[Callable[[bytes], None]]:
    """Puts other bytes into the place of the store; the right ones come back at the end."""
    path = whole.folder / ".provstore" / "store.db"
    yield path.write_bytes
    path.write_bytes(whole.data)


def damages(data: bytes, number: int, seed: int) -> Iterator[bytes]:
    """Flipped bits and noise in turn."""
    chance, written = random.Random(seed), places_written(data)
    for index in range(number):
        offset = chance.choice(written)
        yield noisy(data, offset, chance) if index % 3 == 0 else flipped(data, offset, chance.randrange(8))


@pytest.mark.parametrize("seed", range(3))
def test_no_answer_is_silently_wrong(whole, swapped, effort, tally, seed) -> None:
    """A question is answered as before, or refused, or `fsck` says that the store is damaged."""
    for data in damages(whole.data, 25 * effort, seed):
        swapped(data)
        checked = call(whole.folder, "fsck")
        assert (checked.status == 0) == checked.out.startswith("the store is sound: ")
        for words, answer in whole.answers.items():
            said = call(whole.folder, *words)
            assert said.status or said.out == answer or checked.status, words
            assert said.err.count("error[") == bool(said.status), said.err
            tally("questions to a damaged store", 1)


@pytest.mark.parametrize("column", [b"    dirty ", b"    kind  ", b"    outcome ", b"    message "])
def test_a_column_of_another_case_is_no_other_column(whole, swapped, tally, column) -> None:
    """One bit makes a small letter of a name a capital, which SQLite takes for the same name."""
    swapped(whole.data.replace(column, column.title()))
    assert call(whole.folder, "fsck").status == 1
    for words, answer in whole.answers.items():
        said = call(whole.folder, *words)
        assert said.status == 3 or said.out == answer
        tally("questions to a damaged store", 1)


@pytest.mark.parametrize("seed", range(8))
def test_a_run_on_a_damaged_store_is_right_or_refused(whole, tmp_path, effort, tally, seed) -> None:
    """When it exits with 0, all files are what a clean run makes, and history was only added to."""
    wanted = outputs_of_a_clean_run(tmp_path / "clean", {**FILES, **WRITTEN, **EDITED})
    for number in range(effort):
        folder = tmp_path / f"p{number}"
        shutil.copytree(whole.folder, folder, symlinks=True)
        project = Project(folder, {})
        project.run("-j", "2")  # so that what is remembered is true here
        before = history(project)
        (data,) = damages(project.store_bytes(), 1, seed + 8 * number)
        project.store.write_bytes(data)
        for name, content in EDITED.items():
            project.write(name, content)
        first = project.provstore("fsck", status=None).status
        done = project.finish(project.start("run", "-j", "2"), None)
        assert done.status in (0, 3), done.err
        assert project.alive() == []
        if done.status == 0:
            assert project.files() == wanted
            if first == 0:
                claim_only_added(before, history(project))
        tally("runs on a damaged store", 1)


def other_store(path: Path) -> None:
    """SQLite's, and somebody else's."""
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.executescript("PRAGMA application_id = 7; CREATE TABLE t (x); INSERT INTO t VALUES (1)")


STRANGERS: dict[str, Callable[[Path], object]] = {
    "empty": Path.touch,
    "text": lambda path: path.write_text("once upon a time\n" * 1000, encoding="utf-8"),
    "one byte": lambda path: path.write_bytes(b"S"),
    "zeros": lambda path: path.write_bytes(bytes(3 * PAGE)),
    "another program's": other_store,
    "SQLite's": lambda path: sqlite3.connect(path).executescript("CREATE TABLE t (x)").connection.close(),
    "folder": Path.mkdir,
    "FIFO": os.mkfifo,
    "link to nothing": lambda path: path.symlink_to("nowhere"),
    "cut": lambda path: path.write_bytes(path.parents[1].joinpath("whole").read_bytes()[: 5 * PAGE + 100]),
}


@pytest.mark.parametrize("name", STRANGERS)
def test_what_is_no_store_is_one_message_and_an_offer(whole, tmp_path, tally, name) -> None:
    """Every command ends with exit status 3 and names the way out; what lies there stays as it is."""
    (tmp_path / ".provstore").mkdir()
    (tmp_path / "Pipelinefile.toml").write_text(FILES["Pipelinefile.toml"], encoding="utf-8")
    path = tmp_path / ".provstore" / "store.db"
    (tmp_path / "whole").write_bytes(whole.data)
    STRANGERS[name](path)
    before = os.lstat(path)

    for words in (("fsck",), ("status",), ("log",), ("show", "0"), ("restore", "big.txt"), ("backup", "b")):
        said = call(tmp_path, *words)
        assert said.status in ((1, 3) if name == "cut" else (3,)), words
        assert said.out == "" or words == ("fsck",)
        assert said.err.count("error[") == (said.status == 3), said.err
        assert "provstore recover" in said.err
        tally("commands on what is no store", 1)
    done = Project(tmp_path, {}).run(status=3)
    assert "provstore recover" in done.err
    after = os.lstat(path)
    assert (before.st_ino, before.st_size, before.st_mtime_ns) == (after.st_ino, after.st_size, after.st_mtime_ns)


# --- objects ----------------------------------------------------------------------------------------------


def rotten(path: Path, how: str, chance: random.Random) -> None:
    """Does something to the file of an object."""
    data = path.read_bytes()
    path.unlink()
    offset = chance.randrange(len(data))
    if how == "flipped":
        path.write_bytes(flipped(data, offset, chance.randrange(8)))
    elif how == "noise":
        path.write_bytes(noisy(data, offset, chance))
    elif how == "cut":
        path.write_bytes(data[:offset])
    elif how == "longer":
        path.write_bytes(data + b"x")
    elif how == "replaced":
        path.write_bytes(bytes(len(data)))
    elif how == "a link":
        path.symlink_to("/etc/passwd")


@pytest.mark.parametrize("how", ["flipped", "noise", "cut", "longer", "replaced", "missing", "a link"])
def test_a_damaged_object_is_found_and_never_restored(whole, tmp_path, effort, tally, how) -> None:
    """`fsck --objects` names it, `restore` refuses it, and `run` does the task again instead."""
    chance = random.Random(how)
    for number in range(effort):
        folder = tmp_path / f"p{number}"
        shutil.copytree(whole.folder, folder, symlinks=True)
        project = Project(folder, {})
        ((digest,),) = project.rows("SELECT digest FROM dataset WHERE path = 'big.txt' ORDER BY rowid DESC LIMIT 1")
        name = digest.partition(":")[2]
        rotten(folder / ".provstore" / "objects" / name[:2] / name[2:], how, chance)
        said = call(folder, "fsck", "--objects")
        assert said.status == 1
        assert [line.split(": ")[:2] for line in said.out.splitlines()[:-1]] == [["object-damaged", f"object {digest}"]]
        project.remove("big.txt")
        assert project.provstore("restore", "big.txt", status=None).status in (1, 2, 3)
        assert not project.exists("big.txt")
        done = project.run("big")
        assert done.executed == ["big"]
        assert project.files() == whole.made
        project.provstore("fsck", "--objects")
        tally("damaged objects", 1)


def test_the_only_whole_copy_is_kept_though_the_store_believes_it_has_one(tmp_path, tally) -> None:
    """What a person wrote is read again before it goes: when the kept bytes are damaged, they are replaced by it."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("a", "cat in > out", "in", "out"), "in": "1"})
    project.run()
    project.write("out", "by hand")
    project.run()
    with closing(sqlite3.connect(project.store)) as conn, conn:
        conn.execute("UPDATE object SET content = CAST('by hanx' AS BLOB) WHERE content = CAST('by hand' AS BLOB)")
    assert call(project.root, "fsck").status == 1
    project.write("out", "by hand")
    project.run()
    assert project.read("out") == "1"

    project.provstore("fsck")
    (digest,) = project.rows("SELECT digest FROM dataset WHERE path = 'out' AND execution IS NULL")[0]
    project.provstore("restore", f"out@{digest}")
    assert project.read("out") == "by hand"
    tally("damaged objects", 1)
