"""What a command is about: every way to name tasks."""

from __future__ import annotations

import re

import pytest

from provstore.errors import FileError, QueryError, TargetError
from provstore.operations.targets import Selection, Targets, select, stage_links
from provstore.pipelinefile.expand import expand
from provstore.pipelinefile.read import read_pipelinefile
from provstore.watch.find import find

FILE = """\
[dimensions]
n = "1..3"
band = ["g", "r, i"]
part = { from = "split/{part}.csv" }

[stages.prepare]
run = "true"
inputs.raw = "raw.txt"
outputs.o = "prepared/all.txt"

[stages.calibrate]
dimensions = ["n", "band"]
run = "true"
inputs.i = "prepared/all.txt"
outputs.o = "cal/{n}/{band}.txt"

[stages.stack]
dimensions = ["band"]
run = "true"
inputs.i = "cal/{n}/{band}.txt"
outputs.o = "stack/{band}/"

[stages.report]
run = "true"
inputs.i = "stack/{band}"
outputs.o = "report.txt"
outputs.odd = "a..b"

[stages.split]
run = "true"
inputs.i = "raw.txt"
outputs.o = "split/"

[stages.each]
dimensions = ["part"]
run = "true"
inputs.i = "split/{part}.csv"
outputs.o = "each/{part}.txt"

[stages.last]
run = "true"
inputs.i = "each/{part}.txt"
outputs.o = "last.txt"

[stages.aside]
run = "true"
after = ["report"]

[subsets]
night = ["calibrate", "stack"]
wide = ["night", "aside"]
deep = ["wide & ~stack", "prepare", "split.."]
"""
CAL = [f"calibrate@n={n},band={band}" for n in (1, 2, 3) for band in ("g", "r, i")]
STACK = ["stack@band=g", "stack@band=r, i"]
SPLIT = ["split", "each@part=1", "each@part=2", "last"]


class Asked:
    """A plan, and what targets select of it, by name."""

    def __init__(self, root, text=FILE, settled=None):
        self.root = root
        for name in ("raw.txt", "split/1.csv", "split/2.csv"):
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).touch()
        (root / "Pipelinefile.toml").write_text(text)
        pipeline = read_pipelinefile(str(root), "Pipelinefile.toml")
        self.plan, _ = expand(pipeline, lambda search: find(str(root), search), {}, settled)

    def select(self, *texts, current=".", **more) -> Selection:
        return select(self.plan, Targets(texts, str(self.root / current), **more), str(self.root))

    def named(self, *texts, **more):
        return self.names(self.select(*texts, **more).named)

    def needed(self, *texts, **more):
        return self.names(self.select(*texts, **more).positions)

    def names(self, positions):
        return [self.plan.name(position) for position in sorted(positions)]


@pytest.fixture
def asked(tmp_path):
    return Asked(tmp_path)


@pytest.fixture
def waiting(tmp_path):
    """Before `split` was fresh."""
    return Asked(tmp_path, settled=frozenset())


# --- one target ---------------------------------------------------------------------------------------


def test_without_a_target_it_is_about_everything(asked):
    """In the order of the plan."""
    found = asked.select()

    assert list(found.positions) == list(range(len(asked.plan.tasks)))
    assert list(found.named) == list(found.positions)
    assert found.unresolved == frozenset()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("prepare", ["prepare"]),
        ("calibrate", CAL),
        ("night", [*CAL, *STACK]),
        ("wide", ["aside", *CAL, *STACK]),
        ("deep", ["prepare", *CAL, "aside", *SPLIT]),
        ("deep & aside", ["aside"]),
        ("calibrate@n=2", CAL[2:4]),
        ("calibrate@band=g", CAL[::2]),
        ("calibrate@band=g,n=2", [CAL[2]]),
        ("calibrate@n=2,band='r, i'", [CAL[3]]),
        ("report.txt", ["report"]),
        ("./report.txt", ["report"]),
        ("prepared/../report.txt", ["report"]),
        ("cal/2/g.txt", [CAL[2]]),
        ("cal/2", CAL[2:4]),
        ("cal/", CAL),
        ("stack/g", [STACK[0]]),
        ("stack/g/", [STACK[0]]),
        ("stack/g/deep/inside.txt", [STACK[0]]),
        ("a..b", ["report"]),
        ("calibrate..report", [*CAL, *STACK, "report"]),
        ("..stack", ["prepare", *CAL, *STACK]),
        ("stack..", ["report", "aside", *STACK]),
        ("<stack", ["prepare", *CAL]),
        (">=stack", ["report", "aside", *STACK]),
        ("~night & ~wide & ~(prepare | report)", ["split", "each@part=1", "each@part=2", "last"]),
        ("night & ~stack", CAL),
    ],
)
def test_a_target_stands_for_its_tasks(asked, text, expected):
    """Stage, subset, task, file, folder, what lies in an output directory, selection."""
    assert sorted(asked.named(text)) == sorted(expected)


def test_the_root_folder_stands_for_all_that_is_made(asked):
    """As any other folder does for what is made in it."""
    assert sorted(asked.named(".")) == sorted(["prepare", *CAL, *STACK, "report", *SPLIT])


def test_several_targets_add_up(asked):
    """Each task is there once."""
    assert sorted(asked.named("prepare", "cal/1", "calibrate@n=1", "prepare")) == sorted(["prepare", *CAL[:2]])


def test_paths_are_relative_to_the_current_folder(asked):
    """As the shell completes them."""
    (asked.root / "cal/2").mkdir(parents=True)

    assert asked.named("2/g.txt", current="cal") == [CAL[2]]
    assert asked.named("../../report.txt", current="cal/2") == ["report"]
    assert asked.named(".", current="cal/2") == CAL[2:4]
    assert asked.named(str(asked.root / "report.txt"), current="cal") == ["report"]
    assert asked.named("report", current="cal") == ["report"]


def test_the_default_is_relative_to_the_project(tmp_path):
    """It stands in the Pipelinefile, wherever the user is."""
    asked = Asked(tmp_path, '[project]\ndefault = ["report.txt", "split"]\n' + FILE)
    (tmp_path / "cal").mkdir()

    assert (
        asked.named()
        == asked.named(current="cal")
        == asked.names(asked.select("report.txt").named | asked.select("split").named)
    )


# --- what comes with it -------------------------------------------------------------------------------


def test_what_is_upstream_comes_with_it(asked):
    """Only what is needed."""
    assert sorted(asked.needed("stack@band=g")) == sorted(["prepare", *CAL[::2], STACK[0]])
    assert asked.needed("prepare") == ["prepare"]


def test_only_leaves_it_out(asked):
    """What was named, and nothing else."""
    assert asked.needed("stack@band=g", only=True) == ["stack@band=g"]


def test_downstream_adds_all_that_needs_it(asked):
    """And with that what they need too."""
    assert sorted(asked.named("calibrate@n=1,band=g", downstream=True)) == sorted([CAL[0], STACK[0], "report"])
    assert set(asked.needed("calibrate@n=1,band=g", downstream=True)) == {"prepare", *CAL, *STACK, "report"}
    assert sorted(asked.needed("cal/1/g.txt", downstream=True, only=True)) == sorted([CAL[0], STACK[0], "report"])


@pytest.mark.parametrize("text", ["prepare", "calibrate@n=1", "report.txt", "night", "..stack"])
def test_what_is_needed_is_closed_upwards(asked, text):
    """No task without its makers, in an order in which they come first."""
    positions = asked.select(text).positions

    assert positions == sorted(set(positions))
    assert all(source in positions for position in positions for source in asked.plan.tasks[position].upstream)


# --- before a gate is fresh ---------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "unresolved"), [("each", {"each"}), ("last", {"each", "last"})])
def test_a_stage_whose_tasks_are_not_known_brings_its_gate(waiting, text, unresolved):
    """It is said to be unresolved, as are those that it needs; what makes them known runs first."""
    found = waiting.select(text)

    assert waiting.names(found.named) == []
    assert waiting.names(found.positions) == ["split"]
    assert found.unresolved == unresolved


def test_everything_has_all_that_is_unresolved(waiting):
    """Nothing is forgotten."""
    assert waiting.select().unresolved == {"each", "last"}
    assert waiting.select("prepare").unresolved == frozenset()


@pytest.mark.parametrize("text", ["split", "split/", "split/1.csv"])
def test_downstream_reaches_what_is_unresolved(waiting, text):
    """However the gate was named."""
    assert waiting.select(text, downstream=True).unresolved == {"each", "last"}


def test_stages_are_linked_by_data_order_and_gates(waiting):
    """Each with those it comes after, in the order of the file."""
    links = stage_links(waiting.plan)

    assert list(links) == ["prepare", "calibrate", "stack", "report", "split", "each", "last", "aside"]
    assert links["report"] == ["stack"]
    assert links["aside"] == ["report"]
    assert links["each"] == ["split"]


# --- what names nothing -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("calibrat", "calibrat: no stage, subset, task or output has this name", "did you mean 'calibrate'?"),
        ("nihgt", "nihgt: no stage", "did you mean 'night'?"),
        ("reprot.txt", "reprot.txt: no stage", "did you mean 'report.txt'?"),
        ("Ω", "Ω: no stage", "stages are: prepare, calibrate"),
        ("raw.txt", "raw.txt: no stage", "hint"),
        ("", "'': no stage", "stages are"),
        ("calibrate@n=9", "calibrate@n=9: stage 'calibrate' has no such task", "n: 1, 2, 3"),
        ("calibrate@m=1", "calibrate@m=1: stage 'calibrate' has no dimension 'm'", "its dimensions are: n, band"),
        ("prepare@n=1", "prepare@n=1: stage 'prepare' has no dimension 'n'", "none"),
        ("nothing@n=1", "nothing@n=1: no stage", ""),
    ],
)
def test_a_target_that_names_nothing_is_an_error_with_a_suggestion(asked, text, message, hint):
    """What was written, first."""
    with pytest.raises(TargetError) as caught:
        asked.select(text)

    assert caught.value.message.startswith(message)
    assert hint in caught.value.hint or hint == "hint"
    assert caught.value.exit_status == 2


def test_a_suggested_path_is_relative_to_the_current_folder(asked):
    """As what was written is."""
    with pytest.raises(TargetError) as caught:
        asked.select("../reprot.txt", current="split")

    assert caught.value.hint == "did you mean '../report.txt'?"


def test_a_subset_that_contains_itself_by_a_selection_is_an_error(tmp_path):
    """It would have no end."""
    asked = Asked(tmp_path, FILE + 'round = ["prepare | about"]\nabout = ["round | split"]\n')

    with pytest.raises(TargetError, match="contains itself"):
        asked.select("round")


@pytest.mark.parametrize("text", ["calibrate@", "calibrate@n", "calibrate@n=", "calibrate@n=1,n=2", "calibrate@n='1"])
def test_a_task_that_is_spelled_wrongly_is_an_error(asked, text):
    """Of the command line."""
    with pytest.raises(TargetError, match=re.escape("calibrate@")):
        asked.select(text)


@pytest.mark.parametrize("text", ["calibrate..nothing", "calibrate &", "(calibrate", "~"])
def test_a_selection_that_is_spelled_wrongly_is_an_error(asked, text):
    """It points at the place."""
    with pytest.raises((TargetError, QueryError)) as caught:
        asked.select(text)
    assert caught.value.exit_status == 2


@pytest.mark.parametrize("text", ["..", "../other", "/etc/passwd"])
def test_a_path_outside_of_the_project_is_an_error(asked, text):
    """Nothing there is made by a stage."""
    with pytest.raises((FileError, TargetError, QueryError)):
        asked.select(text)


def test_a_name_that_begins_with_two_dots_is_inside(tmp_path):
    """`..x` is a file like any other."""
    asked = Asked(tmp_path, FILE.replace('"report.txt"', '"..x"'))

    assert asked.named("./..x") == ["report"]


def test_the_first_wrong_target_is_reported(asked):
    """Nothing is selected beside it."""
    with pytest.raises(TargetError, match=r"^nothing"):
        asked.select("prepare", "nothing")
