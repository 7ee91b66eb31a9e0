"""From a Pipelinefile and the files that are there to tasks."""

from __future__ import annotations

import json
import sys
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore.digest import digest_json
from provstore.errors import PipelinefileError
from provstore.model.pipeline import PathSpec, Pipeline, Stage
from provstore.model.values import data_id_text
from provstore.pipelinefile import catalogue, overlap, render, templates
from provstore.pipelinefile.expand import expand
from provstore.pipelinefile.read import read_pipelinefile
from provstore.watch.find import find


class Expanded:
    """A plan with its works, as tests ask for it."""

    def __init__(self, plan, works):
        self.plan, self.works = plan, works
        self.names = [plan.name(position) for position in range(len(plan.tasks))]

    def __getitem__(self, name):
        return self.works[self.names.index(name)]

    def inputs(self, name):
        return self.plan.inputs(self.names.index(name))

    def outputs(self, name):
        return self.plan.outputs(self.names.index(name))

    def upstream(self, name):
        return [self.names[source] for source in self.plan.tasks[self.names.index(name)].upstream]

    def static(self, name):
        return self.plan.tasks[self.names.index(name)].static


class Project:
    """A folder with files that hold nothing; only their names count here."""

    def __init__(self, root):
        self.root = root
        self.searches = []

    def expand(self, text, files=(), *, settled=None, environment=None):
        (self.root / "Pipelinefile.toml").write_text(text)
        for name in files:
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        pipeline = read_pipelinefile(str(self.root), "Pipelinefile.toml")
        found = expand(pipeline, self.find, environment or {}, settled)
        return Expanded(*found)

    def find(self, search):
        self.searches.append(search)
        return find(str(self.root), search)

    def problems(self, text, files=(), **more):
        with pytest.raises(PipelinefileError) as caught:
            self.expand(text, files, **more)
        return [str(problem) for problem in caught.value.problems]


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


def stages(*parts):
    return "".join(f"[stages.{part}\n" for part in parts)


# --- dimensions ---------------------------------------------------------------------------------------


def test_a_stage_without_dimensions_is_one_task(project):
    """With or without inputs and outputs."""
    found = project.expand(stages("a]\nrun = 'true'"))

    assert found.names == ["a"]
    assert found.plan.tasks[0].data_id == "{}"


def test_listed_values_and_ranges_are_all_combined(project):
    """In their natural order, with the types that the file gives them."""
    text = '[dimensions]\nband = ["r", "g"]\nn = "8..10"\nstep = "0..90:45"\n' + stages(
        'a]\ndimensions = ["n", "band"]\nrun = "true"', 'b]\ndimensions = ["step"]\nrun = "true"'
    )
    found = project.expand(text)

    assert found.names[:6] == [f"a@n={n},band={band}" for n in (8, 9, 10) for band in "gr"]
    assert [json.loads(task.data_id) for task in found.plan.tasks[6:]] == [{"step": n} for n in (0, 45, 90)]


def test_found_values_are_those_of_the_files(project):
    """Text, unless something says that they are integers; in natural order."""
    files = ["raw/10.dat", "raw/9.dat", "raw/a.dat", "raw/.b.dat", "other/7.dat", "raw/8.txt", "raw/x/7.dat"]
    text = '[dimensions]\nv = { from = "raw/{v}.dat" }\n' + stages('a]\ndimensions = ["v"]\nrun = "echo {v}"')

    assert project.expand(text, files).names == ["a@v=9", "a@v=10", "a@v=a"]


@pytest.mark.parametrize(
    ("dimension", "path"),
    [('{ from = "raw/{v}.dat", type = "int" }', "raw/{v}.dat"), ('{ from = "raw/{v:02d}.dat" }', "raw/{v:02d}.dat")],
)
def test_found_integers_are_integers(project, dimension, path):
    """And only the name that the template would write belongs to it."""
    text = f"[dimensions]\nv = {dimension}\n" + stages(
        f'a]\ndimensions = ["v"]\nrun = "true"\ninputs.x = "{path}"\noutputs.y = "out/{{v:03d}}"'
    )
    found = project.expand(text, ["raw/10.dat", "raw/x.dat", "raw/0011.dat"])

    assert found.names == ["a@v=10"]
    assert found.plan.data_id(0) == (("v", 10),)
    assert found.outputs("a@v=10") == ["out/010"]


def test_a_dimension_with_type_str_stays_text(project):
    """Even where it looks like a number."""
    text = '[dimensions]\nv = { from = "raw/{v}.dat", type = "str" }\n' + stages(
        'a]\ndimensions = ["v"]\nrun = "true"\ninputs.x = "raw/{v}.dat"'
    )

    assert project.expand(text, ["raw/007.dat"]).plan.data_id(0) == (("v", "007"),)


def test_inputs_are_joined_on_the_dimensions_they_share(project):
    """A combination without a partner drops out silently."""
    text = '[dimensions]\nv = { from = "raw/{v}/{d}" }\nd = { from = "flat/{d}" }\n' + stages(
        'a]\ndimensions = ["v", "d"]\nrun = "true"\ninputs.raw = "raw/{v}/{d}"\ninputs.flat = "flat/{d}"'
    )
    found = project.expand(text, ["raw/1/a", "raw/1/b", "raw/2/b", "raw/3/c", "flat/a", "flat/b", "flat/z"])

    assert found.names == ["a@v=1,d=a", "a@v=1,d=b", "a@v=2,d=b"]
    assert found.inputs("a@v=2,d=b") == ["flat/b", "raw/2/b"]
    assert not found.plan.remarks


def test_a_found_value_that_is_not_listed_drops_out(project):
    """Listed values narrow what is found, also where the listing has more."""
    text = '[dimensions]\nd = ["a", "b"]\n' + stages('a]\ndimensions = ["d"]\nrun = "true"\ninputs.x = "raw/{d}"')

    assert project.expand(text, ["raw/b", "raw/c"]).names == ["a@d=b"]


def test_where_narrows(project):
    """And says so when nothing is left."""
    text = '[dimensions]\nn = "1..5"\n' + stages(
        'a]\ndimensions = ["n"]\nrun = "true"\nwhere = "n > 3"', 'b]\ndimensions = ["n"]\nrun = "true"\nwhere = "n > 5"'
    )
    found = project.expand(text)

    assert found.names == ["a@n=4", "a@n=5"]
    assert found.plan.remarks == ["stage 'b' has no tasks: its where excludes all 5"]


def test_no_file_is_no_task_and_a_remark(project):
    """It names what was looked for."""
    text = '[dimensions]\nv = { from = "raw/{v}" }\n' + stages('a]\ndimensions = ["v"]\nrun = "true"')
    found = project.expand(text)

    assert found.names == []
    assert found.plan.remarks == ["stage 'a' has no tasks: nothing matches raw/{v}"]


def test_the_data_ids_follow_the_outputs_of_earlier_stages(project):
    """Not what happens to lie there."""
    text = '[dimensions]\nv = { from = "raw/{v}" }\n' + stages(
        'b]\ndimensions = ["v"]\nrun = "true"\ninputs.x = "mid/{v}"\noutputs.y = "out/{v}"',
        'a]\ndimensions = ["v"]\nrun = "true"\ninputs.x = "raw/{v}"\noutputs.y = "mid/{v}"',
    )
    found = project.expand(text, ["raw/1", "raw/2", "mid/7"])

    assert found.names == ["a@v=1", "a@v=2", "b@v=1", "b@v=2"]
    assert found.upstream("b@v=2") == ["a@v=2"]


def test_files_can_have_any_name(project):
    """What belongs to a field is data: braces, globs, spaces, newlines."""
    names = ["a b", "{x}", "*", "[1]", "é", "e\u0301", "a\nb", "-n", "$HOME", "#", "q'\""]
    text = '[dimensions]\nv = { from = "raw/{v}" }\n' + stages(
        'a]\ndimensions = ["v"]\nrun = "cp {inputs.x} {outputs.y}"\ninputs.x = "raw/{v}"\noutputs.y = "out/{v}"'
    )
    found = project.expand(text, [f"raw/{name}" for name in names])

    assert sorted(path for task in found.names for path in found.inputs(task)) == sorted(f"raw/{n}" for n in names)
    assert sorted(path for task in found.names for path in found.outputs(task)) == sorted(f"out/{n}" for n in names)


# --- gathering ----------------------------------------------------------------------------------------

SPLIT = '[dimensions]\nn = "1..12"\n' + stages(
    'make]\ndimensions = ["n"]\nrun = "true"\noutputs.x = "part/{n}"',
    'join]\nrun = "cat {inputs.all} > {outputs.x}"\ninputs.all = "part/{n}"\noutputs.x = "all"',
)


def test_a_stage_without_the_dimension_gathers_all_values(project):
    """In natural order, and what is left over from another time is not taken."""
    found = project.expand(SPLIT, ["part/13", "part/old"])

    assert found.inputs("join") == [f"part/{n}" for n in range(1, 13)]
    assert found["join"].command == "cat " + " ".join(f"part/{n}" for n in range(1, 13)) + " > all"
    assert found["join"].gathered == ("all",)
    assert len(found.upstream("join")) == 12


def test_a_stage_gathers_only_what_agrees_with_its_own_dimensions(project):
    """Over the others."""
    text = '[dimensions]\nv = { from = "raw/{v}/{d}" }\nd = { from = "raw/{v}/{d}" }\n' + stages(
        'a]\ndimensions = ["v"]\nrun = "cat {inputs.x}"\ninputs.x = "raw/{v}/{d}"'
    )
    found = project.expand(text, ["raw/1/10", "raw/1/9", "raw/2/1"])

    assert {name: found.inputs(name) for name in found.names} == {
        "a@v=1": ["raw/1/9", "raw/1/10"],
        "a@v=2": ["raw/2/1"],
    }


def test_what_tasks_make_is_not_looked_for_on_the_disk(project):
    """Of a template that a stage writes, each file there is one that a task makes, or left over."""
    text = '[dimensions]\nn = { from = "raw/{n}.txt" }\n' + stages(
        'make]\ndimensions = ["n"]\nrun = "cp {inputs.x} {outputs.y}"\ninputs.x = "raw/{n}.txt"\n'
        'outputs.y = "made/{n}.txt"',
        'all]\nrun = "cat {inputs.x}"\ninputs.x = "made/{n}.txt"\noutputs.y = "all.txt"',
    )
    found = project.expand(text, ["raw/a.txt", "raw/b.txt", "made/old.txt"])

    assert found.inputs("all") == ["made/a.txt", "made/b.txt"]
    assert [search.parts for search in project.searches] == [(("name", "raw"), ("field", "/.txt"))]


def test_a_glob_depends_on_the_outputs_of_other_stages_too(project):
    """And on the sources beside them; what they would have made at another time is left over."""
    text = '[dimensions]\nn = "1..2"\n' + stages(
        'make]\ndimensions = ["n"]\nrun = "true"\noutputs.x = "data/n{n}.csv"',
        'all]\nrun = "cat {inputs.x}"\ninputs.x = "data/*.csv"\noutputs.y = "data/all.csv"',
    )
    found = project.expand(text, ["data/z.csv", "data/n3.csv", "data/.h.csv", "data/sub/x.csv", "data/all.csv"])

    assert found.inputs("all") == ["data/n1.csv", "data/n2.csv", "data/n3.csv", "data/z.csv"]
    assert found.upstream("all") == ["make@n=1", "make@n=2"]


def test_a_glob_does_not_take_its_own_output(project):
    """Else it would never be fresh."""
    text = stages('s]\nrun = "sort {inputs.x} > {outputs.y}"\ninputs.x = "*.csv"\noutputs.y = "sorted.csv"')

    assert project.expand(text, ["a.csv", "sorted.csv"]).inputs("s") == ["a.csv"]


def test_a_template_does_not_take_its_own_outputs(project):
    """A stage that cleans `{name}.csv` into `{name}_clean.csv` does not clean what it made."""
    text = '[dimensions]\nname = { from = "{name}.csv" }\n' + stages(
        'clean]\ndimensions = ["name"]\nrun = "true"\ninputs.x = "{name}.csv"\noutputs.y = "{name}_clean.csv"'
    )

    assert project.expand(text, ["a.csv", "a_clean.csv"]).names == ["clean@name=a"]


def test_several_makers_of_what_a_template_finds_are_all_known(project):
    """Leftovers of both are told from sources, although their expressions name the same dimensions."""
    text = '[dimensions]\nv = ["1", "2"]\nd = ["x"]\n' + stages(
        'a]\ndimensions = ["v"]\nrun = "true"\noutputs.y = "x/{v}.csv"',
        'b]\ndimensions = ["d", "v"]\nrun = "true"\noutputs.y = "{d}/{v}.h5"\nwhere = "v = \'1\'"',
        'c]\nrun = "cat {inputs.x}"\ninputs.x = "x/*"',
    )
    found = project.expand(text, ["x/1.csv", "x/2.h5", "x/src.txt"])

    assert found.inputs("c") == ["x/1.csv", "x/1.h5", "x/2.csv", "x/src.txt"]


def test_a_glob_over_sources_that_matches_nothing_is_a_missing_input(project):
    """Before anything runs, with file and line."""
    (problem,) = project.problems(stages('a]\nrun = "true"\ninputs.x = "data/*.csv"'))

    assert problem == (
        "Pipelinefile.toml:3: stage 'a': no file matches 'data/*.csv', and no stage makes one (a missing input)"
    )


@pytest.mark.parametrize("name", ["a*b", "a?b", "a[b", "[ab]"])
def test_an_escaped_glob_is_the_character_itself(project, name):
    """It names one file, which need not be there yet."""
    escaped = "".join(f"[{c}]" if c in "*?[" else c for c in name)
    found = project.expand(
        stages(f'a]\nrun = "true"\ninputs.x = "{escaped}"', f'b]\nrun = "true"\noutputs.y = "{name}"'), ["axb"]
    )

    assert found.inputs("a") == [name]
    assert found.upstream("a") == ["b"]


# --- found in what a stage makes ----------------------------------------------------------------------

GATED = '[dimensions]\npart = { from = "split/{part}.csv" }\n' + stages(
    'split]\nrun = "true"\noutputs.parts = "split/"',
    'each]\ndimensions = ["part"]\nrun = "true"\ninputs.x = "split/{part}.csv"\noutputs.y = "done/{part}.txt"',
    'join]\nrun = "cat {inputs.all}"\ninputs.all = "done/{part}.txt"\noutputs.y = "end"',
    'apart]\nrun = "true"\noutputs.y = "apart"',
)


def test_what_is_in_an_output_directory_counts_while_its_stage_is_fresh(project):
    """Then the tasks are as the files say, each behind the stage that made them."""
    found = project.expand(GATED, ["split/b.csv", "split/a.csv"], settled=frozenset({"split"}))

    assert sorted(found.names) == ["apart", "each@part=a", "each@part=b", "join", "split"]
    assert found.upstream("join") == ["each@part=a", "each@part=b"]
    assert found.upstream("each@part=a") == ["split"]
    assert found.inputs("join") == ["done/a.txt", "done/b.txt"]
    assert found.plan.gates == ["split"]
    assert found.plan.unresolved == []


def test_before_that_the_stage_and_what_follows_wait(project):
    """Whatever lies there: it is from another time."""
    found = project.expand(GATED, ["split/old.csv", "done/old.txt"], settled=frozenset())

    assert sorted(found.names) == ["apart", "split"]
    assert {(entry.stage, entry.gate) for entry in found.plan.unresolved} == {("each", "split"), ("join", "split")}
    assert found.plan.gates == []


def test_a_stage_that_looks_into_two_directories_waits_for_both(project):
    """One that is fresh does not stand for the other."""
    text = (
        '[dimensions]\na = { from = "one/{a}" }\nb = { from = "two/{b}" }\n'
        + stages('one]\nrun = "true"\noutputs.x = "one/"', 'two]\nrun = "true"\noutputs.x = "two/"')
        + stages('both]\ndimensions = ["a", "b"]\nrun = "true"\ninputs.a = "one/{a}"\ninputs.b = "two/{b}"')
    )
    files = ["one/1", "two/2"]
    for gate, other in [("one", "two"), ("two", "one")]:
        found = project.expand(text, files, settled=frozenset({gate}))
        assert [(entry.stage, entry.gate) for entry in found.plan.unresolved] == [("both", other)]
    found = project.expand(text, files)
    assert found.upstream("both@a=1,b=2") == ["one", "two"]
    assert found.plan.gates == ["one", "two"]


@pytest.mark.parametrize("path", ["split/*.csv", "split/**/*.csv", "split/**"])
def test_a_glob_into_an_output_directory_waits_for_its_stage(project, path):
    """It is not a missing input before the first run, at whatever depth it looks."""
    text = stages(
        'split]\nrun = "true"\noutputs.parts = "split/"', f'use]\nrun = "cat {{inputs.x}}"\ninputs.x = "{path}"'
    )

    assert [entry.gate for entry in project.expand(text, settled=frozenset()).plan.unresolved] == ["split"]
    assert project.expand(text, ["split/a.csv"]).upstream("use") == ["split"]


def test_a_stage_that_comes_after_one_that_waits_waits_too(project):
    """Else it would run before tasks that are not known yet."""
    text = GATED + stages('last]\nrun = "true"\nafter = ["each"]')

    waiting = {entry.stage for entry in project.expand(text, settled=frozenset()).plan.unresolved}
    assert waiting == {"each", "join", "last"}


def test_a_dimension_found_in_what_a_waiting_stage_makes_waits_too(project):
    """Also where no input says so."""
    text = GATED.replace("[dimensions]\n", '[dimensions]\nk = { from = "done/{k}.txt" }\n') + stages(
        'say]\ndimensions = ["k"]\nrun = "echo {k}"'
    )

    assert "say" in {entry.stage for entry in project.expand(text, settled=frozenset()).plan.unresolved}
    assert "say@k=a" in project.expand(text, ["split/a.csv"]).names


# --- who makes what -----------------------------------------------------------------------------------


def test_a_file_in_an_output_directory_links_to_its_stage(project):
    """And a directory to all that is made in it."""
    text = stages(
        'use]\nrun = "true"\ninputs.one = "out/deep/x"\ninputs.all = "made"',
        'dir]\nrun = "true"\noutputs.d = "out/"',
        'm1]\nrun = "true"\noutputs.a = "made/1"',
        'm2]\nrun = "true"\noutputs.a = "made/deep/2"',
    )

    assert sorted(project.expand(text).upstream("use")) == ["dir", "m1", "m2"]


def test_makers_stand_before_those_who_read(project):
    """Whatever the order in the file."""
    text = stages(*(f'{chr(97 + n)}]\nrun = "true"\ninputs.x = "f{n + 1}"\noutputs.y = "f{n}"' for n in range(9)))
    found = project.expand(text)

    assert found.names == list("ihgfedcba")
    assert all(source < place for place, task in enumerate(found.plan.tasks) for source in task.upstream)


def test_two_stages_with_one_output_are_an_error(project):
    """It names both, and where they stand."""
    text = '[dimensions]\nn = "1..2"\n' + stages(
        'a]\ndimensions = ["n"]\nrun = "true"\noutputs.x = "out/{n}"', 'b]\nrun = "true"\noutputs.x = "out/2"'
    )
    (problem,) = project.problems(text)

    assert problem.startswith("Pipelinefile.toml:3: stage 'a': output 'out/2' is also an output of 'b' (")


def test_two_tasks_of_one_stage_with_one_output_are_an_error(project):
    """The path lacks a dimension."""
    text = '[dimensions]\nn = "1..3"\n' + stages('a]\ndimensions = ["n"]\nrun = "true"\noutputs.x = "out/x"')

    assert all("out/x" in problem and "stage 'a'" in problem for problem in project.problems(text))


@pytest.mark.parametrize("inside", ["out/x", "out/deep/er/x"])
def test_an_output_inside_of_anothers_is_an_error(project, inside):
    """At any depth."""
    text = stages('a]\nrun = "true"\noutputs.d = "out/"', f'b]\nrun = "true"\noutputs.x = "{inside}"')

    assert any("'out'" in problem and "stage 'b'" in problem for problem in project.problems(text))


def test_a_cycle_is_named_in_full_with_the_files_that_link_it(project):
    """Each stage with what it needs and who makes that."""
    text = stages(
        'one]\nrun = "true"\ninputs.x = "c"\noutputs.y = "a"',
        'two]\nrun = "true"\ninputs.x = "a"\noutputs.y = "b"',
        'three]\nrun = "true"\ninputs.x = "b"\noutputs.y = "c"',
        'free]\nrun = "true"\ninputs.x = "c"\noutputs.y = "d"',
    )
    (problem,) = project.problems(text)

    assert problem.startswith("Pipelinefile.toml:1: stage 'one': a cycle: ")
    for link in ("one needs c, made by three", "two needs a, made by one", "three needs b, made by two"):
        assert link in problem
    assert "free" not in problem


def test_a_cycle_between_tasks_of_labelled_stages_is_named(project):
    """Found before there are data IDs."""
    text = '[dimensions]\nx = { from = "raw/{x}" }\n' + stages(
        'one]\ndimensions = ["x"]\nrun = "true"\ninputs.i = "b/{x}"\noutputs.o = "a/{x}"',
        'two]\ndimensions = ["x"]\nrun = "true"\ninputs.i = "a/{x}"\noutputs.o = "b/{x}"',
    )
    (problem,) = project.problems(text, ["raw/1"])

    assert "a cycle" in problem
    assert "two looks for a/{x}, which one may make" in problem
    assert "one looks for b/{x}, which two may make" in problem


@pytest.mark.parametrize(
    ("wanted", "made"), [("x", "x"), ("out", "out/x"), ("out/x", "out/")], ids=["file", "folder", "inside"]
)
def test_a_stage_that_reads_what_it_makes_is_a_cycle(project, wanted, made):
    """The shortest one."""
    (problem, *_) = project.problems(stages(f's]\nrun = "true"\ninputs.i = "{wanted}"\noutputs.o = "{made}"'))

    assert "stage 's'" in problem


# --- keys ---------------------------------------------------------------------------------------------

BOTH = 's]\nrun = "x {{inputs.a}} {{inputs.b}} {{outputs.o}}"\n{}\n'
DECLARED = ['inputs.a = "a"', 'inputs.b = "b"', 'outputs.o = "o"', 'outputs.p = "p"']


def test_the_order_of_declaration_is_no_part_of_a_key(project):
    """Nor of what is recorded."""
    one = project.expand(stages(BOTH.format("\n".join(DECLARED))))
    other = project.expand(stages(BOTH.format("\n".join(reversed(DECLARED)))))

    assert one.static("s") == other.static("s")
    assert (one["s"].inputs, one["s"].outputs) == (other["s"].inputs, other["s"].outputs)
    assert (one.inputs("s"), one.outputs("s")) == (other.inputs("s"), other.outputs("s"))


def test_the_command_keeps_the_order_of_declaration(project):
    """`{inputs}` is what was written, as it was written."""
    text = 's]\nrun = "x {{inputs}}"\n{}\n'

    assert project.expand(stages(text.format('inputs.b = "1"\ninputs.a = "2"')))["s"].command == "x 1 2"
    assert project.expand(stages(text.format('inputs = ["z", "y"]')))["s"].command == "x z y"


KEYED = """\
[project]
[params]
seed = 1
other = 1
[stages.s]
run = 'x {inputs.i} {params.seed}'
inputs.i = 'a.txt'
outputs.o = 'made'
env = ['HOME']
"""
ENVIRONMENT = {"HOME": "/h", "PATH": "/p"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a.txt", "b.txt"),
        ("inputs.i}", "inputs.j}"),
        ("made", "elsewhere"),
        ("seed = 1", "seed = 2"),
        ("seed = 1", "seed = 1.0"),
        ("HOME", "PATH"),
        ("run = ", "cwd = 'w'\nrun = "),
        ("run = 'x ", "run = 'y "),
        ("[project]", "[project]\nshell = 'bash'"),
        ("'made'", "{ path = 'made', format = 'text' }"),
    ],
)
def test_what_determines_a_result_is_part_of_its_key(project, old, new):
    """Command, shell, folder, parameters, variables, roles, paths and formats."""
    changed = KEYED.replace(old, new).replace("inputs.i =", "inputs.j =" if "inputs.j}" in new else "inputs.i =")
    before = project.expand(KEYED, environment=ENVIRONMENT).static("s")

    assert project.expand(changed, environment=ENVIRONMENT).static("s") != before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[params]", "# a comment\n[params]"),
        ("other = 1", "other = 2"),
        ("run = ", "description = 'new'\ntimeout = 9\nretries = 3\nresources = { cpu = 2 }\nrun = "),
        ("[stages.s]", "[stages.t]\nrun = 'true'\n[stages.s]"),
        ("'a.txt'", "{ path = './a.txt', description = 'new' }"),
    ],
)
def test_what_determines_nothing_is_no_part_of_a_key(project, old, new):
    """Descriptions, comments, limits, other stages, parameters that it does not name."""
    before = project.expand(KEYED, environment=ENVIRONMENT).static("s")

    assert project.expand(KEYED.replace(old, new), environment=ENVIRONMENT).static("s") == before


def test_a_variable_counts_by_its_value(project):
    """One that is not set is not one that is empty."""
    text = stages("s]\nrun = 'true'\nenv = ['X']")
    keys = [project.expand(text, environment=env).static("s") for env in ({}, {"X": ""}, {"X": "1"})]

    assert len(set(keys)) == 3
    assert project.expand(text, environment={"Y": "1"}).static("s") == keys[0]


# --- work ---------------------------------------------------------------------------------------------


def test_ten_thousand_tasks_take_work_in_proportion(project, monkeypatch):
    """Each path is matched a few times at most, each pair of templates compared once; nothing is squared."""
    counts = Counter()

    def counted(owner, name):
        original = getattr(owner, name)

        def wrapper(*args, **kwargs):
            counts[name] += 1
            return original(*args, **kwargs)

        monkeypatch.setattr(owner, name, wrapper)

    counted(templates.Matcher, "match")
    counted(catalogue.Catalogue, "gathered")
    counted(overlap, "_may_be_one")
    text = '[dimensions]\nv = "1..2500"\n' + stages(
        'a]\ndimensions = ["v"]\nrun = "true"\noutputs.o = "a/{v}"',
        'b]\ndimensions = ["v"]\nrun = "true"\ninputs.i = "a/{v}"\noutputs.o = "b/{v}"',
        'c]\ndimensions = ["v"]\nrun = "true"\ninputs.i = "b/{v}"\ninputs.j = "a/{v}"\noutputs.o = "c/{v}"',
        'd]\ndimensions = ["v"]\nrun = "true"\ninputs.i = "c/{v}"\noutputs.o = "d/{v}"',
        'e]\nrun = "cat {inputs.i}"\ninputs.i = "d/{v}"',
    )
    found = project.expand(text)

    assert len(found.names) == 10_001
    assert counts["match"] <= 6 * 2500
    assert counts["gathered"] <= 2
    assert counts["_may_be_one"] <= 1000
    assert len(project.searches) <= 5


def test_ten_thousand_stages_take_work_in_proportion(project, monkeypatch):
    """Outputs without fields are looked up, not compared."""
    count = Counter()
    original = overlap.relation
    monkeypatch.setattr(
        "provstore.pipelinefile.links.relation", lambda *pair: (count.update(["relation"]), original(*pair))[1]
    )
    size = 1000
    text = "".join(
        stages(f's{n}]\nrun = "true"\noutputs.o = "out/{n}"' + (f'\ninputs.i = "out/{n - 1}"' if n else ""))
        for n in range(size)
    )
    found = project.expand(text)

    assert found.names == [f"s{n}" for n in range(size)]
    assert count["relation"] == 0


# --- what it costs ------------------------------------------------------------------------------------


def calls(project, text, files):
    """How many functions of Python's own are called to read a Pipelinefile and make its plan."""
    counted = Counter()

    def count(frame, event, _):
        counted[event] += "/provstore/pipelinefile/" in frame.f_code.co_filename

    project.expand(text, files)  # what is made once, is
    sys.setprofile(count)
    try:
        project.expand(text, files)
    finally:
        sys.setprofile(None)
    return counted["call"]


def many_stages(number):
    inputs = [f'["src/{i % 7}", "out/{i - 1}"]' if i else '["src/0"]' for i in range(number)]
    return stages(*[f's{i}]\nrun = "x"\ninputs = {inputs[i]}\noutputs = ["out/{i}"]' for i in range(number)])


def many_values(number):
    return f'[dimensions]\nn = "1..{number}"\n' + stages(
        'each]\ndimensions = ["n"]\nrun = "x {inputs.a} {outputs.b}"\ninputs.a = "src/{n}"\noutputs.b = "out/{n}"',
        'all]\nrun = "y {outputs.c}"\ninputs.b = "out/{n}"\noutputs.c = "c"',
    )


@pytest.mark.parametrize(
    ("text_of", "most"), [(many_stages, 110), (many_values, 90)], ids=["a stage each", "one dimension"]
)
def test_a_task_costs_the_same_among_few_and_many(project, text_of, most):
    """A hundred tasks more are as many calls more, however many there are; and no more than so many a task."""
    numbers = [calls(project, text_of(number), [f"src/{i}" for i in range(number + 1)]) for number in (100, 200, 300)]

    assert numbers[2] - numbers[1] == pytest.approx(numbers[1] - numbers[0], rel=0.1)
    assert (numbers[2] - numbers[1]) / 100 <= most


def test_works_are_rendered_when_asked_for(project, monkeypatch):
    """A plan alone makes none of them, and each is the same whenever it is asked for."""
    monkeypatch.setattr(render.Renderer, "work", pytest.fail)
    found = project.expand(many_values(3), ["src/1", "src/2", "src/3"])
    monkeypatch.undo()

    assert len(found.works) == 4
    assert list(found.works) == [found.works[position] for position in range(4)]
    assert found["each@n=2"].command == "x src/2 out/2"


# --- laws ---------------------------------------------------------------------------------------------

TEXT = st.text("ab \"\\/{}é\n'\x01\U0001f600", min_size=1, max_size=6)
VALUE = TEXT | st.integers(-3, 3) | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)


@given(
    roles=st.lists(st.sampled_from(["a", "b", "c", "10", "2"]), unique=True, max_size=4),
    words=st.lists(TEXT, min_size=1, max_size=3),
    params=st.dictionaries(TEXT, VALUE | st.lists(VALUE, max_size=2), max_size=2),
    cwd=st.sampled_from(["", "d/e"]),
    values=st.dictionaries(st.sampled_from(["x", "y", "z"]), VALUE),
)
def test_static_digest_and_data_id_are_those_of_canonical_json(roles, words, params, cwd, values):
    """They are put together from parts, and are what they always were: roles sorted, whatever the texts are."""
    stage = Stage(
        name="s",
        place=None,
        argv=tuple(word.replace("{", "(") for word in words),
        inputs=tuple(PathSpec(role, f"in/{role}") for role in roles),
        outputs=tuple(PathSpec(role, f"out/{role}", format="f" if role == "a" else None) for role in roles),
        params=tuple(sorted(params)),
        env=("HOME",),
        cwd=cwd,
        dimensions=tuple(values),
    )
    renderer = render.Renderer(Pipeline(file="P.toml", params=params), stage, {}, {"HOME": 'a"b'})
    ordered = sorted(roles)
    material = {
        "command": list(stage.argv),
        "cwd": cwd,
        "params": params,
        "environment": {"HOME": 'a"b'},
        "inputs": [[role, f"in/{role}"] for role in ordered],
        "outputs": [[role, f"out/{role}", "f" if role == "a" else ""] for role in ordered],
    }
    inputs = [(role, f"in/{role}") for role in ordered]

    assert renderer.static(values, inputs, [f"out/{role}" for role in ordered]) == digest_json(material)
    assert renderer.data_id(values) == data_id_text(tuple(values.items()))
