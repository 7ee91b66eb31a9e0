"""Two Pipelinefiles come to the same tasks, or in what they do not."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provstore.errors import PipelinefileError, UsageError
from provstore.operations.refactor.compare import RefactorReport, refactor
from provstore.operations.refactor.old_pipelinefile import OldPipelinefile, find_old

HEAD = {
    "params": "[params]\nseed = 42\ncosmology.omega = 0.3\n",
    "dimensions": '[dimensions]\nn = "1..3"\nband = ["g", "r"]\npart = { from = "parts/{part}.csv" }\n',
}
STAGES = {
    "make": 'dimensions = ["n", "band"]\nrun = "make {inputs.raw} --seed {params.seed} > {outputs.o}"\n'
    'inputs.raw = "raw.txt"\noutputs.o = "made/{n}_{band}.txt"\nenv = ["HOME"]\n',
    "gather": 'run = "cat {inputs.all} > {outputs.o}"\ninputs.all = "made/{n}_{band}.txt"\n'
    'inputs.code = "code.py"\noutputs.o = "all.txt"\noutputs.p = { path = "all.json", format = "json" }\n',
    "each": 'dimensions = ["part"]\nargv = ["wc", "{inputs.p}"]\ninputs.p = "parts/{part}.csv"\n'
    'outputs.o = "counted/{part}.txt"\nparams = ["cosmology"]\n',
    "none": 'run = "true"\n',
}
FILES = ("raw.txt", "code.py", "parts/a.csv", "parts/b.csv", "other.txt")
TASKS = 6 + 1 + 2 + 1


def text_of(stages: dict[str, str] | None = None, **head: str) -> str:
    parts = [*{**HEAD, **head}.values()]
    parts += [f"[stages.{name}]\n{body}" for name, body in (stages or STAGES).items()]
    return "\n".join(parts)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    make(tmp_path)
    return tmp_path


def make(root: Path) -> None:
    """The files that the pipeline reads."""
    for name in FILES:
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("x\n", encoding="utf-8")


def compared(root: Path, old: str, new: str) -> RefactorReport:
    (root / "Pipelinefile.toml").write_text(new, encoding="utf-8")
    return refactor(str(root), "Pipelinefile.toml", OldPipelinefile("old.toml", old.encode()))


# --- what changes nothing ---------------------------------------------------------------------------------


@given(st.randoms(use_true_random=False), st.permutations(list(STAGES)), st.integers(0, len(STAGES)))
@settings(max_examples=30, deadline=None)
def test_what_is_only_written_otherwise_is_the_same(chance: random.Random, order: list[str], included: int) -> None:
    """The order of stages and keys, comments, descriptions, an included file, a list for a range."""
    bodies = {name: _shuffled(STAGES[name], chance) for name in order}
    inner = {name: bodies[name] for name in order[:included]}
    outer = {name: bodies[name] for name in order[included:]}
    dimensions = HEAD["dimensions"].replace('"1..3"', "[1, 2, 3]")
    head = '[project]\nname = "x"\ninclude = ["more.toml"]\n' + dimensions + "# a comment\n"
    with TemporaryDirectory() as folder:
        root = Path(folder)
        make(root)
        (root / "more.toml").write_text(_stages(inner), encoding="utf-8")
        report = compared(root, text_of(), head + HEAD["params"] + _stages(outer))

    assert report.is_same, report
    assert (report.same, report.renamed, report.remarks) == (TASKS, (), ())


def _stages(stages: dict[str, str]) -> str:
    return "\n".join(f"[stages.{name}]\n{body}" for name, body in stages.items())


def _shuffled(body: str, chance: random.Random) -> str:
    """The keys in another order, with comments and a description."""
    lines = [*body.strip().split("\n"), 'description = "what it does"', "retries = 0", "# why"]
    chance.shuffle(lines)
    return "\n".join(lines) + "\n"


@given(st.permutations(list(STAGES)))
@settings(max_examples=10, deadline=None)
def test_a_stage_with_another_name_is_the_same(names: list[str]) -> None:
    """Whatever it is called, also when names are swapped; each task is said to be renamed once."""
    stages = {name: STAGES[old] for name, old in zip(names, STAGES, strict=True)}
    with TemporaryDirectory() as folder:
        root = Path(folder)
        make(root)
        report = compared(root, text_of(), text_of(stages))

    assert report.is_same
    assert report.same == TASKS
    moved = {(old, new) for old, new in zip(STAGES, names, strict=True) if old != new}
    assert {(before.stage, now.stage) for before, now in report.renamed} == moved
    assert all(before.data_id == now.data_id for before, now in report.renamed)


# --- what changes something -------------------------------------------------------------------------------

EDITS = {
    "a command": ("make", "--seed", "--seeds", 6),
    "an argument": ("each", '"wc"', '"wc", "-l"', 2),
    "the path of an input": ("make", "raw.txt", "other.txt", 6),
    "the path of an output": ("make", "made/{n}_{band}.txt", "made/{n}-{band}.txt", 6),
    "the format of an output": ("gather", 'format = "json"', 'format = "text"', 1),
    "the format of an input": ("gather", '"code.py"', '{ path = "code.py", format = "text" }', 1),
    "an input more": ("gather", "inputs.code", 'inputs.other = "other.txt"\ninputs.code', 1),
    "a role": ("none", 'run = "true"', 'run = "true"\noutputs.x = "new.txt"', 1),
    "a variable": ("make", '"HOME"', '"HOME", "LANG"', 6),
    "a param less": ("each", 'params = ["cosmology"]', "", 2),
    "a shell": ("none", 'run = "true"', 'argv = ["true"]', 1),
    "a working folder": ("none", 'run = "true"', 'run = "true"\ncwd = "parts"', 1),
}


@pytest.mark.parametrize("what", EDITS)
def test_an_edit_is_shown_in_the_tasks_that_it_changes(what: str, root: Path) -> None:
    """Each with its reasons; the others are the same. What finds nothing to gather any more is gone."""
    stage, before, now, number = EDITS[what]
    stages = {**STAGES, stage: STAGES[stage].replace(before, now)}
    assert stages != STAGES
    report = compared(root, text_of(), text_of(stages))

    assert not report.is_same
    changed = [entry for entry in report.changed if entry.now.stage == stage]
    assert len(changed) == number
    assert all(entry.reasons for entry in changed)
    assert report.same == TASKS - len(report.changed) - len(report.removed)
    assert [task.stage for task in report.removed] == (["gather"] if what == "the path of an output" else [])
    assert report.added == ()


@pytest.mark.parametrize(
    ("head", "changed"),
    [
        ({"params": "[params]\nseed = 43\ncosmology.omega = 0.3\n"}, {"make"}),
        ({"params": "[params]\nseed = 42\ncosmology.omega = 0.31\n"}, {"each"}),
        ({"params": "[params]\nseed = 42\ncosmology.omega = 0.3\ncosmology.new = 1\n"}, {"each"}),
        ({"params": HEAD["params"] + "unused = 1\n"}, set()),
    ],
)
def test_a_value_of_a_parameter_is_shown_where_it_is_used(root: Path, head: dict[str, str], changed: set[str]) -> None:
    """By its name, and only there."""
    report = compared(root, text_of(), text_of(None, **head))

    assert {entry.now.stage for entry in report.changed} == changed
    assert all(entry.reasons[0].kind == "param" for entry in report.changed)


def test_values_of_a_dimension_are_tasks_more_or_less(root: Path) -> None:
    """What gathers them is changed."""
    report = compared(root, text_of(), text_of(None, dimensions=HEAD["dimensions"].replace("1..3", "2..4")))

    assert [task.name for task in report.removed] == ["make@n=1,band=g", "make@n=1,band=r"]
    assert [task.name for task in report.added] == ["make@n=4,band=g", "make@n=4,band=r"]
    assert [entry.now.name for entry in report.changed] == ["gather"]


def test_a_task_with_another_name_and_command_is_known_by_what_it_makes(root: Path) -> None:
    """It is not one that went and one that came."""
    stages = {("sum" if name == "gather" else name): body.replace("cat", "cat -n") for name, body in STAGES.items()}
    report = compared(root, text_of(), text_of(stages))

    assert [(entry.before.name, entry.now.name) for entry in report.changed] == [("gather", "sum")]
    assert report.changed[0].commands[0].replace("cat", "cat -n") == report.changed[0].commands[1]


def test_a_stage_without_tasks_is_compared_by_what_it_declares(root: Path) -> None:
    """Before the files are there that it takes, a changed command is shown all the same."""
    for name in ("a", "b"):
        (root / f"parts/{name}.csv").unlink()
    same = compared(root, text_of(), text_of())
    edited = compared(root, text_of(), text_of({**STAGES, "each": STAGES["each"].replace('"wc"', '"cat"')}))
    other = compared(root, text_of(), text_of(None, params="[params]\nseed = 42\ncosmology.omega = 7\n"))

    assert same.is_same
    assert "stage 'each' has no tasks: nothing matches parts/{part}.csv" in same.remarks
    assert edited.declared == (("each", ("argv changed",)),)
    assert other.declared == (("each", ("param cosmology.omega changed",)),)


def test_what_is_no_part_of_a_key_is_remarked(root: Path) -> None:
    """It changes no result, but perhaps what is done."""
    stages = {**STAGES, "none": 'run = "true"\nalways = true\ntimeout = "1m"\n'}
    report = compared(root, text_of(), '[project]\ndefault = ["gather"]\n' + text_of(stages))

    assert report.is_same
    assert report.remarks == (
        "stage 'none': always differs, which is no part of a key: false → true",
        "stage 'none': timeout differs, which is no part of a key: none → 60.0",
        "[project] default differs: none → gather",
    )


def test_secrets_are_not_shown(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is secret in one of the two only is another one in the key."""
    monkeypatch.setenv("HOME", "hidden")
    secret = '[project]\nsecret_env = ["HOME"]\n' + text_of()
    report = compared(root, secret, secret.replace("--seed", "--seeds"))

    assert "hidden" not in str(report)
    assert not compared(root, text_of(), secret).is_same


# --- where the other one comes from -----------------------------------------------------------------------


def test_problems_of_the_other_one_have_its_name(root: Path) -> None:
    """Else one would look for them in the wrong file."""
    with pytest.raises(PipelinefileError, match=r"^old.toml:1: unknown key 'x'"):
        compared(root, "x = 1", text_of())
    with pytest.raises(PipelinefileError, match=r"^old.toml:1:\d+: this is no TOML"):
        compared(root, "x = [", text_of())
    with pytest.raises(PipelinefileError, match=r"^Pipelinefile.toml:1: unknown key 'x'"):
        compared(root, text_of(), "x = 1")


def git(root: Path, *words: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *identity, *words], cwd=root, check=True, capture_output=True)


def test_a_commit_has_its_own_included_files(root: Path) -> None:
    """And files of parameters; what git does not track is read from the disk."""
    main = '[project]\ninclude = ["more.toml"]\nparams_files = ["p.json"]\n'
    (root / "p.json").write_text('{"a": 1}', encoding="utf-8")
    (root / "more.toml").write_text('[stages.a]\nrun = "echo {params.a}"\n', encoding="utf-8")
    (root / "Pipelinefile.toml").write_text(main, encoding="utf-8")
    git(root, "init", "-q")
    git(root, "add", "more.toml", "Pipelinefile.toml")
    git(root, "commit", "-q", "-m", "x")
    old = find_old(str(root), "HEAD:Pipelinefile.toml", None)

    assert refactor(str(root), "Pipelinefile.toml", old).is_same
    (root / "more.toml").write_text('[stages.a]\nrun = "printf {params.a}"\n', encoding="utf-8")
    assert [entry.commands for entry in refactor(str(root), "Pipelinefile.toml", old).changed] == [
        ("echo 1", "printf 1")
    ]


@pytest.mark.parametrize("name", ["no.toml", "HEAD:no.toml", "nobody:Pipelinefile.toml", "--all:x", ".", "", "a\nb:c"])
def test_what_can_not_be_read_is_said(name: str, root: Path) -> None:
    """Neither a file nor in git."""
    with pytest.raises(UsageError, match="--refactor"):
        find_old(str(root), name, None)


def test_nothing_is_written(root: Path) -> None:
    """It is a question."""

    def everything() -> Iterator[tuple[str, int]]:
        return ((str(path), path.stat().st_mtime_ns) for path in sorted(root.rglob("*")))

    (root / "Pipelinefile.toml").write_text(text_of(), encoding="utf-8")
    before = list(everything())
    refactor(str(root), "Pipelinefile.toml", OldPipelinefile("-", text_of().encode()))

    assert list(everything()) == before
