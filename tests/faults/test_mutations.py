"""Whatever a Pipelinefile or a command line holds: a documented exit status, a message with its place, no traceback."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from e2e.project import Project

from . import mutate
from .aftermath import claim_sound
from .mutate import MAKE, RUNNABLE, Said, call

MUTANTS = 10_000
REAL = 40
"""Of the mutants that may be executed, so many are."""

QUESTIONS = [
    ["status", "--json"],
    ["check", "--json"],
    ["graph"],
    ["status"],
    ["graph", "--tasks", "--json"],
    ["run", "-n"],
    ["graph", "--format", "mermaid"],
    ["graph", "--format", "dot", "--tasks"],
]

ERROR = re.compile(r"error\[([a-z-]+)\]:[ \n]")
PLACED = re.compile(r"[\w./ -]+\.(toml|json)(:\d+){0,2}: |hint: ")
"""How each line about a Pipelinefile begins: with the file, and the line where there is one."""


def claim_documented(said: Said, words: list[str]) -> None:
    """What holds of every command, whatever it was given."""
    assert said.status in (0, 1, 2, 3), said
    assert "Traceback" not in said.err, said
    assert "error[internal]" not in said.err, said
    assert "out of memory" not in said.err, said
    assert all(char.isprintable() or char == "\n" for char in said.err), f"steers the terminal: {said}"
    assert said.err or said.status < 2, "a failure without a word"
    if "--json" in words and said.status < 2:
        json.loads(said.out)
    elif "json" not in words and "--json" not in words:
        assert "\x1b" not in said.out, said


def claim_placed(said: Said) -> None:
    """A wrong Pipelinefile is said of the file, and of the line where there is one."""
    kind = ERROR.match(said.err)
    assert kind, said
    if kind[1] != "pipelinefile":
        assert kind[1] in ("file", "plugin"), said  # what lies in the folder, not what the Pipelinefile says
        return
    for line in said.err[kind.end() :].rstrip("\n").split("\n"):
        assert PLACED.match(line), f"names no place: {line!r}"


def claim_nothing_done(folder: Path, before: set[str]) -> None:
    assert set(os.listdir(folder)) == before, "a question, or a wrong Pipelinefile, has left something"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which every good Pipelinefile finds what it reads; the current one."""
    home = tmp_path / "above" / "project"
    home.mkdir(parents=True)
    mutate.lay_out(home)
    monkeypatch.chdir(home)
    monkeypatch.setenv("TRACE", str(tmp_path / "trace"))
    return home


def test_every_good_file_is_good(folder: Path) -> None:
    """Otherwise mutations would only show what was wrong before."""
    for text in mutate.corpus():
        mutate.put(folder / "Pipelinefile.toml", text)
        assert call(["run", "-n"]).status == 0, text


def test_ten_thousand_wrong_pipelinefiles(folder: Path, effort: int, tally: Callable[[str, int], None]) -> None:
    """Each is good, or has messages with file and line; neither makes, executes or leaves anything."""
    texts, before, statuses = mutate.corpus(), set(os.listdir(folder)), Counter()
    assert "Pipelinefile.toml" in before
    file = folder / "Pipelinefile.toml"
    with mutate.little_memory():
        for number in range(MUTANTS * effort):
            random = Random(f"{effort} {number}")
            data = mutate.mutant(random, texts)
            file.write_bytes(data)
            for words in (["run", "-n", "--json"], QUESTIONS[number % len(QUESTIONS)]):
                try:
                    said = call(words)
                    statuses[said.status] += 1
                    claim_documented(said, words)
                    assert said.status in ((0, 1) if words[0] == "check" else (0,)) or said.status == 2, said
                    if said.status == 2:
                        claim_placed(said)
                    claim_nothing_done(folder, before)
                    if said.status == 2 and number % 4:
                        break  # what is wrong for one question is wrong for all: a quarter shows that
                except (Exception, mutate.TooSlowError) as error:
                    raise AssertionError(f"{words} of mutant {number}: {error}\n{data!r}") from error
    assert statuses[0] > MUTANTS / 20, "hardly anything gets past the reader"
    assert statuses[2] > MUTANTS / 20
    tally("mutated Pipelinefiles", MUTANTS * effort)


def test_mutated_pipelinefiles_are_run_wholly_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, effort: int, tally: Callable[[str, int], None]
) -> None:
    """Exit status 2: nothing was executed, nothing made. Exit status 0: the next run has nothing to do."""
    wanted, number, statuses = REAL * effort, 0, Counter()
    for number in range(100_000 * effort):
        if statuses.total() == wanted:
            break
        random = Random(f"real {effort} {number}")
        data = mutate.mutant(random, [mutate.RUNNABLE, mutate.FOUND])
        if not mutate.is_harmless(data):
            continue
        project = Project(tmp_path / "p", {**mutate.BESIDE, "Pipelinefile.toml": data}, home=tmp_path)
        monkeypatch.chdir(project.root)
        monkeypatch.setenv("TRACE", str(project.trace))
        before = project.files()
        try:
            said = call(["run", "--json"])
            statuses[said.status] += 1
            claim_documented(said, ["--json"])
            if said.status == 2:
                assert not project.count()
                assert not project.store.exists()
                assert project.files() == before
            if said.status == 0 and "always" not in data.decode():
                again = call(["run", "--json"])
                assert (again.status, json.loads(again.out)["run"]) == (0, None), again
            project.claim_rest()
        except (Exception, mutate.TooSlowError) as error:
            raise AssertionError(f"mutant {number}: {error}\n{data!r}") from error
        monkeypatch.chdir(tmp_path)
        shutil.rmtree(project.root)
        project.trace.unlink(missing_ok=True)
    assert statuses.total() == wanted
    assert statuses[0] > wanted / 10
    tally("mutated Pipelinefiles that were run", wanted)


STAGE = "[stages.a]\nrun = 'echo'\n"
DIMENSION = "[dimensions]\nd = {}\n[stages.a]\ndimensions = ['d']\nrun = 'echo'\noutputs = ['out/{}']\n"


def many(number: int, more: str = "") -> str:
    return "".join(f"[stages.s{n}]\nrun = 'echo'\noutputs = ['o/{n}']\n{more}\n" for n in range(number))


HUGE = {
    "a range of 10^12": (DIMENSION.format("'0..999999999999'", "{d}"), "2: dimension 'd': range '0..999999999999' has"),
    "a million tasks": (DIMENSION.format("'0..999999'", "{d}"), "stage 'a': its 1,000,000 tasks"),
    "10^12 combinations": (
        "[dimensions]\na = '0..9999'\nb = '0..9999'\nc = '0..9999'\n[stages.a]\ndimensions = ['a', 'b', 'c']\n"
        "run = 'echo'\noutputs = ['{a}/{b}/{c}']\n",
        "6: stage 'a': there are 100,000,000 combinations of a, b",
    ),
    "every task gathers all": (
        DIMENSION.format("'0..9999'", "{d}")
        + "[dimensions.e]\nvalues = '0..9999'\n[stages.b]\ndimensions = ['e']\nrun = 'x'\n"
        + "inputs = ['out/{d}']\noutputs = ['b/{e}']\n",
        "stage 'b': all tasks together read more than 3,000,000 inputs",
    ),
    "a text of a megabyte": (f"{STAGE}description = '{'x' * 1_000_000}'\n", None),
    "a command of a megabyte": (f"[stages.a]\nrun = 'echo {'x' * 1_000_000}'\n", None),
    "a path of a megabyte": (f"{STAGE}outputs = ['{'x' * 1_000_000}']\n", "3: stage 'a': outputs.0: path 'xxx"),
    "a key of a megabyte": (f"{STAGE}{'x' * 1_000_000} = 1\n", "3: stage 'a': unknown key 'xxx"),
    "a target of a megabyte": (
        f"[project]\ndefault = ['{'x' * 1_000_000}']\n{STAGE}",
        "2: [project]: default: unknown",
    ),
    "two names of a megabyte": (
        f"[params]\n{'x' * 1_000_000}y = 1\n[stages.a]\nrun = '{{params.{'x' * 1_000_000}z}}'\n",
        "4: stage 'a': run: ",
    ),
    "placeholders of a megabyte": (f"[stages.a]\nrun = 'echo {'{x}' * 300_000}'\n", "2: stage 'a': run: '{x}' is no"),
    "braces of a megabyte": (f"[stages.a]\nrun = 'echo {'{' * 1_000_000}'\n", None),
    "a condition of a megabyte": (
        DIMENSION.format("[1]", "{d}") + f"where = '{'d = 1 OR ' * 30_000} d = 1'\n",
        None,
    ),
    "a condition nested without end": (
        DIMENSION.format("[1]", "{d}") + f"where = '{'(' * 100_000}'\n",
        "7: stage 'a': where: line 1, column 101: this is nested more than 100",
    ),
    "100,000 lines": (STAGE + "# nothing\n" * 100_000, None),
    "100,000 parameters": ("[params]\n" + "".join(f"p{n} = {n}\n" for n in range(100_000)), None),
    "5,000 stages": (many(5000), None),
    "30,000 mistakes": (many(10_000, "ouputs = 1\nx = {}\ny = []"), "4: stage 's0': unknown key 'ouputs'"),
    "arrays in arrays": (f"x = {'[' * 100_000}", ": values are nested too deeply"),
    "arrays in arrays, closed": (f"[params]\nx = {'[' * 90}{']' * 90}", "2: param 'x': is nested more than 32 deep"),
    "tables in tables": (f"x = {'{a = ' * 100_000}", ": values are nested too deeply"),
    "a key of 100,000 parts": (f"{STAGE}{'a.' * 100_000}b = 1\n", "3: found a key of more than 900 parts"),
    "a table of 100,000 parts": (f"{STAGE}[{'a.' * 100_000}b]\n", "3: found a key of more than 900 parts"),
    "a number of 100,000 digits": (f"[params]\nx = {'9' * 100_000}", ": holds a value that can't be read"),
    "an ordered name of 5,000 digits": (DIMENSION.format(f"['{'9' * 5000}', '1']", "{d}"), "stage 'a': path 'out/{d}'"),
    "folders upon folders": (f"{STAGE}inputs = ['{'x/' * 1500}**/*']\n" + many(20), "3: stage 'a': no file matches"),
    "a path of 10,000 folders": (f"{STAGE}outputs = ['{'x/' * 10_000}x']\n", "3: stage 'a': outputs.0: path 'x/x/x"),
    "a width of 10^9": (DIMENSION.format("[1]", "{d:0999999999d}"), "6: stage 'a': outputs.0: path"),
    "a width of 999 and a name": (DIMENSION.format("[1]", "{d:0999d}"), "6: stage 'a': outputs.0: path"),
    "thirty stars": (f"{STAGE}inputs = ['stars/{'*a' * 30}*b']\n", "3: stage 'a': no file matches"),
    "thirty folders of any depth": (f"{STAGE}inputs = ['{'**/a/' * 30}b']\n", "3: stage 'a': no file matches"),
    "thirty times any folders": (f"{STAGE}inputs = ['{'**/' * 30}nothing']\n", "3: stage 'a': no file matches"),
    "stars that may be an output": (
        f"{STAGE}inputs = ['deep/{'**/a*a*a*a*a*a*a*a*b/' * 12}x']\n[stages.b]\nrun = 'echo'\n"
        + f"outputs = ['deep/{('a' * 60 + '/') * 30}y']\n",
        "3: stage 'a': no file matches",
    ),
}
"""What is too much → a Pipelinefile, and the message after the file's name; None: it works."""


@pytest.mark.parametrize("what", HUGE)
def test_too_much_of_anything(folder: Path, what: str, tally: Callable[[str, int], None]) -> None:
    """It works or is refused by a plain message, in bounded time and memory; a store is never made for it."""
    text, message = HUGE[what]
    mutate.put(folder / "Pipelinefile.toml", text)
    mutate.put(folder / "stars" / ("a" * 250), "")
    mutate.put(folder / ("a/" * 60 + "a"), "")
    mutate.put(folder / "deep" / ("/".join(["a" * 60] * 30)), "")
    began = time.monotonic()
    with mutate.little_memory():
        said = call(["run", "-n"], 60)
    claim_documented(said, ["run"])
    assert time.monotonic() - began < 60
    assert len(said.err) < 4_000_000
    if message is None:
        assert said.status == 0, said.err[:1000]
    else:
        assert said.status == 2, said.err[:1000]
        claim_placed(said)
        assert message in said.err, said.err[:1000]
    assert not (folder / ".provstore").exists()
    tally("Pipelinefiles with too much of something", 1)


def test_too_much_to_be_started(tmp_path: Path) -> None:
    """A command that the system can't take fails by a plain message, and whatever else there is runs."""
    text = (
        f"[stages.a]\nrun = ': {'x' * 1_000_000}'\noutputs = ['a']\n[stages.b]\nrun = 'echo b > b'\noutputs = ['b']\n"
    )
    words = "'x', " * 300_000
    text += f"[stages.c]\nargv = [{words}]\noutputs = ['c']\n"
    text += "[stages.long]\nrun = 'echo x > long'\noutputs = ['long']\ntimeout = 9000000000000000000\n"
    text += "[stages.soon]\nrun = 'sleep 9'\noutputs = ['soon']\ntimeout = 1e-300\n"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    done = project.run("-k", status=1)
    assert done.outcomes == {"a": "failed", "b": "executed", "c": "failed", "long": "executed", "soon": "failed"}


REGRESSIONS = {
    "a selection in default that nothing has": (
        f"[project]\ndefault = ['a..b']\n{STAGE}",
        "Pipelinefile.toml:2: [project]: default: unknown stage or subset 'b'",
    ),
    "a selection in default that can't be read": (
        f"[project]\ndefault = ['~(a']\n{STAGE}",
        "Pipelinefile.toml:2: [project]: default: '~(a': line 1, column 4: found the end",
    ),
    "a selection in a subset": (
        f"{STAGE}[subsets]\ns = ['a&nope']\n",
        "Pipelinefile.toml:4: subset 's': unknown stage or subset 'nope'",
    ),
    "a path in default that leads out": (
        f"[project]\ndefault = ['/x']\n{STAGE}",
        "Pipelinefile.toml: [project]: default: /x: lies outside of the project",
    ),
    "a path in default that nobody makes": (
        f"[project]\ndefault = ['no/such']\n{STAGE}",
        "Pipelinefile.toml: [project]: default: no/such: no stage",
    ),
    "control characters in names": (
        f"{STAGE}inputs = ['\\u001b[2J']\n".replace("'\\", '"\\').replace("J'", 'J"'),
        r"\x1b[2J",
    ),
    "a line break in a name": (f'{STAGE}inputs = ["a\\nb"]\n', r"3: stage 'a': input 'a\nb' is missing"),
    "a character that is too large": (DIMENSION.format("[65, 99999999999]", "{d:c}"), "can't write the value 9999"),
    "a character that no file can have": (DIMENSION.format("[0]", "{d:c}"), "which can't be part of a name"),
    "half a character": (DIMENSION.format("[55296]", "{d:c}"), "which can't be part of a name"),
    "a sign that divides folders": (DIMENSION.format("[1]", "{d:/>9}"), "which can't be part of a name"),
    "a sign that divides folders in what is gathered": (
        DIMENSION.format("[1]", "{d}") + "[stages.b]\nrun = 'echo'\ninputs = ['{d:/>9}']\n",
        "9: stage 'b': '{d}' in path '{d:/>9}' writes '////////1', which can't be part of a name",
    ),
    "a value that leads back": (DIMENSION.format("['a']", ".{d:.<1.0s}.").replace(".<1.0", ".0"), "can't be part"),
    "nothing for a name": (DIMENSION.format("['a']", "{d:.0s}"), "which can't be part of a name"),
    "dots around a dot": (
        "[dimensions]\nd.from = 'dots/x{d}'\n[stages.a]\ndimensions = ['d']\nrun = 'echo'\noutputs = ['.{d}/x']\n",
        "which leads back by '..'",
    ),
    "a format for some words of a parameter": (
        "[params]\nx = [1, 'a']\n[stages.a]\nrun = 'echo {params.x:d}'\n",
        "4: stage 'a': '{params.x:d}' can't write the value 'a'",
    ),
    "a character in a command": (
        DIMENSION.format("[0]", "{d}").replace("'echo'", "'echo {d:c}'"),
        "5: stage 'a': '{d:c}' can't write the value 0",
    ),
}
"""What was once a fault → a Pipelinefile, and its message."""


@pytest.mark.parametrize("what", REGRESSIONS)
def test_what_once_was_a_fault(folder: Path, what: str) -> None:
    """Has one line that says where."""
    text, message = REGRESSIONS[what]
    mutate.put(folder / "Pipelinefile.toml", text)
    mutate.put(folder / "dots" / "x.", "")
    said = call(["run"])
    claim_documented(said, ["run"])
    assert said.status == 2, said
    claim_placed(said)
    assert message in said.err
    assert not (folder / ".provstore").exists()


# --- what stands in the place of a Pipelinefile -----------------------------------------------------------


@pytest.mark.parametrize("kind", ["folder", "pipe", "link to nothing", "link to itself", "empty", "device"])
def test_a_pipelinefile_that_is_none(tmp_path: Path, kind: str) -> None:
    """Is named; no other one, further up, is taken instead, and nobody waits for a pipe."""
    above = Project(tmp_path / "p", {"Pipelinefile.toml": "[stages.above]\nrun = 'echo'\n"})
    file = tmp_path / "p" / "inner" / "Pipelinefile.toml"
    file.parent.mkdir()
    if kind == "folder":
        file.mkdir()
    elif kind == "pipe":
        os.mkfifo(file)
    elif kind == "device":
        file.symlink_to("/dev/zero")
    elif kind == "empty":
        file.write_bytes(b"")
    else:
        file.symlink_to("Pipelinefile.toml" if kind == "link to itself" else "nothing")
    for words in (["run"], ["status"], ["run", "-n"], ["status", "-f", "Pipelinefile.toml"]):
        done = above.provstore(*words, cwd=file.parent, status=0 if kind == "empty" else 2)
        if kind != "empty":
            assert "Pipelinefile.toml: " in done.err or "zero: " in done.err or "nothing: " in done.err
    assert not above.exists("inner/.provstore")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_pipelinefile_that_may_not_be_read(tmp_path: Path) -> None:
    """Is named, with the system's reason."""
    tmp_path.chmod(0o755)
    project = Project(tmp_path / "p", {"Pipelinefile.toml": STAGE})
    (project.root / "Pipelinefile.toml").chmod(0)
    other = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    if subprocess.run([*other, "ls", str(project.root)], capture_output=True, check=False).returncode:
        pytest.skip("another user can't come here")
    started = project.start("--version", before=other)
    if started.wait() != 0:
        pytest.skip("another user can't start provstore here")
    started.communicate()
    done = project.provstore("run", before=other, status=2)
    assert "Pipelinefile.toml: can't be read: Permission denied" in done.err


def test_a_pipelinefile_that_changes_while_it_is_read(tmp_path: Path, tally: Callable[[str, int], None]) -> None:
    """A run takes the file as it was at one moment: good, or wrong and nothing is done."""
    good = RUNNABLE
    project = Project(tmp_path / "p", {**mutate.BESIDE, "Pipelinefile.toml": good})
    for cut in range(0, len(good), len(good) // 20):
        started = project.start("run", "--json", "-n")
        for _ in range(20):
            project.write("Pipelinefile.toml", good[:cut])
            project.write("Pipelinefile.toml", good)
            time.sleep(0.005)
        done = project.finish(started, status=None)
        assert done.status in (0, 2), done
        tally("Pipelinefiles that changed while they were read", 1)
    project.run()
    assert project.run().report["run"] is None


# --- words ------------------------------------------------------------------------------------------------

WORDS: dict[str, list[str]] = {
    "status": ["one", "gather", "one@visit=101,detector=0", "one..gather", "<gather", "~one", "some", "all/list"],
    "run -n": ["one@visit=101", ">=one & ~bands", "made/101_00.h5", "..gather", "(one|bands)", "bands,gather"],
    "run -n -P": ["seed=43", "words=['x']", "words=[1, 2.5, true]", "seed='a'", "seed=1e5", "seed=2020-01-01"],
    "restore": ["all/list", "all/list@ID", "made/101_00.h5@ID", "all@ID", "./all/list"],
    "show": ["ID", "ID "],
    "logs": ["one", "one@visit=101", "ID", "gather"],
    "log -n": ["1", "0", "10"],
    "graph --format": ["dot", "mermaid", "json", "text"],
    "graph": ["one", "..gather", "--tasks", "one@visit=7"],
    "-C": [".", "..", "raw", "raw/101"],
    "-f": [
        "Pipelinefile.toml",
        "Pipelinefile.toml#one",
        "Pipelinefile.toml#one,some",
        "calib/Pipelinefile.toml#flatten",
    ],
    "sql": [
        "SELECT * FROM v_execution",
        "SELECT stage, outcome, count(*) AS number FROM v_execution GROUP BY 1, 2",
        "PRAGMA table_info(execution)",
        "SELECT id, path FROM dataset WHERE path LIKE 'all%' ORDER BY id LIMIT 3",
        "SELECT hex(digest), x'00', 1e999, -9223372036854775808, 'text' FROM record",
    ],
}
"""A command, or options → good words for it."""

IN_WORDS = [
    *("", " ", "-", "--", "@", "=", ",", "..", "<", ">", "~", "&", "|", "(", ")", "#", "/", "\\", "'", '"', "*", "%"),
    *(
        "\n",
        "\t",
        "\x1b[2J",
        "\u202e",
        "é",
        "e\u0301",
        "🦆",
        "\udcff",
        "{x}",
        "{",
        "}",
        "[",
        "]",
        "nan",
        "inf",
        "1e999",
    ),
    *("9" * 5000, "x" * 5000, "(" * 5000, "[" * 5000, "~" * 5000, "-1", "0", "NULL", ";", "--x", "/*", "x'", "?", ":x"),
    *("DROP TABLE run", "; DELETE FROM run", "ATTACH 'x' AS y", "PRAGMA user_version = 1", "load_extension('x')"),
    *("zeroblob(2000000000)", "randomblob(9999999999)", "readfile('/etc/passwd')", "UNION SELECT 1", "VALUES(1)"),
    *(
        "0" * 36,
        "visit",
        "one",
        "some",
        "ID",
        "2020-01-01T00:00:00",
        "true",
        "..nope",
        "/dev/null",
        "../x",
        ".provstore",
    ),
]


def test_any_words(folder: Path, effort: int, tally: Callable[[str, int], None]) -> None:
    """A documented exit status, no traceback, and the store as it was but for what `restore` puts back."""
    number = 3000 * effort
    mutate.put(folder / "Pipelinefile.toml", RUNNABLE)
    assert call(["run", "--force"]).status == 0
    ids = [row["id"] for row in json.loads(call(["sql", "--json", "SELECT id FROM dataset"]).out)]
    ids += [run["id"] for run in json.loads(call(["log", "--json"]).out)["runs"]]
    asked = ["sql", "--json", "SELECT position, digest FROM record ORDER BY position"]
    history = json.loads(call(asked).out)
    with mutate.little_memory():
        for attempt in range(number):
            random = Random(f"words {effort} {attempt}")
            command = random.choice(sorted(WORDS))
            word = random.choice(WORDS[command])
            for _ in range(random.choice((1, 1, 2, 3))):
                word = mutate.changed_word(random, word, IN_WORDS)
            word = word.replace("ID", random.choice(ids)[: random.choice((1, 8, 36))]).replace("\0", "")
            first, *rest = command.split()
            words = [first, *rest, word]
            if command in ("-C", "-f"):
                words = [command, word, "status"] if random.random() < 0.5 else ["status", command, word]
            if random.random() < 0.3 and first not in ("logs", "-C", "-f"):
                words.append("--json")
            if random.random() < 0.05:
                words.append(random.choice(IN_WORDS))
            if first == "run" and "-n" not in words[:2]:
                continue
            try:
                said = call(words)
                claim_documented(said, words if {"--help", "-h"}.isdisjoint(words) else [])
            except (Exception, mutate.TooSlowError) as error:
                raise AssertionError(f"{words}: {error}") from error
    assert json.loads(call(asked).out)[: len(history)] == history
    assert call(["run"]).status == 0
    tally("command lines with mutated words", number)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-P", "seed=[1979-05-27]"], "-P seed: found a date or time"),
        (["-P", "seed=nan"], "-P seed: found nan, expected a finite number"),
        (["-P", "seed=1e999"], "-P seed: found inf, expected a finite number"),
        (["-P", f"seed={2**63}"], "-P seed: found a number beyond 64 bits"),
        (["-P", "seed=\udcff"], "this word is not UTF-8"),
        (["\udcff"], "this word is not UTF-8"),
        (["-f", "\udcff"], "this word is not UTF-8"),
        (["-P", "seed={a = 1}"], "-P seed: found a table, expected"),
        (["nope\x1b[2J"], r"nope\x1b[2J: no stage"),
    ],
)
def test_words_that_once_were_a_fault(folder: Path, words: list[str], message: str) -> None:
    """Have one line that names them."""
    mutate.put(folder / "Pipelinefile.toml", RUNNABLE)
    said = call(["run", *words])
    claim_documented(said, words)
    assert said.status == 2
    assert message in said.err
    assert not (folder / ".provstore").exists()


def test_words_that_are_only_text(folder: Path) -> None:
    """What is no TOML is the text itself, whatever follows in it."""
    mutate.put(folder / "Pipelinefile.toml", f"[params]\nx = 1\n[stages.a]\nrun = '''{MAKE}'''\noutputs = ['out/x']\n")
    for text in ("9" * 5000, "[" * 5000, "1\ny = 2", "a b", ""):
        assert call(["run", "-n", "-P", f"x={text}"]).status == 0


def test_a_sound_store_after_all_of_it(tmp_path: Path) -> None:
    """Wrong Pipelinefiles between good ones leave no trace in the history."""
    project = Project(tmp_path / "p", {**mutate.BESIDE, "Pipelinefile.toml": RUNNABLE})
    project.run()
    before = project.store_bytes()
    for text in ("x", "[stages.one]\nrun = 1", RUNNABLE + "[stages.one]\n"):
        project.write("Pipelinefile.toml", text)
        project.provstore("run", status=2)
    assert project.store_bytes() == before
    project.write("Pipelinefile.toml", RUNNABLE)
    assert project.run().report["run"] is None
    claim_sound(project)
