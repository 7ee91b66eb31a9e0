"""What a Pipelinefile says is what its pipeline has."""

from __future__ import annotations

import itertools
import os
import time

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from provstore.model.pipeline import PathSpec, Resources
from provstore.pipelinefile import expect
from provstore.pipelinefile.check_paths import normalised

from .samples import CALIB, DESIGN, EVERYTHING


@pytest.fixture
def designed(project):
    return project.write("calib/Pipelinefile.toml", CALIB).read(DESIGN)


def test_the_documented_example(designed):
    """The example of the documentation is read as it says."""
    calibrate = designed.stages["calibrate"]

    assert (designed.name, designed.default, designed.plugins) == (
        "halo-catalogue",
        ("report",),
        ("tools/my_format.py",),
    )
    assert designed.params == {"seed": 42, "threshold": 5.0, "cosmology.omega_m": 0.31}
    assert designed.dimensions["detector"].values == (0, 1, 2, 3)
    assert designed.dimensions["visit"].pattern == "raw/{visit}/{detector}.fits"
    assert designed.subsets == {"nightly": ("calibrate", "report")}
    assert calibrate.dimensions == ("visit", "detector")
    assert calibrate.inputs[1] == PathSpec(
        role="flat",
        template="calib/flat_{detector}.fits",
        dataset="flat",
        format="fits",
    )
    assert (calibrate.timeout, calibrate.retries, calibrate.env) == (600, 1, ("OMP_NUM_THREADS",))


def test_an_included_file_is_relative_to_itself(designed):
    """Its paths, and the folder in which its commands run."""
    stage = designed.stages["flatten"]

    assert [spec.template for spec in stage.inputs] == ["raw/flats", "calib/flatten.py"]
    assert [spec.directory for spec in stage.inputs] == [True, False]
    assert [spec.template for spec in stage.outputs] == ["calib/mean.fits"]
    assert (stage.folder, stage.cwd) == ("calib", "calib")


def test_sources_are_the_digests_of_all_files(project, designed):
    """Main file, included files and files of parameters."""
    project.write("p.json", '{"a": {"b": 1}}').write("sub/q.toml", "c = 2")
    pipeline = project.write("sub/Pipelinefile.toml", '[project]\nparams_files = ["q.toml"]').read(
        '[project]\nparams_files = ["p.json"]\ninclude = ["sub/Pipelinefile.toml"]'
    )

    assert pipeline.params == {"a.b": 1, "c": 2}
    assert set(designed.sources) == {"Pipelinefile.toml", "calib/Pipelinefile.toml"}
    assert pipeline.sources == {
        name: f"blake3:{blake3((project.folder / name).read_bytes()).hexdigest()}"
        for name in ("Pipelinefile.toml", "p.json", "sub/Pipelinefile.toml", "sub/q.toml")
    }


def test_every_key_is_read(project):
    """A file with every key there is; each comes out as the model says."""
    pipeline = project.read(EVERYTHING)
    stage = pipeline.stages["a"]

    assert (pipeline.owner, pipeline.secret_env, pipeline.objects_limit) == ("o", ("KEY", "TOKEN"), 2**30)
    assert pipeline.plugins == ("tools/p.py", "package.module")
    assert pipeline.params == {"text": "t", "flag": True, "list": [1, 2], "deep.er.value": 1.5}
    assert pipeline.format_choices == {".dat": "bytes", ".tar.gz": "tar"}
    assert pipeline.registry == {"layout": "{owner_type}/{owner}/{relpath}", "register": "explicit"}
    assert pipeline.dimensions["stride"].values == tuple(range(0, 91, 10))
    assert pipeline.dimensions["visit"].definition["implies"] == ("listed",)
    assert pipeline.dataset_types["image"].dimensions == ("visit",)
    assert pipeline.dataset_types["a.b"].path is None
    assert stage.shell == ("bash", "-euo", "pipefail", "-c")
    assert stage.params == ("deep", "flag", "text")
    assert (stage.always, stage.frozen, stage.cache, stage.keep) == (True, False, False, True)
    assert (stage.timeout, stage.where, stage.cwd) == (5400, "visit > 100", "work")
    assert stage.resources == Resources(cpu=0.5, memory=8 * 2**30)
    assert stage.inputs[0].extra == {"metadata": {"a": [1]}}
    assert stage.inputs[1].extra == {"calibration": True}
    assert stage.outputs[0].directory
    assert stage.outputs[1].extra == {"metric": True}
    assert pipeline.stages["b.c-d"].inputs[0].role == "0"
    assert pipeline.stages["b.c-d"].after == ("a",)


def test_stages_know_the_lines_of_their_keys(designed):
    """For messages that come later, such as that of a missing input."""
    stage = designed.stages["calibrate"]

    assert (stage.place.file, stage.place.line) == ("Pipelinefile.toml", 23)
    assert [stage.place.line_of(*keys) for keys in (["run"], ["inputs", "code"], ["retries"])] == [26, 29, 34]
    assert stage.place.line_of("argv") == 23


@pytest.mark.parametrize(
    ("shell", "words"),
    [("sh", ("sh", "-e", "-c")), ("bash", ("bash", "-e", "-c")), ("bash -eu -c", ("bash", "-eu", "-c"))],
)
def test_a_shell_alone_stops_at_errors(project, shell, words):
    """With options of its own it is used as it is."""
    assert project.read(f'[project]\nshell = "{shell}"\n[stages.a]\nrun = "x"').stages["a"].shell == words


def test_without_anything_there_is_an_empty_pipeline(project):
    """A Pipelinefile without stages is enough for a project."""
    pipeline = project.read("")

    assert (pipeline.stages, pipeline.params, pipeline.objects_limit) == ({}, {}, None)


@pytest.mark.parametrize(
    ("written", "template", "external"),
    [
        ("a//b/./c/", "a/b/c", False),
        ("./-x", "-x", False),
        ("a/../b", "b", False),
        ("../other/x", "../other/x", True),
        ("/data/x", "/data/x", True),
        ("{root}/in/x", "in/x", False),
        ("../{name}/in/x", "in/x", False),
        ("../{name}-2/x", "../{name}-2/x", True),
        ("{root}2/x", "{root}2/x", True),
        ("src/**/*.py", "src/**/*.py", False),
        ("a{{b}}[*]", "a{{b}}[*]", False),
    ],
)
def test_inputs_have_one_spelling(project, written, template, external):
    """Normalised, relative where they lie in the project, external where they don't."""

    def here(text):
        return text.replace("{root}", str(project.folder)).replace("{name}", project.folder.name)

    spec = project.stage(f'run = "x"\ninputs = ["{here(written)}"]').inputs[0]

    assert (spec.template, spec.external) == (here(template), external)


@pytest.mark.parametrize(("written", "directory"), [("a/", True), ("a/.", True), ("a", False), ("a.", False)])
def test_a_folder_may_be_written_as_one(project, written, directory):
    """With or without a trailing slash it is one path; with it, it must be a folder."""
    spec = project.stage(f'run = "x"\noutputs = ["{written}"]').outputs[0]

    assert (spec.template, spec.directory) == (written.rstrip("/").removesuffix("/."), directory)


def test_an_output_is_no_glob(project):
    """A star is a star, and may be written as in an input."""
    stage = project.stage('run = "x"\noutputs = ["a*b", "c[*]d"]')

    assert [spec.template for spec in stage.outputs] == ["a*b", "c*d"]


def test_the_name_of_a_folder_is_no_template(project):
    """Braces and stars in the name of an included file's folder are just these characters."""
    project.write("a{b}[c]*/Pipelinefile.toml", '[stages.s]\nrun = "x"\ninputs = ["in"]\noutputs = ["out"]')
    stage = project.read('[project]\ninclude = ["a{b}[c]*/Pipelinefile.toml"]').stages["s"]

    assert stage.inputs[0].template == "a{{b}}[[]c][*]/in"
    assert stage.outputs[0].template == "a{{b}}[c]*/out"


@given(st.lists(st.sampled_from(["a", "b", ".", "..", ""]), min_size=1, max_size=6))
def test_normalising_twice_changes_nothing(parts):
    """The spelling is the one that the operating system's rules give."""
    written = "/".join(parts) or "."
    path = normalised("", written)

    assert path == os.path.normpath(written).replace("//", "/")
    assert normalised("", path) == path
    assert normalised("", f"x/../{written}") == path or written.startswith("/")


@given(st.integers(0, 9999), st.integers(0, 59), st.integers(0, 59))
def test_durations_add_up(hours, minutes, seconds):
    """Hours, minutes and seconds in one text are seconds in all."""
    total = hours * 3600 + minutes * 60 + seconds
    if total:
        assert expect.duration(f"{hours}h{minutes}m{seconds}s") == total


@pytest.mark.parametrize(
    ("text", "size"), [(7, 7), ("7B", 7), ("1kB", 1000), ("1.5 MB", 1_500_000), ("8GiB", 8 * 2**30), ("0B", 0)]
)
def test_sizes_are_bytes(text, size):
    """Units of a thousand and of 1024 are told apart."""
    assert expect.size(text) == size


@given(st.integers(-50, 50), st.integers(0, 50), st.integers(1, 9))
def test_ranges_have_both_ends(first, length, stride):
    """Every stride-th number from the first, and none beyond the last."""
    values = expect.steps(f"{first}..{first + length}:{stride}")

    assert values[0] == first
    assert first + length - values[-1] < stride
    assert all(b - a == stride for a, b in itertools.pairwise(values))


def test_two_files_may_say_the_same(project):
    """Each is whole by itself: parameters, dimensions and dataset types may be declared alike in both."""
    shared = '[params]\nseed = 1\n[dimensions]\nband = ["g"]\n[datasets]\nx.format = "csv"\n'
    pipeline = project.write("b/P.toml", shared).read(shared + '[project]\ninclude = ["b/P.toml"]')

    assert list(pipeline.dimensions) == ["band"]


def test_two_files_may_not_contradict(project):
    """Each contradiction names the other place."""
    project.write("p.json", '{"seed": 3}')
    project.write(
        "b/P.toml", '[params]\nseed = 2\n[dimensions]\nband = ["r"]\n[stages.s]\nrun = "x"\n[subsets]\nt = []'
    )
    text = '[project]\ninclude = ["b/P.toml"]\nparams_files = ["p.json"]\n[params]\nseed = 1\n[dimensions]\n'

    assert project.problems(text + 'band = ["g"]\n[stages.s]\nrun = "x"\n[subsets]\nt = ["s"]') == [
        "b/P.toml:2: param 'seed': has another value in Pipelinefile.toml:5 (set it once)",
        "b/P.toml:4: dimension 'band': is declared otherwise in Pipelinefile.toml:7",
        "b/P.toml:5: stage 's': is declared in Pipelinefile.toml:8 too (choose another name)",
        "b/P.toml:8: subset 't': is declared in Pipelinefile.toml:11 too",
        "p.json: param 'seed': has another value in Pipelinefile.toml:5 (set it once)",
    ]


def test_a_value_in_one_file_is_no_table_in_another(project):
    """`-P a.b=1` could not say which is meant."""
    project.write("p.json", '{"a": {"b": 1}}')

    assert project.problems('[project]\nparams_files = ["p.json"]\n[params]\na = 1') == [
        "p.json: param 'a': is a value here and a table in Pipelinefile.toml:4, or the other way round"
    ]


def test_a_whole_number_is_no_other_number(project):
    """1 and 1.0 are written differently into a command."""
    project.write("p.json", '{"a": 1.0}')

    assert project.problems('[project]\nparams_files = ["p.json"]\n[params]\na = 1') == [
        "p.json: param 'a': has another value in Pipelinefile.toml:4 (set it once)"
    ]


def test_what_the_main_file_says_of_the_project_counts(project):
    """Name, default and store of an included file hold where it is used by itself."""
    inner = (
        '[project]\nname = "b"\nshell = "bash"\nsecret_env = ["B"]\n[stages.b]\nrun = "x"\n[store]\nobjects = "none"'
    )
    outer = '[project]\nname = "a"\nsecret_env = ["A"]\ninclude = ["b/P.toml"]\n[stages.a]\nrun = "x"'
    pipeline = project.write("b/P.toml", inner).read(outer)

    assert (pipeline.name, pipeline.objects_limit, pipeline.secret_env) == ("a", None, ("A", "B"))
    assert (pipeline.stages["a"].shell[0], pipeline.stages["b"].shell[0]) == ("sh", "bash")


def test_a_file_may_be_included_twice_but_not_by_itself(project):
    """Two ways to one file are fine; a circle is named where it closes."""
    project.write("b.toml", '[project]\ninclude = ["c.toml"]').write("c.toml", "[stages.c]\nrun = 'x'")

    assert list(project.read('[project]\ninclude = ["b.toml", "c.toml"]').stages) == ["c"]
    project.write("c.toml", '[project]\ninclude = ["Pipelinefile.toml"]')
    assert project.problems() == [
        "c.toml:2: [project]: include: file 'Pipelinefile.toml' includes itself through others"
    ]


def test_a_long_chain_of_includes_is_refused(project):
    """No depth of files overflows the stack."""
    for number in range(40):
        project.write(f"{number}.toml", f'[project]\ninclude = ["{number + 1}.toml"]')

    assert project.problems('[project]\ninclude = ["0.toml"]') == [
        "31.toml:2: [project]: include: file '32.toml' is included more than 32 deep"
    ]


def test_ten_thousand_stages_cost_little_more_than_tomllib(project):
    """Reading, locating and checking together; the bound is generous, as machines differ."""
    text = "".join(
        f'[stages.s{i}]\nrun = "x {{inputs.a}} {{outputs.b}}"\ninputs.a = "in/{i}"\noutputs.b = "out/{i}"\n'
        for i in range(10_000)
    )
    project.write("Pipelinefile.toml", text)
    start = time.process_time()

    assert len(project.read().stages) == 10_000
    assert time.process_time() - start < 5


def test_reading_twice_gives_the_same(project, designed):
    """A pipeline is plain data, equal for equal files."""
    assert project.read() == designed
    assert designed._replace(name="x") != designed
