"""Sequences of edits, deletions, runs, failures and kills, against a small model of what must run and what is right.

The model knows the commands as Python functions, and remembers every success by its key: all that determines the
result. From that follows, for each run, which tasks are executed, which are restored, which are left alone, and what
every file holds afterwards.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from e2e.project import TRACED, Project
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from provstore.digest import digest_bytes

from . import aftermath

PATIENCE = 30.0
YEAR = 365 * 86400

Content = dict[str, tuple[bytes, bool]]
"""What lies at a path: of a file {"": (bytes, executable)}, of a directory its members; {} is nothing."""


class Task(NamedTuple):
    """A stage of the project: `make` is what its command does, and None where that fails."""

    name: str
    command: str
    inputs: tuple[str, ...]
    output: str
    make: Callable[..., Content | None]
    more: str = ""
    determined_by: tuple[str, ...] = ()


def file(data: bytes) -> Content:
    return {"": (data, False)}


def data_of(content: Content) -> bytes:
    return content[""][0]


class Options(NamedTuple):
    """What the project is like, but for its files."""

    seed: int = 1
    mode: str | None = None
    joins_backwards: bool = False
    has_extra: bool = False


HALF = "echo half > {0}; sleep ${{PAUSE:-0}}; "
"""Begins what a command writes: so much is there when it is killed."""


def tasks_of(options: Options, members: list[str]) -> list[Task]:
    """The pipeline: a diamond, a stage whose output seldom changes, a directory, a gather, one stage that may go."""
    mode = (options.mode or "").encode()
    parts = ["left.txt", "tree/one", "tree/sub/two"]
    if options.joins_backwards:
        parts.reverse()

    def left(upper: Content, other: Content) -> Content | None:
        failed = b"!" in data_of(upper)
        return None if failed else file(b"%d\n" % options.seed + data_of(upper) + data_of(other))

    def tree(cut: Content) -> Content:
        return {"one": (data_of(cut), True), "sub/two": (data_of(cut) + mode + b"\n", False)}

    def join(left: Content, tree: Content) -> Content:
        data = {"left.txt": data_of(left), "tree/one": tree["one"][0], "tree/sub/two": tree["sub/two"][0]}
        return file(b"".join(data[part] for part in parts))

    joined = "".join(part + " " for part in parts)
    tasks = [
        Task("upper", "tr a-z A-Z < a.txt > upper.txt", ("a.txt",), "upper.txt",
             lambda a: file(data_of(a).upper())),
        Task("left", "! grep '!' upper.txt || exit 1; { echo {params.seed}; cat upper.txt b.txt; } > left.txt",
             ("upper.txt", "b.txt"), "left.txt", left, determined_by=(str(options.seed),)),
        Task("cut", "head -c 1 upper.txt > cut.txt", ("upper.txt",), "cut.txt",
             lambda upper: file(data_of(upper)[:1])),
        Task("tree", "rm tree; mkdir -p tree/sub; cp cut.txt tree/one; chmod +x tree/one; "
             '{ cat cut.txt; echo "$MODE"; } > tree/sub/two', ("cut.txt",), "tree", tree,
             'env = ["MODE"]', (repr(options.mode),)),
        Task("join", f"cat {joined}> join.txt", ("left.txt", "tree"), "join.txt", join),
        Task("gather", "cat {inputs} > gathered.txt", tuple(f"src/{name}" for name in members), "gathered.txt",
             lambda *found: file(b"".join(map(data_of, found)))),
    ]  # fmt: skip
    if options.has_extra:
        tasks.append(Task("extra", "cat gathered.txt join.txt > extra.txt", ("gathered.txt", "join.txt"), "extra.txt",
                          lambda gathered, join: file(data_of(gathered) + data_of(join))))  # fmt: skip
    return tasks


SOURCES = ("a.txt", "b.txt", "src/x.txt", "src/y.txt", "src/z.txt")
OUTPUTS = ("upper.txt", "left.txt", "cut.txt", "tree", "join.txt", "gathered.txt")
STAGES = ("upper", "left", "cut", "tree", "join", "gather")
WORDS = [b"abc\n", b"abd\n", b"bcd\n", b"a!c\n", b"", b"abc"]


def pipelinefile(options: Options) -> str:
    """The pipeline as TOML."""
    text = f"[params]\nseed = {options.seed}\n"
    for task in tasks_of(options, []):
        command = TRACED + HALF.format(task.output) + task.command
        read = ["src/*.txt"] if task.name == "gather" else list(task.inputs)
        text += (
            f"[stages.{task.name}]\nrun = '''{command}'''\ninputs = {read}\noutputs = ['{task.output}']\n{task.more}\n"
        )
    return text


def look(root: Path, path: str) -> Content:
    """What lies at a path."""
    full = root / path
    if full.is_file():
        return {"": (full.read_bytes(), os.access(full, os.X_OK) and bool(full.stat().st_mode & 0o100))}
    return {
        str(found.relative_to(full)): (found.read_bytes(), bool(found.stat().st_mode & 0o100))
        for found in sorted(full.rglob("*"))
        if found.is_file()
    }


Key = tuple[object, ...]
EXECUTED, RESTORED, FRESH, FAILED, BLOCKED, PERHAPS = "executed", "restored", "fresh", "failed", "blocked", "perhaps"


class Expected(NamedTuple):
    """What a run has to do with a task. `perhaps`: executed or restored, after a kill."""

    task: Task
    outcome: str
    key: Key
    content: Content


class Machine(RuleBasedStateMachine):
    """A project in the hands of somebody who edits, runs and kills."""

    folder: Path
    count: Counter[str]
    failures: list[str]
    numbers: Iterator[int]

    def __init__(self) -> None:
        super().__init__()
        self.place = self.folder / str(next(self.numbers))
        self.place.mkdir()
        self.options = Options()
        self.sure: set[Key] = set()
        self.perhaps: set[Key] = set()
        self.was_killed = False
        self.made: dict[str, list[Content]] = {}
        self.absent: dict[str, bytes] = {}
        self.lines = 0

    @initialize()
    def start(self) -> None:
        """A project that was never run."""
        files = {"a.txt": "abc\n", "b.txt": "bcd\n", "src/x.txt": "x\n", "src/y.txt": "y\n"}
        self.project = Project(self.place / "p", {"Pipelinefile.toml": pipelinefile(self.options), **files})

    def teardown(self) -> None:
        """At the end of each sequence the store is sound, and a plain run makes all of it right."""
        try:
            if isinstance(sys.exc_info()[1], Exception):
                self.failures.append(traceback.format_exc())
            elif self.project.store.exists():
                self.bring_back()
                self.run((), "-k")
                aftermath.claim_sound(self.project)
            self.count["sequences of edits, runs and kills"] += 1
        finally:
            self.project.kill_all()
            shutil.rmtree(self.place, ignore_errors=True)

    # --- the user -------------------------------------------------------------------------------------

    @rule(path=st.sampled_from(SOURCES), data=st.sampled_from(WORDS), how=st.sampled_from(["plain", "kept", "moved"]))
    def edit_source(self, path: str, data: bytes, how: str) -> None:
        """Writes a source; "kept" and "moved" put its time of modification back."""
        full = self.project.root / path
        before = full.stat() if full.exists() else None
        self.absent.pop(path, None)
        if how == "moved":
            (self.place / "twin").write_bytes(data)
            os.replace(self.place / "twin", full)
        else:
            full.write_bytes(data)
        if how != "plain" and before is not None:
            os.utime(full, ns=(before.st_atime_ns, before.st_mtime_ns))

    @rule(path=st.sampled_from((*SOURCES, *OUTPUTS, "Pipelinefile.toml")), years=st.sampled_from([0, -40, 40]))
    def touch(self, path: str, years: int) -> None:
        """A touch is no change, whatever time it sets."""
        if self.project.exists(path):
            moment = time.time() + years * YEAR
            os.utime(self.project.root / path, (moment, moment))

    @rule(path=st.sampled_from(("a.txt", "b.txt")))
    def take_away(self, path: str) -> None:
        """Removes a source that a stage needs."""
        if self.project.exists(path):
            self.absent[path] = (self.project.root / path).read_bytes()
            self.project.remove(path)

    @rule()
    def bring_back(self) -> None:
        """Brings all sources back."""
        for path, data in self.absent.items():
            (self.project.root / path).write_bytes(data)
        self.absent.clear()

    @rule(old=st.sampled_from("xyz"), new=st.sampled_from("xyz"))
    def rename_member(self, old: str, new: str) -> None:
        """Renames one of the files that a glob finds; onto another one, that is gone."""
        if old != new and self.project.exists(f"src/{old}.txt"):
            os.replace(self.project.root / f"src/{old}.txt", self.project.root / f"src/{new}.txt")

    @rule(path=st.sampled_from(OUTPUTS))
    def delete_output(self, path: str) -> None:
        """Removes what a task made."""
        if self.project.exists(path):
            self.project.remove(path)

    @rule(path=st.sampled_from((*OUTPUTS, "tree/one", "tree/sub/new")), number=st.integers(0, 3))
    def edit_output(self, path: str, number: int) -> None:
        """Writes into what a task made."""
        full = self.project.root / path
        if path.startswith("tree/") and not full.parent.is_dir():
            return
        if full.is_dir():
            full = full / "by-hand"
        full.write_bytes(b"by hand %d\n" % number)

    @rule(option=st.sampled_from(["seed", "mode", "joins_backwards", "has_extra"]), value=st.integers(0, 2))
    def change_option(self, option: str, value: int) -> None:
        """Changes a parameter, an environment variable, a command, or which stages there are."""
        values = {"seed": value, "mode": [None, "", "m"][value]}
        self.options = self.options._replace(**{option: values.get(option, bool(value % 2))})
        self.project.write("Pipelinefile.toml", pipelinefile(self.options))
        self.project.environment.pop("MODE", None)
        if self.options.mode is not None:
            self.project.environment["MODE"] = self.options.mode

    # --- runs -----------------------------------------------------------------------------------------

    @rule(words=st.sampled_from([(), ("-j1",), ("-j2",), ("-k",), ("-k", "-j2")]))
    def run_all(self, words: tuple[str, ...]) -> None:
        """A run of everything."""
        self.run((), *words)

    @rule()
    def run_again(self) -> None:
        """The same, more often."""
        self.run(())

    @rule(only=st.sampled_from(STAGES), force=st.booleans())
    def run_one(self, only: str, force: bool) -> None:
        """A run of one stage and what it needs, perhaps whatever its state."""
        self.run((only,), "-k", *(["--force"] if force else []))

    @rule()
    def run_all_anew(self) -> None:
        """A run of everything whatever its state."""
        self.run((), "-k", "--force")

    @rule(delay=st.sampled_from([0, 0.01, 0.03]))
    def killed_at_once(self, delay: float) -> None:
        """A run that is killed while its first task is under way, or has just ended."""
        self.kill(1, delay, "-j1")

    @rule(lines=st.integers(2, 6), jobs=st.sampled_from(["-j1", "-j3"]))
    def killed_later(self, lines: int, jobs: str) -> None:
        """A run that is killed once so many commands have begun."""
        self.kill(lines, 0, jobs)

    def kill(self, lines: int, delay: float, jobs: str) -> None:
        """Edits a source, so that there is something to do, runs, kills, and sees what is left."""
        self.edit_source("b.txt" if lines < 3 else "a.txt", b"new %d\n" % self.lines, "kept")
        self.bring_back()
        before, expected = self.outputs(), self.expected((), force=False)
        process = self.project.start("run", "-k", jobs, env={"PAUSE": "0.02"}, stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL)  # fmt: skip
        until = time.monotonic() + PATIENCE
        while process.poll() is None and len(self.trace()) < self.lines + lines and time.monotonic() < until:
            time.sleep(0.001)
        time.sleep(delay)
        self.count["kills in sequences of edits and runs"] += process.poll() is None
        process.kill()
        process.wait()
        self.project.wait_for(lambda: not self.project.alive(), PATIENCE)
        begun = self.trace()[self.lines :]
        self.lines += len(begun)
        assert max(Counter(begun).values(), default=0) <= 1
        assert set(begun) <= {one.task.name for one in expected if one.outcome in (EXECUTED, FAILED, PERHAPS)}
        self.perhaps |= {one.key for one in expected if one.task.name in begun and one.outcome != FAILED}
        self.was_killed = True
        self.claim_nothing_lost(before)

    def run(self, targets: tuple[str, ...], *words: str) -> None:
        """A run, and all that is claimed of it."""
        if self.missing():
            done = self.project.run(status=2)
            assert all(f"'{path}' is missing" in done.err for path in self.absent)
            assert self.trace()[self.lines :] == []
            self.bring_back()
        before = self.outputs()
        expected = self.expected(targets, force="--force" in words)
        fails = any(one.outcome == FAILED for one in expected)
        done = self.project.run(*targets, *words, status=int(fails))
        self.count["runs in sequences of edits and kills"] += 1
        stops_early = fails and "-k" not in words
        self.claim_outcomes(expected, done.outcomes, stops_early=stops_early)
        self.claim_nothing_lost(before)
        if not stops_early:
            self.claim_contents(expected, before)
        if not fails:
            self.claim_nothing_to_do(targets)
            self.was_killed = False

    def claim_outcomes(self, expected: list[Expected], found: Mapping[str, str], *, stops_early: bool) -> None:
        """What was executed is what had to be, by what the run says and by what the commands say themselves."""
        begun = Counter(self.trace()[self.lines :])
        self.lines += begun.total()
        assert begun == Counter(name for name, outcome in found.items() if outcome in (EXECUTED, FAILED))
        for one in expected:
            outcome = found[one.task.name]
            allowed = {one.outcome}
            if one.outcome == PERHAPS:
                allowed = {EXECUTED, RESTORED, FRESH}
            elif self.was_killed and one.outcome in (RESTORED, FRESH):
                allowed = {RESTORED, FRESH}
            if stops_early:
                allowed |= {"cancelled", BLOCKED}
            assert outcome in allowed, (one.task.name, outcome, allowed)
            if outcome in (EXECUTED, RESTORED, FRESH):
                self.sure.add(one.key)
            if outcome == EXECUTED or (outcome != BLOCKED and one.outcome == PERHAPS):
                self.made.setdefault(one.task.output, []).append(one.content)

    def claim_contents(self, expected: list[Expected], before: dict[str, Content]) -> None:
        """What was brought up to date holds what a clean run makes, the rest what it held."""
        now, done = self.outputs(), {one.task.output: one for one in expected}
        for path, held in before.items():
            one = done.get(path)
            if one is not None and one.outcome not in (FAILED, BLOCKED):
                assert now[path] == one.content, path
            elif not self.was_killed and (one is None or one.outcome == BLOCKED):
                assert now[path] == held, path
            elif not self.was_killed and one is not None:
                self.claim_last_good(path, held, now[path])
            assert now[path] != file(b"half\n")

    def claim_last_good(self, path: str, before: Content, now: Content) -> None:
        """After a failure: what was there if a task had made it, else what its last success made, if there is one."""
        made = self.made.get(path, [])
        if before in made or not made:
            assert now == before, path
        elif self.perhaps:
            assert now in made, path
        else:
            assert now == made[-1], path

    def claim_nothing_to_do(self, targets: tuple[str, ...]) -> None:
        """The same run once more does nothing and writes nothing."""
        bytes_before = self.project.store_bytes()
        assert self.project.run(*targets).report["run"] is None
        assert self.project.store_bytes() == bytes_before
        assert self.trace()[self.lines :] == []

    def claim_nothing_lost(self, before: dict[str, Content]) -> None:
        """What lay in the place of an output still does, or is kept, whoever wrote it."""
        now = self.outputs()
        for path, held in before.items():
            for member, (data, _) in held.items():
                if now[path].get(member, (None, False))[0] != data:
                    assert self.is_kept(data), (path, member, data)

    def is_kept(self, data: bytes) -> bool:
        if self.project.rows(f"SELECT count(*) FROM object WHERE digest = '{digest_bytes(data)}'") == [(1,)]:
            return True
        folder = self.project.root / ".provstore"
        return any(path.is_file() and path.read_bytes() == data for path in folder.rglob("*"))

    # --- the model ------------------------------------------------------------------------------------

    def trace(self) -> list[str]:
        """The stages whose commands have begun, in their order."""
        return self.project.trace.read_text().splitlines() if self.project.trace.exists() else []

    def outputs(self) -> dict[str, Content]:
        return {path: look(self.project.root, path) for path in (*OUTPUTS, "extra.txt")}

    def members(self) -> list[str]:
        return sorted(os.listdir(self.project.root / "src"))

    def missing(self) -> bool:
        return bool(self.absent)

    def expected(self, targets: tuple[str, ...], *, force: bool) -> list[Expected]:
        """What a run has to do now with each task that it is about, in their order."""
        tasks = tasks_of(self.options, self.members())
        makers = {task.output: task for task in tasks}
        wanted, pending = set(), list(targets or (task.name for task in tasks))
        while pending:
            name = pending.pop()
            wanted.add(name)
            task = next(task for task in tasks if task.name == name)
            pending += [makers[path].name for path in task.inputs if path in makers]
        found: dict[str, Expected] = {}
        for task in tasks:
            if task.name in wanted:
                forced = force and (not targets or task.name in targets)
                found[task.output] = self.expected_of(task, found, forced=forced)
        return list(found.values())

    def expected_of(self, task: Task, upstream: dict[str, Expected], *, forced: bool) -> Expected:
        lies_there = look(self.project.root, task.output)
        if any(path in upstream and upstream[path].outcome in (FAILED, BLOCKED) for path in task.inputs):
            return Expected(task, BLOCKED, (), lies_there)
        read = [upstream[path].content if path in upstream else look(self.project.root, path) for path in task.inputs]
        spelled = tuple((path, tuple(sorted(content.items()))) for path, content in zip(task.inputs, read, strict=True))
        key = (task.command, spelled, task.determined_by)
        made = task.make(*read)
        if made is None:
            return Expected(task, FAILED, key, lies_there)
        if forced:
            return Expected(task, EXECUTED, key, made)
        if key in self.sure:
            return Expected(task, FRESH if lies_there == made else RESTORED, key, made)
        return Expected(task, PERHAPS if key in self.perhaps else EXECUTED, key, made)


def test_any_sequence_of_edits_runs_and_kills_does_what_the_model_says(
    tmp_path: Path, effort: int, tally: Callable
) -> None:
    """Each run executes what its content says must run, restores what was made before, and leaves the rest alone."""
    count: Counter[str] = Counter()
    failures: list[str] = []
    facts = {"folder": tmp_path, "count": count, "failures": failures, "numbers": itertools.count()}
    rules = settings(
        max_examples=40 * effort,
        stateful_step_count=15,
        derandomize=effort == 1,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,) if effort == 1 else (Phase.generate, Phase.shrink),
        print_blob=False,
    )
    try:
        run_state_machine_as_test(type("Machine", (Machine,), facts), settings=rules)
    except Exception as error:  # a kill never comes at the same moment twice: what failed first is what counts
        raise AssertionError("\n".join(failures[:1])) from error
    for what, number in count.items():
        tally(what, number)


def test_what_a_waiting_task_will_lack_is_told_before_anything_runs(tmp_path: Path) -> None:
    """A source that is missing is an error of the Pipelinefile, also where its task has to wait for another one."""
    files = {"Pipelinefile.toml": pipelinefile(Options()), "a.txt": "abc\n", "src/x.txt": "x\n"}
    project = Project(tmp_path / "p", files)
    done = project.run("--only", "left", "join", status=2)
    assert "'b.txt' is missing" in done.err
    done = project.run("left", status=2)
    assert "'b.txt' is missing, and no stage makes it" in done.err
    assert "upper.txt" not in done.err
    assert project.count() == {}
    assert project.run("upper").executed == ["upper"]
    project.write("b.txt", "bcd\n")
    project.run()
    project.remove("left.txt")
    project.remove("b.txt")
    project.write("a.txt", "abd\n")
    assert "'b.txt' is missing" in project.run("join", status=2).err
    assert project.count() == dict.fromkeys(STAGES, 1)
