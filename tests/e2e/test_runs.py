"""What a run does: targets, order, parameters, and every key of a stage."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from .project import TRACED, Project, stage

DIAMOND = (
    stage("a", "cat a.in > a.out", "a.in", "a.out")
    + stage("b", "cat a.out > b.out", "a.out", "b.out")
    + stage("c", "cat a.out > c.out", "a.out", "c.out")
    + stage("d", "cat b.out c.out > d.out", "b.out c.out", "d.out")
    + stage("e", "echo e > e.out", "", "e.out")
    + '[subsets]\npair = ["b", "e"]\n'
)


@pytest.fixture
def diamond(tmp_path: Path) -> Project:
    """a → b, c → d, and e by itself; nothing has run."""
    return Project(tmp_path / "p", {"Pipelinefile.toml": DIAMOND, "a.in": "x\n", "sub/": ""})


# --- targets --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], "abcde"),
        (["b"], "ab"),
        (["b", "e"], "abe"),
        (["pair"], "abe"),
        (["c.out"], "ac"),
        (["./c.out"], "ac"),
        (["sub/../c.out"], "ac"),
        (["--downstream", "b"], "abcd"),
        (["<d"], "abc"),
        (["<=b"], "ab"),
        ([">b"], "abcd"),
        ([">=b"], "abcd"),
        (["a..b"], "ab"),
        (["..c"], "ac"),
        (["~d"], "abce"),
        (["b|e"], "abe"),
        (["<d & >a"], "abc"),
        (["(b|c) & ~c"], "ab"),
        (["-f", "Pipelinefile.toml#b,e"], "abe"),
        (["-f", "#c"], "ac"),
    ],
)
def test_targets(diamond: Project, words: list[str], expected: str) -> None:
    """A target and all it needs; `run -n` and `status` are about the same tasks."""
    asked = diamond.run("-n", *words)
    assert "".join(sorted(asked.outcomes)) == expected
    assert "".join(sorted(diamond.status(*[w for w in words if w != "--downstream"]).outcomes)) in (expected, "ab")
    assert "".join(diamond.run(*words).executed) == expected
    assert diamond.count() == dict.fromkeys(expected, 1)


def test_a_default_is_what_a_bare_run_brings_up_to_date(diamond: Project) -> None:
    """Other stages are left alone, until somebody names them."""
    diamond.write("Pipelinefile.toml", '[project]\ndefault = ["b"]\n' + DIAMOND)
    assert diamond.run().executed == ["a", "b"]
    assert sorted(diamond.run("-n").outcomes) == ["a", "b"]
    assert sorted(diamond.status().outcomes) == ["a", "b", "c", "d", "e"]
    assert diamond.run("~b").executed == ["c", "d", "e"]


@pytest.mark.parametrize(
    ("words", "hint"),
    [(["bb"], "did you mean 'b'"), (["nope.txt"], "stages are"), (["b@x=1"], "dimension"), (["a.."], None),
     (["b..zz"], "zz"), (["(b"], "("), ([""], "no stage"), (["/etc/passwd"], "outside"), (["-j0"], "0"),
     (["--nope"], "--nope"), (["-f", "nope.toml"], "nope.toml"), (["-C", "nope"], "nope"),
     (["-P", "x=1"], "no such parameter"), (["-P", "x"], "NAME=VALUE")],
)  # fmt: skip
def test_words_that_name_nothing(diamond: Project, words: list[str], hint: str | None) -> None:
    """Exit status 2 with a hint; nothing is run."""
    done = diamond.provstore("run", *words, status=0 if hint is None else 2)
    assert hint is None or hint in done.err
    assert hint is None or diamond.count() == {}


def test_only_leaves_out_what_is_upstream(diamond: Project) -> None:
    """The stage runs on what is there."""
    diamond.run()
    diamond.write("a.in", "y\n")
    assert diamond.run("--only", "b").report["run"] is None
    diamond.write("Pipelinefile.toml", DIAMOND.replace("cat a.out > b.out", "sed s/x/z/ a.out > b.out"))
    assert diamond.run("--only", "b").executed == ["b"]
    assert diamond.read("b.out") == "z\n"


def test_only_with_a_missing_input_says_so(diamond: Project) -> None:
    """One message before anything runs; it does not claim that no stage makes the file."""
    done = diamond.provstore("run", "--only", "b", status=None)
    assert done.status in (1, 2)
    assert "a.out" in done.err
    assert "no stage makes it" not in done.err
    assert diamond.count() == {}


def test_force_runs_what_was_named(diamond: Project) -> None:
    """Whatever its state: with a name that and nothing upstream of it, without one everything."""
    diamond.run()
    done = diamond.run("--force", "b")
    assert done.executed == ["b"]
    assert done.reasons("b") == ["forced"]
    assert diamond.run("--force").executed == ["a", "b", "c", "d", "e"]
    assert diamond.run("--force", "--downstream", "c").executed == ["c", "d"]
    assert diamond.run("-n", "--force", "b").outcomes["b"] == "stale"
    assert diamond.run().report["run"] is None


def test_force_brings_what_is_upstream_up_to_date(diamond: Project) -> None:
    """As usual; with --only nothing else is."""
    diamond.run()
    diamond.write("a.in", "y\n")
    assert diamond.run("--force", "--only", "b").executed == ["b"]
    assert diamond.read("b.out") == "x\n"
    assert diamond.run("--force", "b").executed == ["a", "b"]
    assert diamond.read("b.out") == "y\n"


# --- places ---------------------------------------------------------------------------------------------


def test_from_a_folder_below(diamond: Project) -> None:
    """The nearest Pipelinefile above counts, and paths are relative to where one is."""
    assert diamond.run("../b.out", cwd=diamond.root / "sub").executed == ["a", "b"]
    assert "outside" in diamond.provstore("run", "../../b.out", cwd=diamond.root / "sub", status=2).err
    assert diamond.run(cwd=diamond.root / "sub").executed == ["c", "d", "e"]
    assert not diamond.exists("sub/.provstore")


def test_options_of_place_before_and_after_the_command(diamond: Project, tmp_path: Path) -> None:
    """-C and -f, in every order; -C twice adds up."""
    shutil.copy(diamond.root / "Pipelinefile.toml", diamond.root / "Other.toml")
    root = str(diamond.root)
    for words in (
        ["-C", root, "status"], ["status", "-C", root], ["-C", str(tmp_path), "-C", "p", "status"],
        ["-C", str(tmp_path), "status", "-C", "p"], ["-f", f"{root}/Other.toml", "status"],
        ["status", "-f", f"{root}/Other.toml"], ["-C", root, "status", "-f", "Other.toml"],
        ["-f", "Other.toml", "status", "-C", root], ["-f", f"{root}/Other.toml#b", "status"],
    ):  # fmt: skip
        done = diamond.provstore(*words, "--json", cwd=tmp_path)
        assert set(done.outcomes) in ({"a", "b", "c", "d", "e"}, {"a", "b"})
    assert diamond.provstore("-C", root, "-f", "Other.toml#b", "run", "--json", cwd=tmp_path).executed == ["a", "b"]


def test_no_project(tmp_path: Path) -> None:
    """Exit status 2, and what to do."""
    project = Project(tmp_path / "p", {})
    for words in (["run"], ["status"], ["check"]):
        assert "Pipelinefile.toml" in project.provstore(*words, status=2).err


def test_include_and_cwd(tmp_path: Path) -> None:
    """Paths of an included file and the folder its commands run in are relative to it; placeholders work from `cwd`."""
    project = Project(
        tmp_path / "p",
        {
            "Pipelinefile.toml": '[project]\ninclude = ["calib/Part.toml"]\n'
            + "[stages.top]\nrun = 'cat {inputs[0]} > {outputs[0]}; pwd > {outputs[1]}'\n"
            "inputs = ['calib/made/x']\noutputs = ['top', 'top.pwd']\n",
            "calib/Part.toml": "[stages.part]\nrun = 'cat {inputs.a} {inputs.b} > {outputs.x}; pwd > pwd'\n"
            "inputs = { a = 'in', b = '../shared' }\noutputs = { x = 'made/x', p = 'pwd' }\n"
            "[stages.deep]\ncwd = 'work'\nrun = 'cat {inputs.a} > {outputs.y}; pwd > pwd'\n"
            "inputs = { a = 'in' }\noutputs = { y = 'made/y', p = 'work/pwd' }\n",
            "calib/in": "in\n", "calib/work/": "", "shared": "shared\n",
        },
    )  # fmt: skip
    project.run()
    assert project.read("top") == "in\nshared\n"
    assert project.read("calib/made/y") == "in\n"
    root = os.path.realpath(project.root)
    assert project.read("calib/pwd").strip() == f"{root}/calib"
    assert project.read("calib/work/pwd").strip() == f"{root}/calib/work"
    assert project.read("top.pwd").strip() == root
    assert project.run().report["run"] is None
    assert project.run("--force", "pwd", cwd=project.root / "calib").executed == ["part"]


# --- parameters and variables ---------------------------------------------------------------------------

WITH_PARAMS = """
[params]
seed = 42
rate = 0.5
name = "x"
flag = true
many = ["a b", "c"]
cosmology.omega = 0.3
unused = 1
[stages.go]
run = "echo {params.seed} {params.rate} {params.name} {params.flag} {params.many} {params.cosmology.omega} > {outputs}"
outputs = ["out"]
[stages.listed]
run = "echo 1 > {outputs}"
outputs = ["listed"]
params = ["cosmology"]
"""


def test_parameters_reach_the_command_and_make_it_stale(tmp_path: Path) -> None:
    """Those it names or lists, and no others; the reason shows both values."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": WITH_PARAMS})
    project.run()
    assert project.read("out") == "42 0.5 x true a b c 0.3\n"
    project.write("Pipelinefile.toml", WITH_PARAMS.replace("seed = 42", "seed = 43"))
    done = project.run()
    assert done.executed == ["go"]
    assert "param seed: 42 → 43" in done.reasons("go")
    project.write("Pipelinefile.toml", WITH_PARAMS.replace("unused = 1", "unused = 2"))
    assert project.run().restored == ["go"]
    project.write("Pipelinefile.toml", WITH_PARAMS.replace("omega = 0.3", "omega = 0.4"))
    assert project.run().executed == ["go", "listed"]


def test_overrides_hold_for_one_run_and_are_recorded(tmp_path: Path) -> None:
    """-P with every type; back without it, the old result is restored."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": WITH_PARAMS})
    project.run()
    words = ["-P", "seed=7", "-P", "rate=1.5", "-P", "name=42", "-P", "flag=false", "-P", 'many=["z"]',
             "-P", "cosmology.omega=0.7"]  # fmt: skip
    assert project.status("-P", "seed=7").outcomes["go"] == "stale"
    project.run(*words)
    assert project.read("out") == "7 1.5 42 false z 0.7\n"
    recorded = json.loads(str(project.rows("SELECT params FROM execution WHERE stage = 'go' ORDER BY id DESC")[0][0]))
    assert recorded["name"] == "42"
    assert recorded["seed"] == 7
    assert project.run(*words).report["run"] is None
    assert project.run().restored == ["go"]


def test_parameters_of_other_files(tmp_path: Path) -> None:
    """TOML and JSON; a change there counts."""
    text = '[project]\nparams_files = ["p.toml", "q.json"]\n'
    text += '[stages.go]\nrun = "echo {params.a.b} {params.c} > o"\noutputs = ["o"]\n'
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "p.toml": "a.b = 1\n", "q.json": '{"c": "x"}'})
    project.run()
    assert project.read("o") == "1 x\n"
    project.write("q.json", '{"c": "y", "d": 1}')
    assert "param c: x → y" in project.run().reasons("go")


def test_environment_variables_count_when_they_are_named(tmp_path: Path) -> None:
    """Set, changed, unset: each is a change; others are nothing, and are not recorded."""
    text = stage("go", 'echo "$MODE" > out', "", "out", 'env = ["MODE"]')
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    project.run()
    done = project.run(env={"MODE": "a", "SECRET": "hush-hush"})
    assert done.executed == ["go"]
    assert any("MODE" in reason for reason in done.reasons("go"))
    assert project.run(env={"MODE": "a", "SECRET": "other"}).report["run"] is None
    assert project.run(env={"MODE": "b"}).executed == ["go"]
    assert project.run().restored == ["go"]
    assert project.read("out") == "\n"
    assert b"hush-hush" not in project.store_bytes()


# --- keys of a stage ------------------------------------------------------------------------------------


def test_a_stage_without_inputs_runs_once(tmp_path: Path) -> None:
    """Also one without outputs; and when that one failed, it runs again."""
    text = stage("source", "echo 1 > out", "", "out") + stage("sink", "test -e ok", "out", "")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text + stage("neither", "true")})
    assert project.run("-k", status=1).outcomes == {"source": "executed", "sink": "failed", "neither": "executed"}
    project.write("ok")
    assert project.run().executed == ["sink"]
    assert project.run().report["run"] is None
    assert project.count() == {"source": 1, "sink": 2, "neither": 1}


def test_always(tmp_path: Path) -> None:
    """Runs each time; what depends on it only when it made something else."""
    text = stage("now", "cat feed > out", "", "out", "always = true") + stage("then", "cat out > end", "out", "end")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "feed": "1\n"})
    project.run()
    assert project.run().executed == ["now"]
    project.write("feed", "2\n")
    assert project.run().executed == ["now", "then"]
    project.provstore("check", status=1)


def test_frozen(tmp_path: Path) -> None:
    """Is not run while its outputs are there, whatever has changed; without them it is."""
    text = stage("go", "cat a > b", "a", "b") + stage("then", "cat b > c", "b", "c")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "a": "1\n"})
    project.run()
    frozen = stage("go", "cat a > b", "a", "b", "frozen = true") + stage("then", "cat b > c", "b", "c")
    project.write("Pipelinefile.toml", frozen)
    project.write("a", "2\n")
    assert project.run().report["run"] is None
    assert project.status().reasons("go") == ["frozen"]
    project.write("b", "mine\n")
    assert project.run().executed == ["then"]
    assert project.read("b") == "mine\n"
    project.remove("b")
    assert project.run().executed == ["go", "then"]


def test_after_is_order_only(tmp_path: Path) -> None:
    """One waits for the other to end, but not for its content."""
    text = stage("late", "cat log > late; echo late >> log", "", "late", 'after = ["early"]')
    text += stage("early", "sleep 0.2; cat a > early; echo early >> log", "a", "early")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "a": "1\n"})
    project.run("-j2")
    assert project.read("log") == "early\nlate\n"
    project.write("a", "2\n")
    assert project.run().executed == ["early"]


def test_the_shell(tmp_path: Path) -> None:
    """`sh -e` stops at the first failure; another one may be named, with options of its own."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("go", "false\ntouch out", "", "out")})
    project.run(status=1)
    text = '[project]\nshell = "bash"\n[stages.go]\noutputs = ["out"]\n'
    text += 'run = "echo ${BASH_VERSION:0:1} > out; [[ a == a ]]"\n'
    project.write("Pipelinefile.toml", text)
    project.run()
    assert project.read("out").strip().isdigit()
    project.write(
        "Pipelinefile.toml", text.replace('"bash"', '"bash -o pipefail -c"').replace("[[ a == a ]]", "false | true")
    )
    assert "exit status 1" in project.run(status=1).err


def test_a_script_beyond_128_kib(tmp_path: Path) -> None:
    """A gather of thousands of files with long names is no problem for the shell."""
    folder = "a-rather-long-name-" * 3
    files = {f"in/{folder}{number}.txt": f"{number}\n" for number in range(2200)}
    text = f"[dimensions]\nn = {{ from = 'in/{folder}{{n}}.txt', type = 'int' }}\n"
    script = TRACED + "for f in {inputs}; do test -e $f; echo; done | wc -l > {outputs}"
    text += f"[stages.go]\nrun = '''{script}'''\n"
    text += f"inputs = ['in/{folder}{{n}}.txt']\noutputs = ['count']\n"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, **files})
    project.run()
    assert project.read("count").strip() == "2200"
    assert len(str(project.rows("SELECT command FROM execution")[0][0])) > 128 * 1024
    assert project.run().report["run"] is None
    project.run("--force")
    assert project.count() == {"go": 2}


def test_what_a_command_sees(tmp_path: Path) -> None:
    """PROVSTORE_STAGE, _EXECUTION, _ROOT, and _TASK with inputs, outputs, parameters and data ID."""
    text = """
[params]
a.b = 1
[dimensions]
n = [3]
m = ["x", "y"]
[stages.go]
dimensions = ["n"]
run = '''cp "$PROVSTORE_TASK" {outputs.task}
echo "$PROVSTORE_STAGE $PROVSTORE_EXECUTION $PROVSTORE_ROOT" > {outputs.seen}'''
inputs = { one = "in-{n}", several = "{n}-{m}" }
outputs = { task = "task-{n}", seen = "seen-{n}" }
params = ["a"]
"""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "in-3": "", "3-x": "", "3-y": ""})
    project.run()
    task = json.loads(project.read("task-3"))
    expected = {
        "stage": "go", "data_id": {"n": 3}, "inputs": {"one": "in-3", "several": ["3-x", "3-y"]},
        "outputs": {"task": "task-3", "seen": "seen-3"}, "params": {"a.b": 1},
    }  # fmt: skip
    assert {name: task[name] for name in expected} == expected
    execution = project.rows("SELECT id FROM execution")[0][0]
    assert project.read("seen-3") == f"go {execution} {os.path.realpath(project.root)}\n"


def test_resources_keep_tasks_apart(tmp_path: Path) -> None:
    """What asks for more than the machine has runs alone, with a remark."""
    text = "[dimensions]\nn = '1..3'\n[stages.go]\ndimensions = ['n']\nresources = { cpu = 4000, memory = '1KiB' }\n"
    text += "run = '''mkdir on; sleep 0.05; rmdir on; touch {outputs}'''\noutputs = ['{n}.out']\n"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    done = project.run("-j3")
    assert done.report["summary"]["executed"] == 3
    assert "alone" in done.err


# --- objects and directories ----------------------------------------------------------------------------

TWO_SIZES = "[stages.go]\nrun = 'echo small > small; head -c 70000 /dev/zero > big'\noutputs = ['small', 'big']\n"


@pytest.mark.parametrize(
    ("settings", "small", "big"),
    [("", True, True), ("[store]\nobjects = 'all'\n", True, True), ("[store]\nobjects = 'none'\n", False, False),
     ("[store]\nobjects = '50KB'\n", True, False)],
)  # fmt: skip
def test_which_outputs_are_kept(tmp_path: Path, settings: str, small: bool, big: bool) -> None:
    """All, none, or up to a size: what is kept comes back, what is not is made again."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": settings + TWO_SIZES})
    project.run()
    for path, kept in (("small", small), ("big", big)):
        content = (project.root / path).read_bytes()
        project.remove(path)
        assert project.status().outcomes["go"] == ("restorable" if kept else "stale")
        done = project.run()
        assert done.outcomes["go"] == ("restored" if kept else "executed")
        assert (project.root / path).read_bytes() == content


def test_a_failure_without_objects_loses_nothing(tmp_path: Path) -> None:
    """`objects = "none"`: the last good version is moved aside and comes back all the same."""
    settings = "[store]\nobjects = 'none'\n"
    text = settings + stage("go", "cat a > b; test ! -e no", "a", "b")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "a": "1\n"})
    project.run()
    project.write("a", "2\n")
    project.write("no")
    project.run(status=1)
    assert project.read("b") == "1\n"
    project.write("a", "1\n")
    assert project.run().executed == []


def test_cache_false_keeps_no_bytes(tmp_path: Path) -> None:
    """For one stage."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("go", "echo 1 > b", "", "b", "cache = false")})
    project.run()
    project.remove("b")
    assert project.run().executed == ["go"]


TREE = (
    "mkdir -p {outputs}/empty {outputs}/deep/er; echo one > {outputs}/one; echo run > {outputs}/tool; "
    "chmod +x {outputs}/tool; ln -s one {outputs}/link; ln -s nowhere {outputs}/broken; ln -s deep {outputs}/folder; "
    "head -c 50000 /dev/zero > {outputs}/deep/er/big; echo h > {outputs}/.hidden"
)


@pytest.fixture
def tree(tmp_path: Path) -> Project:
    """A stage with a directory as output, and one that reads it."""
    text = f"[stages.make]\nrun = '''{TRACED} {TREE}'''\noutputs = ['tree/']\n"
    text += stage("list", "find tree | sort > list", "tree", "list")
    text += stage("one", "cat tree/one > copy", "tree/one", "copy")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    project.run()
    return project


def listing(folder: Path) -> list[tuple[str, str, bool, str | bytes]]:
    """All that is in a folder: path, kind, executable, content."""
    found = []
    for path in sorted(folder.rglob("*")):
        kind = "link" if path.is_symlink() else "folder" if path.is_dir() else "file"
        content: str | bytes = os.readlink(path) if kind == "link" else path.read_bytes() if kind == "file" else ""
        found.append((str(path.relative_to(folder)), kind, kind == "file" and os.access(path, os.X_OK), content))
    return found


def test_a_directory_comes_back_as_it_was(tree: Project) -> None:
    """Executable bits, empty folders and links, after whatever was done to it."""
    wanted = listing(tree.root / "tree")
    folder = tree.root / "tree"
    harms = [
        lambda: tree.remove("tree"),
        lambda: tree.remove("tree/empty"),
        lambda: (folder / "tool").chmod(0o644),
        lambda: tree.write("tree/one", "two\n"),
        lambda: tree.write("tree/more", "more\n"),
        lambda: tree.remove("tree/broken"),
        lambda: ((folder / "link").unlink(), (folder / "link").symlink_to("tool")),
        lambda: (tree.remove("tree"), tree.write("tree", "a file in its place")),
        lambda: tree.write("tree/deep/new/", ""),
    ]
    for number, harm in enumerate(harms):
        harm()
        done = tree.run()
        assert done.restored == ["make"], number
        assert listing(folder) == wanted, number
        assert tree.run().report["run"] is None
    assert tree.count() == {"make": 1, "list": 1, "one": 1}


def test_a_file_inside_an_output_directory_is_an_input_like_any(tree: Project) -> None:
    """It depends on what makes the directory, but only its own content counts."""
    text = tree.read("Pipelinefile.toml")
    tree.write("Pipelinefile.toml", text.replace("echo h >", "echo hidden >"))
    assert tree.run().executed == ["list", "make"]
    tree.write("Pipelinefile.toml", text.replace("echo one >", "echo two >"))
    assert tree.run().executed == ["list", "make", "one"]
    tree.remove("tree")
    assert tree.run().restored == ["make"]


def test_a_directory_as_an_input(tmp_path: Path) -> None:
    """Each change inside counts; with or without a trailing slash it is one path."""
    text = stage("go", "find src -type f | sort > out", "src/", "out") + stage("same", "ls src > o2", "src", "o2")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "src/a": "1", "src/d/b": "2"})
    project.run()
    changes = (
        (lambda: project.write("src/d/b", "3"), ["go", "same"]),
        (lambda: project.write("src/d/c", ""), ["go", "same"]),
        (lambda: project.remove("src/d/c"), []),  # as it was before
        (lambda: project.write("src/empty/", ""), ["go", "same"]),
        (lambda: (project.root / "src/a").chmod(0o755), ["go", "same"]),
    )
    for number, (change, expected) in enumerate(changes):
        change()
        assert project.run().executed == expected, number
        assert project.run().report["run"] is None
    stat = (project.root / "src/d/b").stat()
    project.write("src/d/b", "4")
    os.utime(project.root / "src/d/b", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert project.run().executed == ["go", "same"]


def test_a_failing_directory_stage_puts_the_old_tree_back(tree: Project) -> None:
    """Whole, with links and bits; the half-made one is put away."""
    wanted = listing(tree.root / "tree")
    text = tree.read("Pipelinefile.toml")
    tree.write("Pipelinefile.toml", text.replace("echo h >", "exit 3; echo h >"))
    tree.run(status=1)
    assert listing(tree.root / "tree") == wanted
    assert (tree.failed_folder("make") / "tree" / "one").exists()
