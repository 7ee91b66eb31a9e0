"""`verify` does the work again in folders that hold the declared inputs only, says how far it comes out the same, and
leaves the project alone.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import stat
from contextlib import closing
from itertools import combinations
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from provstore.model.task import Plan
from provstore.operations.verify import VerifyRequest
from provstore.operations.verify.agenda import agenda
from provstore.project import Project as Opened

from .project import Done, Project, stage, task_name

PLAIN = stage("first", "tr a-z A-Z < a.txt > b.txt", "a.txt", "b.txt") + stage(
    "second", "cat b.txt b.txt > out/c.txt", "b.txt", "out/c.txt"
)
FICKLE = '[stages.fickle]\nrun = "echo $MODE > out.txt"\noutputs = ["out.txt"]\n'
"""Makes something else where an environment variable that it does not name is another one."""
SLOW = '[stages.slow]\nrun = "echo >> $STARTED; sleep ${SLEEP:-30}; echo done > slow.txt"\noutputs = ["slow.txt"]\n'


def project_in(folder: Path, text: str, files: dict[str, str | bytes] | None = None) -> Project:
    """A project whose temporary files lie beside it."""
    (folder / "tmp").mkdir(parents=True)
    project = Project(folder / "project", {"Pipelinefile.toml": text, "a.txt": "abc\n", **(files or {})})
    project.environment |= {"TMPDIR": str(folder / "tmp"), "STARTED": str(folder / "started")}
    return project


def left_over(project: Project) -> list[str]:
    return os.listdir(project.environment["TMPDIR"])


def verify(project: Project, *words: str, status: int | None = 0, **how: Any) -> dict[str, Any]:
    """``provstore verify --json``."""
    found = project.provstore("verify", "--json", *words, status=status, **how).report
    assert left_over(project) == []
    return found


def verdicts(report: dict[str, Any]) -> dict[str, str]:
    return {task_name(task): task["verdict"] for task in report["tasks"]}


def only_task(report: dict[str, Any]) -> dict[str, Any]:
    (task,) = report["tasks"]
    assert isinstance(task, dict)
    return task


def recorded(project: Project) -> list[tuple[str, str]]:
    return project.rows(
        "SELECT e.stage, v.verdict FROM verification AS v JOIN execution AS e ON e.id = v.execution ORDER BY v.rowid"
    )


# --- verdicts ---------------------------------------------------------------------------------------------


def test_what_can_be_reproduced_is_identical_and_the_project_is_left_alone(tmp_path: Path) -> None:
    """All outputs come out byte for byte; files and the store's memory are as before; the verdicts are facts."""
    project = project_in(tmp_path, PLAIN)
    project.run()
    files = project.files()
    memory = [project.rows(f"SELECT * FROM {table}") for table in ("file_memo", "directory_memo", "task_memo", "plan")]
    done = project.provstore("verify")

    assert done.out.split("\n")[-2] == "reproduced: 2 identical"
    assert project.count() == {"first": 2, "second": 2}
    assert project.files() == files
    assert memory == [
        project.rows(f"SELECT * FROM {table}") for table in ("file_memo", "directory_memo", "task_memo", "plan")
    ]
    assert sorted(recorded(project)) == [("first", "identical"), ("second", "identical")]
    assert left_over(project) == []
    project.provstore("fsck")


def test_the_report_is_a_contract(tmp_path: Path) -> None:
    """Keys of the report, of a task and of an output; the digests are those of the bytes."""
    project = project_in(tmp_path, FICKLE)
    project.run(env={"MODE": "x"})
    report = verify(project, status=1, env={"MODE": "y"})
    task = only_task(report)
    (output,) = task["outputs"]

    assert report["ok"] is False
    assert report["summary"] == {
        "identical": 0, "equivalent": 0, "within tolerance": 0, "different": 1, "failed": 0, "cancelled": 0,
    }  # fmt: skip
    assert (task["stage"], task["data_id"], task["verdict"]) == ("fickle", {}, "different")
    assert (output["path"], output["verdict"]) == ("out.txt", "different")
    assert output["expected"] == project.rows("SELECT digest FROM dataset WHERE path = 'out.txt'")[0][0]
    assert output["found"].startswith("blake3:")
    assert output["found"] != output["expected"]
    assert [(entry["a"].strip(), entry["b"].strip()) for entry in output["differences"]] == [("x", "y")]


def test_what_differs_is_shown(tmp_path: Path) -> None:
    """The text has the difference below its output, against the recorded bytes, and the exit status is 1."""
    project = project_in(tmp_path, FICKLE)
    project.run(env={"MODE": "old"})
    project.remove("out.txt")
    done = project.provstore("verify", status=1, env={"MODE": "new"})

    assert done.out.startswith("different   fickle")
    assert "        -old\n" in done.out.replace("            ", "        ")
    assert "not reproduced: 1 different" in done.out


NUMBERS = """
[stages.numbers]
run = "printf '%s' \\"$MODE\\" > out.json"
outputs = ["out.json"]
"""


@pytest.mark.parametrize(
    ("before", "now", "words", "verdict"),
    [
        ('{"a": 1.5, "b": 2}', '{"b": 2,"a": 1.5}', (), "equivalent"),
        ('{"a": 1.5}', '{"a": 1.50001}', (), "different"),
        ('{"a": 1.5}', '{"a": 1.50001}', ("--tolerance", "rtol=1e-3"), "within tolerance"),
        ('{"a": 1.5}', '{"a": 1.6}', ("--tolerance", "rtol=1e-3"), "different"),
    ],
)
def test_a_format_says_how_far_data_are_equal(
    tmp_path: Path, before: str, now: str, words: tuple[str, ...], verdict: str
) -> None:
    """Equal as data is equivalent; a tolerance is one for numbers; the exit status is 0 for both."""
    project = project_in(tmp_path, NUMBERS)
    project.run(env={"MODE": before})
    report = verify(project, *words, status=None, env={"MODE": now})

    assert verdicts(report) == {"numbers": verdict}
    assert report["ok"] is (verdict != "different")


def test_without_the_recorded_bytes_digests_are_compared(tmp_path: Path) -> None:
    """What is kept nowhere can be called identical, and different without a difference."""
    project = project_in(tmp_path, '[store]\nobjects = "none"\n' + FICKLE)
    project.run(env={"MODE": "x"})
    project.remove("out.txt")
    same = verify(project, env={"MODE": "x"})
    (other,) = only_task(verify(project, status=1, env={"MODE": "y"}))["outputs"]

    assert verdicts(same) == {"fickle": "identical"}
    assert (other["verdict"], other["differences"]) == ("different", [])
    assert "not kept" in other["message"]


def test_an_executable_bit_and_a_kind_are_differences(tmp_path: Path) -> None:
    """A file that may be executed where the recorded one may not is different, though its bytes are the same."""
    text = '[stages.x]\nrun = "echo > x; test -z \\"$MODE\\" || chmod +x x"\noutputs = ["x"]\n'
    text += '[stages.y]\nrun = "test -z \\"$MODE\\" && echo > y || mkdir y"\noutputs = ["y"]\n'
    project = project_in(tmp_path, text)
    project.run()
    report = verify(project, status=1, env={"MODE": "1"})
    messages = {task["stage"]: task["outputs"][0]["message"] for task in report["tasks"]}

    assert messages == {
        "x": "is executable, recorded as not executable",
        "y": "is a directory, recorded as a file",
    }


# --- failures ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("run", "named"),
    [
        ("cat a.txt data/x.csv > o", "data/x.csv"),
        ("cat a.txt 'two words.txt' > o", "two words.txt"),
        ("python3 -c \"import sys; sys.tracebacklimit = 0; open('data/x.csv')\"; echo > o", "data/x.csv"),
        ("python3 script.py > o", "script.py"),
        ("python3 -c 'import sys; sys.tracebacklimit = 0; import module' > o", "module.py"),
        ("cat $PROVSTORE_ROOT/data/x.csv > o", "data/x.csv"),
        ("./data/tool > o", "data/tool"),
        ("cat data/*.csv > o", "data/x.csv"),
        ("cat ../beside.txt > o", "../beside.txt"),
    ],
)
def test_an_undeclared_input_is_named(tmp_path: Path, run: str, named: str) -> None:
    """A task that reads what it does not declare fails, and the message says which file that is."""
    files: dict[str, str | bytes] = {
        "data/x.csv": "1\n", "two words.txt": "2\n", "script.py": "", "module.py": "", "data/tool": "#!/bin/sh\n",
    }  # fmt: skip
    project = project_in(tmp_path, stage("reader", run, "a.txt", "o"), files)
    (project.root / "data/tool").chmod(0o755)
    (tmp_path / "beside.txt").write_text("3\n")
    project.run()
    report = verify(project, status=1)
    task = only_task(report)

    assert task["verdict"] == "failed"
    assert task["undeclared"] == [named]
    assert task["message"].startswith(f"reads {named}, which is not declared as an input")


def test_a_missing_output_a_timeout_and_a_lasting_failure_are_failures(tmp_path: Path) -> None:
    """Each with its reason; what else the task makes is compared; a failing attempt is repeated as in a run."""
    text = '[stages.two]\nrun = "echo > one; test \\"$MODE\\" || echo > two"\noutputs = ["one", "two"]\n'
    text += '[stages.late]\nrun = "test \\"$MODE\\" && sleep 20; echo > late"\noutputs = ["late"]\ntimeout = "1s"\n'
    text += (
        '[stages.again]\nrun = "echo >> $STARTED; test ! \\"$MODE\\" && echo > again"\n'
        'outputs = ["again"]\nretries = 1\n'
    )
    project = project_in(tmp_path, text)
    project.run()
    report = verify(project, status=1, env={"MODE": "1"})
    found = {task["stage"]: task for task in report["tasks"]}

    assert found["two"]["message"] == "output two was not made"
    assert [output["verdict"] for output in found["two"]["outputs"]] == ["identical", "failed"]
    assert found["late"]["message"] == "took longer than its timeout"
    assert found["again"]["message"] == "exit status 1"
    assert (tmp_path / "started").read_text() == 3 * "\n"


def test_a_task_that_is_not_up_to_date_fails_with_its_reason_and_others_are_verified(tmp_path: Path) -> None:
    """It is compared with nothing; what does not depend on it is."""
    project = project_in(tmp_path, PLAIN + stage("third", "cp d.txt e.txt", "d.txt", "e.txt"), {"d.txt": "d\n"})
    project.run()
    project.write("a.txt", "changed\n")
    report = verify(project, status=1)
    messages = {task["stage"]: task["message"] for task in report["tasks"]}

    assert verdicts(report) == {"first": "failed", "second": "failed", "third": "identical"}
    assert messages["first"] == "not up to date: input a.txt changed"
    assert "waits for first" in messages["second"]


def test_an_output_that_was_edited_is_verified_where_the_recorded_one_is_kept(tmp_path: Path) -> None:
    """Inputs are the recorded bytes, not the edited ones; where they are not kept, the task is not up to date."""
    kept, lost = (
        project_in(tmp_path / "kept", PLAIN),
        project_in(tmp_path / "lost", '[store]\nobjects="none"\n' + PLAIN),
    )
    for project in (kept, lost):
        project.run()
        project.write("b.txt", "edited\n")

    assert verdicts(verify(kept)) == {"first": "identical", "second": "identical"}
    assert verdicts(verify(lost, status=1)) == {"first": "failed", "second": "failed"}


def test_an_input_that_changes_meanwhile_is_noticed(tmp_path: Path) -> None:
    """A later task does not get other inputs than those for which its result was looked up."""
    text = '[stages.a_first]\nrun = "echo x > x; echo other >> \\"${TOUCH:-/dev/null}\\""\noutputs = ["x"]\n'
    project = project_in(tmp_path, text + stage("b_second", "cat a.txt > y", "a.txt", "y", 'after = ["a_first"]'))
    project.run()
    report = verify(project, status=1, env={"TOUCH": str(project.root / "a.txt")})

    assert verdicts(report) == {"a_first": "identical", "b_second": "failed"}
    assert "has changed since" in report["tasks"][1]["message"]


# --- the scratch folder -----------------------------------------------------------------------------------


def test_the_scratch_folder_is_laid_out_like_the_project(tmp_path: Path) -> None:
    """Folders above, working folders, executable bits, empty folders, links and odd names are what they were."""
    names = "\"'quote and $HOME; *", "-dash", "ünï\nline"
    inner = '[stages.inner]\ncwd = "deep/er"\nrun = "cat {inputs} > {outputs.o}; pwd >&2"\n'
    inner += 'inputs = ["in.txt", "../../outer.txt"]\noutputs.o = "made/out.txt"\n'
    tree = "[stages.tree]\nrun = \"find tree -printf '%P %y %l %m\\\\n' | grep -v '^ ' | sort > o; tree/run >> o\"\n"
    tree += 'inputs.t = "tree/"\noutputs.o = "o"\n'
    odd = (
        f'[stages.odd]\nargv = ["cat", "--", "{{inputs}}"]\ninputs = {json.dumps([f"odd/{name}" for name in names])}\n'
    )
    project = project_in(
        tmp_path / "above",
        f'[project]\ninclude = ["sub/Pipelinefile.toml"]\n{tree}{odd}',
        {
            "sub/Pipelinefile.toml": inner,
            "sub/in.txt": "in\n",
            "sub/deep/er/": "",
            "tree/run": "#!/bin/sh\necho ran\n",
            "tree/empty/": "",
        },
    )
    (tmp_path / "above/outer.txt").write_text("outer\n")
    (project.root / "tree/run").chmod(0o755)
    (project.root / "tree/link").symlink_to("run")
    for name in names:
        project.write(f"odd/{name}", name)
    project.run()

    assert "x" in stat.filemode((project.root / "tree/run").stat().st_mode)
    assert set(verdicts(verify(project)).values()) == {"identical"}


def test_an_input_above_the_root_of_the_file_system_does_not_lead_out_of_the_scratch_folder(tmp_path: Path) -> None:
    """However many ``..`` a path has: what it stands for is copied into the scratch folder, and nowhere else."""
    (tmp_path / "outer.txt").write_text("outer\n")
    ups = "../" * (len((tmp_path / "project").parts) + 1)  # two more than there are folders
    far = f"{ups}{str(tmp_path).lstrip('/')}/outer.txt"
    project = project_in(tmp_path, stage("far", "cat {inputs} > o", far, "o"))
    project.run()

    assert verdicts(verify(project)) == {"far": "identical"}


def test_a_command_sees_the_scratch_folder_as_its_project(tmp_path: Path) -> None:
    """PROVSTORE_ROOT, the working folder and PWD are there; PROVSTORE_TASK is readable; standard input is empty."""
    run = 'echo "$PROVSTORE_ROOT $(pwd) $(env | grep ^PWD=)" >> $STARTED; cat; test -s "$PROVSTORE_TASK"; echo > o'
    project = project_in(tmp_path, stage("look", run, "", "o"))
    project.run()
    verify(project, env={"PWD": str(project.root)})
    first, second = [line.split() for line in (tmp_path / "started").read_text().splitlines()]

    assert first[0] == str(project.root)
    assert second[0].startswith(f"{project.environment['TMPDIR']}/provstore-verify-")
    assert second == [second[0], second[0], f"PWD={second[0]}"]


def test_a_program_without_a_shell_is_told_where_it_works(tmp_path: Path) -> None:
    """PWD is not that of the caller, in which what is not declared would be found."""
    script = "import os; open(os.environ['STARTED'], 'a').write(os.environ['PWD'] + chr(10))"
    project = project_in(tmp_path, f'[stages.look]\nargv = ["python3", "-c", {json.dumps(script)}]\n')
    project.environment["PWD"] = str(project.root)
    project.run()
    verify(project)

    assert (tmp_path / "started").read_text().splitlines()[-1].startswith(project.environment["TMPDIR"])


def test_a_command_that_names_the_project_is_told_to_escape(tmp_path: Path) -> None:
    """What it reads by an absolute path is read where it lies: a remark says so."""
    project = project_in(tmp_path, "")
    project.write("Pipelinefile.toml", stage("escape", f"cat {project.root}/a.txt > o", "", "o"))
    project.run()
    done = project.provstore("verify")

    assert f"remark: escape: its command names {project.root}: what it reads there is not checked" in done.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_nothing_is_left(tmp_path: Path, number: signal.Signals) -> None:
    """Tasks are ended, the folder is gone, what had ended is recorded, the exit status says which signal it was."""
    project = project_in(tmp_path, PLAIN + SLOW + 'after = ["first", "second"]')
    project.run(env={"SLEEP": "0"})
    process = project.start("verify", "--json")
    project.wait_for(lambda: len((tmp_path / "started").read_text()) == 2)
    process.send_signal(number)
    report = project.finish(process, 128 + number).report
    project.claim_rest()

    assert left_over(project) == []
    assert report["ok"] is False
    assert report["summary"]["cancelled"] == 1
    assert (
        {stage for stage, _ in recorded(project)} == {task["stage"] for task in report["tasks"]} == {"first", "second"}
    )


def test_the_next_one_removes_the_folder_of_one_that_was_killed_and_no_other(tmp_path: Path) -> None:
    """What is surely left by a dead one goes; what may be somebody's stays."""
    project = project_in(tmp_path, PLAIN + SLOW)
    project.run(env={"SLEEP": "0"})
    process = project.start("verify", "slow")
    project.wait_for(lambda: len((tmp_path / "started").read_text()) == 2)
    process.kill()
    process.communicate()
    project.wait_for(lambda: project.alive() == [])
    others = tmp_path / "tmp/provstore-verify-others"
    others.mkdir()

    assert len(left_over(project)) == 2
    project.provstore("verify", "first")
    assert left_over(project) == ["provstore-verify-others"]


def test_a_kept_scratch_folder_is_named_and_stays(tmp_path: Path) -> None:
    """With --keep-scratch what was made again is there, also after the next verification."""
    project = project_in(tmp_path, FICKLE)
    project.run(env={"MODE": "x"})
    report = project.json("verify", "--keep-scratch", "--scratch", "..", status=1, env={"MODE": "y"})
    verify(project, status=1, env={"MODE": "y"})

    assert Path(report["scratch"]).parent == tmp_path
    assert (Path(only_task(report)["folder"]) / "out.txt").read_text() == "y\n"


# --- clean checkouts --------------------------------------------------------------------------------------

PARTS = """
[store]
objects = "OBJECTS"
[dimensions]
n = ["1", "2"]
[stages.split]
run = "mkdir {outputs.d}; for i in 1 2; do cat a.txt > {outputs.d}/$i; done; echo {outputs.d} >> $STARTED"
inputs = ["a.txt"]
outputs.d = "split/"
[stages.part]
run = "cat split/2 > {outputs.o}"
inputs = ["split/2"]
outputs.o = "part.txt"
[stages.each]
dimensions = ["n"]
run = "echo {n} > {outputs.o}"
outputs.o = "made/{n}"
[stages.all]
run = "cat made/* part.txt > {outputs.o}"
inputs = ["made", "part.txt"]
outputs.o = "all.txt"
"""


EVERYTHING = ("split", "part.txt", "made/1", "made/2", "all.txt")


@pytest.mark.parametrize(
    ("objects", "gone"),
    [("all", EVERYTHING), ("none", EVERYTHING), *(("none", pair) for pair in combinations(EVERYTHING[:3], 2))],
)
def test_it_does_not_matter_which_outputs_lie_there(tmp_path: Path, objects: str, gone: tuple[str, ...]) -> None:
    """Inputs that lie nowhere are taken from what the tasks upstream have made again, parts of folders too."""
    project = project_in(tmp_path, PARTS.replace("OBJECTS", objects), {"made/README": "no task makes this\n"})
    project.run()
    for path in gone:
        project.remove(path)
    report = verify(project)

    assert report["summary"]["identical"] == 5
    assert not any(project.exists(path) for path in gone)


def test_a_read_only_checkout_can_be_verified_by_somebody_without_a_home(tmp_path: Path) -> None:
    """The verdicts are told, and a remark says that they are not recorded."""
    project = project_in(tmp_path, PLAIN)
    project.run()
    before = project.store_bytes()
    for folder in (project.root / ".provstore", project.root):
        folder.chmod(0o555)
    project.store.chmod(0o444)
    words = () if os.getuid() else ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--reuid=0", "--")
    try:
        done = project.provstore("verify", before=words, env={"HOME": None}, status=None)
    finally:
        (project.root / ".provstore").chmod(0o755)
        project.root.chmod(0o755)
    if recorded(project):
        pytest.skip("nothing is read-only for this user")

    assert done.status == 0, done.err
    assert "verdicts are not recorded" in done.err
    assert project.store_bytes() == before


def test_a_lock_file_is_enough(tmp_path: Path) -> None:
    """With --locked no store is asked for or made, on a checkout without any output; another key is a failure."""
    project = project_in(tmp_path, PARTS.replace("OBJECTS", "all"), {"made/README": "no task makes this\n"})
    project.run()
    project.provstore("lock")
    for path in (".provstore", *EVERYTHING):
        project.remove(path)
    report = verify(project, "--locked")

    assert (report["summary"]["identical"], report["recorded"]) == (5, False)
    assert not project.exists(".provstore")
    project.write("a.txt", "other\n")
    report = verify(project, "--locked", status=1)
    assert verdicts(report) == {
        "split": "failed", "part": "failed", "each@n=1": "identical", "each@n=2": "identical", "all": "failed",
    }  # fmt: skip
    assert report["tasks"][1]["message"] == "not up to date: waits for split"


def test_a_task_that_reads_what_many_make_costs_no_square_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To find out who makes its inputs, the outputs of all tasks are looked at a few times, not once for each input."""
    numbers = list(range(30))
    text = f"[dimensions]\nn = {numbers}\n"
    text += '[stages.one]\ndimensions = ["n"]\nrun = "echo {n} > {outputs.o}"\noutputs.o = "one/{n}.txt"\n'
    text += '[stages.all]\nrun = "cat {inputs.i} > {outputs.o}"\ninputs.i = "one/{n}.txt"\noutputs.o = "all.txt"\n'
    project = project_in(tmp_path, text)
    project.run()
    project.provstore("lock")
    for path in (".provstore", "one", "all.txt"):
        project.remove(path)
    asked, outputs = [], Plan.outputs

    def counted(plan: Plan, position: int) -> list[str]:
        asked.append(position)
        return outputs(plan, position)

    monkeypatch.setattr(Plan, "outputs", counted)
    with Opened(str(project.root)) as opened:
        todo = agenda(opened, VerifyRequest(locked=True))

    assert todo.needs[max(todo.positions)] == [position for position in todo.positions if position != max(todo.needs)]
    assert len(asked) < 10 * len(numbers)


# --- what is verified -------------------------------------------------------------------------------------


def test_a_sample_is_a_choice_that_can_be_repeated(tmp_path: Path) -> None:
    """N tasks at random; the same ones with the seed that the first said; all, where N is more."""
    text = "[dimensions]\nn = [1, 2, 3, 4, 5, 6, 7, 8]\n"
    text += '[stages.each]\ndimensions = ["n"]\nrun = "echo {n} > {outputs.o}"\noutputs.o = "made/{n}"\n'
    project = project_in(tmp_path, text)
    project.run()
    first = verify(project, "--sample", "3")
    again = verify(project, "--sample", "3", "--seed", str(first["sample"]["seed"]))

    assert len(first["tasks"]) == 3
    assert verdicts(again) == verdicts(first)
    assert len(verify(project, "--sample", "99")["tasks"]) == 8


def test_a_target_has_what_is_upstream_with_it_unless_it_is_only(tmp_path: Path) -> None:
    """As `check`; with --only the target alone."""
    project = project_in(tmp_path, PLAIN)
    project.run()

    assert verdicts(verify(project, "second")) == {"first": "identical", "second": "identical"}
    assert verdicts(verify(project, "out/c.txt", "--only")) == {"second": "identical"}


def test_a_run_may_be_under_way(tmp_path: Path) -> None:
    """A verification neither waits for the lock of a run nor holds it."""
    project = project_in(tmp_path, PLAIN)
    project.run()
    project.write("Pipelinefile.toml", PLAIN + SLOW)
    process = project.start("run", "slow")
    project.wait_for((tmp_path / "started").exists)
    report = verify_beside(project, "second")
    process.send_signal(signal.SIGINT)
    project.finish(process, 130)

    assert verdicts(report) == {"first": "identical", "second": "identical"}
    assert report["recorded"] is True
    project.provstore("fsck")


def verify_beside(project: Project, *words: str) -> dict[str, Any]:
    """The same while something else runs, of which `claim_rest` would complain."""
    return project.finish(project.start("verify", "--json", *words)).report


def test_nothing_is_verified_where_the_command_line_or_the_pipelinefile_is_wrong(tmp_path: Path) -> None:
    """Exit status 2, nothing made, nothing run."""
    project = project_in(tmp_path, PLAIN)
    for words in (
        ("nothing",),
        ("--seed", "1"),
        ("--tolerance", "x"),
        ("--scratch", "/nowhere"),
        ("--scratch", "."),
        ("--locked",),
    ):
        project.provstore("verify", *words, status=2)
    project.write("Pipelinefile.toml", PLAIN + "[stages.x]\nrum = 1\n")
    project.provstore("verify", status=2)

    assert project.count() == {}
    assert not project.exists(".provstore")


def test_without_a_store_nothing_is_up_to_date(tmp_path: Path) -> None:
    """Each task fails with a reason, and no store is made."""
    project = project_in(tmp_path, PLAIN)
    report = verify(project, status=1)

    assert next(task["message"] for task in report["tasks"]) == "not up to date: never run"
    assert not project.exists(".provstore")


# --- answers ----------------------------------------------------------------------------------------------


def test_why_and_show_tell_of_the_last_verification(tmp_path: Path) -> None:
    """When and where it was reproduced, and when it was not; for programs as well."""
    project = project_in(tmp_path, FICKLE)
    project.run(env={"MODE": "x"})
    verify(project, env={"MODE": "x"})
    good = project.provstore("why", "out.txt").out
    verify(project, status=1, env={"MODE": "y"})
    bad = project.provstore("why", "out.txt").out
    (execution, day, host), *_ = project.rows("SELECT execution, substr(verified, 1, 10), host FROM verification")
    record = project.json("show", execution)

    assert f"verified  reproduced on {day} on host {host}\n" in good
    assert f"verified  not reproduced on {day} on host {host}: it came out different\n" in bad
    assert [entry["verdict"] for entry in record["verifications"]] == ["different", "identical"]
    assert "reproduced on" in project.provstore("show", execution).out
    assert project.json("why", "out.txt")["execution"]["verifications"] == record["verifications"]


def test_no_record_leaves_the_store_as_it_is(tmp_path: Path) -> None:
    """Byte for byte."""
    project = project_in(tmp_path, PLAIN)
    project.run()
    before = project.store_bytes()
    report = verify(project, "--no-record")

    assert report["recorded"] is False
    assert project.store_bytes() == before


def test_a_damaged_record_is_not_compared_with(tmp_path: Path) -> None:
    """It is named, and nothing is run."""
    project = project_in(tmp_path, PLAIN)
    project.run()
    with closing(sqlite3.connect(project.store)) as conn, conn:
        conn.execute("UPDATE dataset SET digest = replace(digest, 'a', 'b') WHERE path = 'b.txt'")
    done = project.provstore("verify", status=3)

    assert "is not what was recorded" in done.err
    assert project.count() == {"first": 1, "second": 1}


def test_secrets_are_in_no_answer_and_no_record(tmp_path: Path) -> None:
    """Neither in what a failed command printed nor in its message."""
    text = '[project]\nsecret_env = ["TOKEN"]\n'
    text += "[stages.s]\nrun = 'cat \"hidden/$TOKEN\" hidden/s* a.txt > o'\n"
    text += 'inputs = ["a.txt"]\noutputs = ["o"]\nenv = ["TOKEN"]\n'
    project = project_in(tmp_path, text, {"hidden/s3cret-value": "x\n"})
    project.environment["TOKEN"] = "s3cret-value"
    project.run()
    done = project.provstore("verify", "--json", status=1)

    assert "s3cret" not in done.out + done.err
    assert b"s3cret" not in project.store_bytes()


def test_a_difference_shows_no_secret(tmp_path: Path) -> None:
    """An output may hold one; what CI prints of it, and what is recorded, does not. Any text can be."""
    text = '[project]\nsecret_env = ["TOKEN"]\n[stages.s]\nenv = ["TOKEN"]\noutputs = ["o.json"]\n'
    text += """run = 'cat a.txt > o.json; echo "\\"$TOKEN $MODE\\"}" >> o.json'\ninputs = ["a.txt"]\n"""
    project = project_in(tmp_path, text, {"a.txt": '{"half \\ud800": '})
    project.environment |= {"TOKEN": "s3cret-value", "MODE": "\\udfff one"}
    project.run()
    project.environment["MODE"] = "\\udfff two"
    (difference,) = only_task(verify(project, status=1))["outputs"][0]["differences"]
    ((details,),) = project.rows("SELECT details FROM verification")

    assert (difference["name"], difference["b"]) == ("half \ud800", "*** \\udfff two")
    assert "s3cret" not in details
    assert json.loads(details)["outputs"][0]["differences"][0]["place"] == ["half \\ud800"]


def test_a_junit_file_has_a_case_for_each_task(tmp_path: Path) -> None:
    """What differs is a failure, with the difference in it."""
    project = project_in(tmp_path, PLAIN + FICKLE)
    project.run(env={"MODE": "x"})
    project.provstore("verify", "--junit", "report.xml", status=1, env={"MODE": "y"})
    cases = {case.get("name"): case for case in ElementTree.parse(project.root / "report.xml").iter("testcase")}
    failure = cases["fickle"].find("failure")

    assert set(cases) == {"first", "second", "fickle"}
    assert failure is not None
    assert "out.txt" in (failure.text or "")
    assert cases["first"].find("failure") is None


def test_who_closes_standard_output_ends_nothing(tmp_path: Path) -> None:
    """`provstore verify | head` does all of its work, and leaves nothing behind."""
    project = project_in(tmp_path, PLAIN)
    project.run()
    reading, writing = os.pipe()
    os.close(reading)
    process = project.start("verify", stdout=writing)
    os.close(writing)
    done: Done = project.finish(process, None)
    project.claim_rest()

    assert "error" not in done.err
    assert len(recorded(project)) == 2
    assert left_over(project) == []
