"""Tasks of a stage: listed, ranged and found dimensions, joins, gathers, and what is found while running."""

from __future__ import annotations

from pathlib import Path

from .project import TRACED, Project, stage


def stage_of(name: str, run: str, *, dimensions: str = "", inputs: str, outputs: str, more: str = "") -> str:
    """A stage with dimensions, traced."""
    listed = f"dimensions = {dimensions.split()}\n" if dimensions else ""
    paths = f"inputs = {inputs.split()}\noutputs = {outputs.split()}\n"
    return f"[stages.{name}]\n{listed}run = '''{TRACED}{run}'''\n{paths}{more}\n"


def test_a_gather_is_in_natural_order(tmp_path: Path) -> None:
    """2 before 10, also in text; and a new file in the middle makes it run again."""
    text = "[dimensions]\nn = { from = 'in/{n}.txt' }\n"
    text += stage_of("all", "cat {inputs} > {outputs}", inputs="in/{n}.txt", outputs="out")
    names = ["1", "2", "10", "a2", "a10", "a10b1"]
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, **{f"in/{n}.txt": f"{n}\n" for n in names}})
    project.run()
    assert project.read("out").split() == names
    project.write("in/a9.txt", "a9\n")
    assert "input in/a9.txt added" in project.run().reasons("all")
    assert project.read("out").split() == ["1", "2", "10", "a2", "a9", "a10", "a10b1"]
    project.remove("in/1.txt")
    assert "input in/1.txt removed" in project.run().reasons("all")


def test_a_task_has_one_name_everywhere(tmp_path: Path) -> None:
    """Its dimensions are in the order in which the stage declares them, also where a record sorts them."""
    text = "[dimensions]\nz = '1..2'\na = [7]\n"
    text += stage_of(
        "one", "[ {z} = 1 ] && cp {inputs} {outputs}", dimensions="z a", inputs="in", outputs="mid/{z}-{a}"
    )
    text += stage_of("all", "cat {inputs} > {outputs}", inputs="mid/1-7", outputs="out")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "in": "1\n"})
    project.run("-k", status=1)
    project.write("in", "2\n")
    project.run("-k", status=1)
    run = project.provstore("log", "--json").report["runs"][0]["id"]
    made = project.provstore("why", "out", "--json").report["inputs"][0]
    questions = [("why", "mid/1-7"), ("why", "out"), ("lineage", "out"), ("history", "mid/1-7"), ("show", run),
                 ("show", made["dataset"]), ("logs", "one", "--failed"), ("diff",), ("report", "-o", "-")]  # fmt: skip

    for words in questions:
        done = project.provstore(*words)
        told = done.out + done.err
        assert "z=1,a=7" in told or "z=2,a=7" in told, words
        assert "a=7,z=" not in told, words


def test_only_the_task_of_a_changed_file_runs(tmp_path: Path) -> None:
    """And what gathers it."""
    text = "[dimensions]\nv = { from = 'in/{v}.txt', type = 'int' }\n"
    text += stage_of("one", "cat {inputs} > {outputs}", dimensions="v", inputs="in/{v}.txt", outputs="mid/{v}.txt")
    text += stage_of("all", "cat {inputs} > {outputs}", inputs="mid/{v}.txt", outputs="out")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, **{f"in/{n}.txt": f"{n}\n" for n in range(8, 12)}})
    assert project.run().executed == ["all", "one@v=10", "one@v=11", "one@v=8", "one@v=9"]
    assert project.read("out") == "8\n9\n10\n11\n"
    project.write("in/9.txt", "nine\n")
    assert project.run().executed == ["all", "one@v=9"]
    project.write("in/12.txt", "12\n")
    assert project.run().executed == ["all", "one@v=12"]
    project.remove("in/8.txt")
    done = project.run()
    assert done.executed == ["all"]
    assert project.exists("mid/8.txt")
    assert project.read("out") == "nine\n10\n11\n12\n"


def test_joins_on_shared_dimensions(tmp_path: Path) -> None:
    """A combination without a partner drops out silently."""
    text = "[dimensions]\nv = { from = 'raw/{v}/{d}.txt' }\nd = '0..3'\nband = ['g', 'r']\n"
    text += stage_of("go", "cat {inputs[0]} {inputs[1]} > {outputs}; echo {band} >> {outputs}", dimensions="v d band",
                     inputs="raw/{v}/{d}.txt flat_{d}.txt", outputs="out/{v}_{d:02d}_{band}.txt")  # fmt: skip
    files = {"raw/a/0.txt": "", "raw/a/1.txt": "", "raw/b/1.txt": "", "raw/b/7.txt": "", "flat_1.txt": "f",
             "flat_2.txt": "", "flat_0.txt": ""}  # fmt: skip
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, **files})
    expected = [f"go@v={v},d={d},band={band}" for v, d in (("a", 0), ("a", 1), ("b", 1)) for band in "gr"]
    assert project.run().executed == expected
    assert project.read("out/b_01_r.txt") == "fr\n"
    project.remove("flat_0.txt")
    assert len(project.status().outcomes) == 4


def test_a_file_belongs_to_a_template_only_under_the_name_it_would_write(tmp_path: Path) -> None:
    """`{d:02d}` finds 03 and not 3."""
    text = "[dimensions]\nd = { from = 'in/{d:02d}' }\n"
    text += stage_of("go", "touch {outputs}", dimensions="d", inputs="in/{d:02d}", outputs="out/{d:03d}")
    names = ["03", "3", "12", "x", "004", "-1", "100"]
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, **{f"in/{name}": "" for name in names}})
    project.run()
    assert sorted(path.name for path in (project.root / "out").iterdir()) == ["-01", "003", "012", "100"]
    ids = [task["data_id"]["d"] for task in project.status().report["tasks"]]
    assert ids == [-1, 3, 12, 100]


def test_where_narrows(tmp_path: Path) -> None:
    """In the language of queries; a change of it changes which tasks there are."""
    text = "[dimensions]\nv = '98..103'\nband = ['g', 'r']\n"
    text += stage_of("go", "touch {outputs}", dimensions="v band", inputs="", outputs="out/{v}{band}",
                     more="where = \"v > 100 and band = 'r'\"")  # fmt: skip
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    assert project.run().executed == ["go@v=101,band=r", "go@v=102,band=r", "go@v=103,band=r"]
    project.write("Pipelinefile.toml", text.replace("v > 100", "v IN (100, 101)"))
    assert project.run().executed == ["go@v=100,band=r"]
    project.write("Pipelinefile.toml", text.replace("v > 100 and band = 'r'", "v > 1000"))
    done = project.run()
    assert done.report == {**done.report, "run": None, "tasks": []}
    assert "where" in done.err
    project.write("Pipelinefile.toml", text.replace("v > 100", "w > 100"))
    assert "w" in project.run(status=2).err


def test_no_file_is_no_task_and_a_remark(tmp_path: Path) -> None:
    """Exit status 0."""
    text = "[dimensions]\nv = { from = 'in/{v}' }\n"
    text += stage_of("go", "touch {outputs}", dimensions="v", inputs="in/{v}", outputs="out/{v}")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    done = project.run()
    assert done.report["tasks"] == []
    assert "in/{v}" in done.err


def test_ranges_with_strides_and_listed_types(tmp_path: Path) -> None:
    """Both ends are in it; listed values keep their type."""
    text = "[dimensions]\na = '0..90:30'\nb = [1.5, 2.0]\nc = ['x', '01']\n"
    text += stage_of("go", "touch {outputs}", dimensions="a b c", inputs="", outputs="o/{a}-{b}-{c}")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    project.run()
    ids = [tuple(task["data_id"].values()) for task in project.status().report["tasks"]]
    assert set(ids) == {(a, b, c) for a in (0, 30, 60, 90) for b in (1.5, 2.0) for c in ("x", "01")}


def test_tasks_by_name(tmp_path: Path) -> None:
    """`stage@a=1` is every task with that value; `a=1,b=g` is one; by path as well."""
    text = "[dimensions]\na = '1..3'\nb = ['g', 'r']\n"
    text += stage_of("go", "touch {outputs}", dimensions="a b", inputs="", outputs="o/{a}{b}")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    assert project.run("go@a=2").executed == ["go@a=2,b=g", "go@a=2,b=r"]
    assert project.run("go@b=g,a=1").executed == ["go@a=1,b=g"]
    assert project.run("o/3r").executed == ["go@a=3,b=r"]
    assert project.run("o", "--force").report["summary"]["executed"] == 6
    assert "values are: a: 1, 2, 3" in project.run("go@a=7", status=2).err


# --- found while running --------------------------------------------------------------------------------

SPLIT = "[dimensions]\npart = { from = 'split/{part}.csv' }\n"
SPLIT += stage("split", "mkdir split; for n in $(cat list); do echo $n > split/$n.csv; done", "list", "split/")
SPLIT += stage_of(
    "each", "cat {inputs} > {outputs}", dimensions="part", inputs="split/{part}.csv", outputs="each/{part}.txt"
)
SPLIT += stage_of("all", "cat {inputs} > {outputs}", inputs="each/{part}.txt", outputs="all.txt")


def test_what_a_stage_finds_is_planned_in_the_same_run(tmp_path: Path) -> None:
    """Before: waiting. Then all of it in one run, and the next does nothing."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": SPLIT, "list": "a b\n"})
    states = project.status()
    assert states.outcomes["split"] == "new"
    assert "waiting" in states.outcomes.values()
    done = project.run()
    assert done.executed == ["all", "each@part=a", "each@part=b", "split"]
    assert project.read("all.txt") == "a\nb\n"
    assert project.rows("SELECT count(*) FROM run") == [(1,)]
    assert project.run().report["run"] is None
    assert project.provstore("check", "--json").report["ok"] is True


def test_it_grows_and_shrinks(tmp_path: Path) -> None:
    """One more part: its task and the gather. One less: the gather, without the leftover."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": SPLIT, "list": "a b\n"})
    project.run()
    project.write("list", "a b c\n")
    assert project.run().executed == ["all", "each@part=c", "split"]
    assert project.read("all.txt") == "a\nb\nc\n"
    project.write("list", "b\n")
    done = project.run()
    assert done.executed == ["all", "split"]
    assert project.read("all.txt") == "b\n"
    assert project.exists("each/a.txt")
    assert project.run().report["run"] is None
    project.write("list", "a b c\n")
    done = project.run()
    assert done.executed == []
    assert project.read("all.txt") == "a\nb\nc\n"


def test_a_stray_file_in_the_found_directory_is_not_data(tmp_path: Path) -> None:
    """It makes the output another: the recorded one is restored, and the stray file kept."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": SPLIT, "list": "a b\n"})
    project.run()
    project.write("split/z.csv", "stray\n")
    assert project.status().outcomes["split"] == "restorable"
    done = project.run()
    assert done.executed == []
    assert done.restored == ["split"]
    assert not project.exists("split/z.csv")
    assert project.read("all.txt") == "a\nb\n"
    assert project.rows("SELECT count(*) FROM object WHERE content = CAST('stray\n' AS BLOB)") == [(1,)]


def test_the_found_directory_is_restored(tmp_path: Path) -> None:
    """And all that came of it."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": SPLIT, "list": "a b\n"})
    project.run()
    wanted = project.files()
    for path in ("split", "each", "all.txt"):
        project.remove(path)
    done = project.run()
    assert done.executed == []
    assert project.files() == wanted
    assert project.run().report["run"] is None


def test_a_failure_of_what_finds_blocks_the_rest(tmp_path: Path) -> None:
    """Nothing is planned on what is out of date; the repair goes on from there."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": SPLIT, "list": "a b\n"})
    project.run()
    project.write("Pipelinefile.toml", SPLIT.replace("mkdir split;", "mkdir split; exit 1;"))
    project.write("list", "c\n")
    project.run(status=1)
    assert project.read("all.txt") == "a\nb\n"
    assert project.count() == {"split": 2, "each": 2, "all": 1}
    project.write("Pipelinefile.toml", SPLIT)
    assert project.run().executed == ["all", "each@part=c", "split"]


def test_nothing_found(tmp_path: Path) -> None:
    """An empty directory is a result: no tasks, and the run ends well, or says what is missing; never a traceback."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": SPLIT, "list": "\n"})
    done = project.run(status=None)
    assert done.status in (0, 1, 2)
    assert project.count()["split"] == 1


def test_a_target_behind_a_found_dimension(tmp_path: Path) -> None:
    """A stage whose tasks are not known yet can be asked for."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": SPLIT, "list": "a b\n"})
    assert project.run("each").executed == ["each@part=a", "each@part=b", "split"]
    assert project.run("--force", "each").executed == ["each@part=a", "each@part=b"]
    assert project.run().executed == ["all"]


def test_force_of_everything_with_a_found_dimension_ends(tmp_path: Path) -> None:
    """Each task once."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": SPLIT, "list": "a b\n"})
    project.run()
    assert project.run("--force").executed == ["all", "each@part=a", "each@part=b", "split"]
    assert project.count() == {"split": 2, "each": 4, "all": 2}


def test_two_finds_in_a_row(tmp_path: Path) -> None:
    """What is found splits once more: still one run."""
    text = SPLIT.replace("[dimensions]\n", "[dimensions]\nbit = { from = 'bits/{bit}' }\n")
    text += stage("cut", "mkdir bits; for n in $(cat all.txt); do echo $n > bits/bit-$n; done", "all.txt", "bits/")
    text += stage_of("last", "cat {inputs} > {outputs}", dimensions="bit", inputs="bits/{bit}", outputs="last/{bit}")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "list": "a b\n"})
    project.run()
    assert project.count() == {"split": 1, "each": 2, "all": 1, "cut": 1, "last": 2}
    assert project.read("last/bit-a") == "a\n"
    assert project.run().report["run"] is None
    project.write("list", "a c\n")
    project.run()
    assert project.count() == {"split": 2, "each": 3, "all": 2, "cut": 2, "last": 3}
