"""Which files match? A walk against a filter over all the files there are."""

from __future__ import annotations

import glob
import os

import pytest

from provstore.errors import FileError
from provstore.model.task import Search
from provstore.pipelinefile.templates import Axis, Matcher, fields, is_pattern
from provstore.watch.find import find

TREE = [
    "a.csv", "b.csv", ".h.csv", "c.txt", "raw/1.dat", "raw/10.dat", "raw/2.dat", "raw/x/1.dat", "raw/.h/3.dat",
    "raw/x/y/z.csv", "deep/er/and/deeper.csv", "deep/a.csv", ".git/config.csv", ".provstore/store.csv",
    "sub/.provstore/x.csv", "-n.csv", "a b.csv", "[1].csv", "*.csv", "{x}.csv",
]  # fmt: skip
GLOBS = [
    "*.csv", "*", "?.csv", "[ab].csv", "[!a].csv", "raw/*", "raw/*.dat", "*/*.dat", "*/*/*", "raw/?.dat", "raw/1*.dat",
    "**/*.csv", "raw/**/*.dat", "deep/**/*.csv", "**/x/**/*", "nothing/*", "raw/1.dat/*", "[[]1].csv", "[*].csv",
    "r*/x/1.dat",
]  # fmt: skip


@pytest.fixture
def root(tmp_path):
    for name in TREE:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def search(template, *, leftovers=(), integers=()):
    axes = {name: Axis(None, name in integers) for name in fields(template)}
    return Search(tuple(Matcher(template, axes).parts), not is_pattern(template), tuple(leftovers))


def found(root, template, **more):
    return find(str(root), search(template, **more))


@pytest.mark.parametrize("pattern", GLOBS)
def test_a_glob_finds_the_files_that_the_standard_library_finds(root, pattern):
    """Sorted; files only; hidden ones only where they are named; nothing that belongs to tools."""
    expected = glob.glob(pattern, root_dir=root, recursive=True)

    assert sorted(set(found(root, pattern))) == sorted({path for path in expected if (root / path).is_file()})


@pytest.mark.parametrize(
    "template",
    [
        "{a}.csv",
        "raw/{n}.dat",
        "{d}/{n}.dat",
        "{d}/{e}/{n}.dat",
        "raw/{x}",
        "{a}{{x}}",
        "{a}",
        "b{a}",
        "a{a}.csv",
        ".{a}.csv",
        "{d}/1{n}.dat",
        "{d}/.h/{n}.dat",
    ],
)
def test_a_template_finds_what_a_filter_over_all_paths_finds(root, template):
    """Folders too, since an input may be one."""
    matcher = Matcher(template, dict.fromkeys(fields(template), Axis(None, False)))
    everything = [
        os.path.relpath(os.path.join(folder, name), root)
        for folder, folders, names in os.walk(root)
        for name in folders + names
    ]
    expected = sorted(path for path in everything if matcher.match(path) and ".provstore" not in path)

    assert found(root, template) == expected


@pytest.mark.parametrize(
    ("template", "part"), [("{a}.csv", "/.csv"), ("b{a:>3}", "b/"), ("{a}", "/"), ("a{a}{{x}}", "a/{x}")]
)
def test_one_field_is_found_without_a_regular_expression(template, part):
    """By what a name begins and ends with: so are most dimensions, and `re` need not be imported."""
    assert search(template).parts == (("field", part),)


@pytest.mark.parametrize("template", ["{a}_{b}.csv", "{a}{a}", "*{a}.csv", "{a}[0].csv"])
def test_more_than_one_field_takes_a_regular_expression(template):
    """Where the first field ends depends on the rest."""
    assert [kind for kind, _ in search(template).parts] == ["pattern"]


def test_what_is_found_is_sorted(root):
    """So that the digest of a search is that of its result."""
    assert found(root, "raw/{n}.dat") == ["raw/1.dat", "raw/10.dat", "raw/2.dat"]


def test_leftovers_are_no_sources(root):
    """Expressions of what stages make; they may name the same dimensions."""
    axes = {"n": Axis(None, False), "d": Axis(None, False)}
    made = [Matcher(template, axes, glob=False).regex for template in ("raw/1{n}.dat", "{d}/2{n}.dat", "raw/{n}.x")]

    assert found(root, "raw/{n}.dat", leftovers=made) == ["raw/1.dat", "raw/2.dat"]


@pytest.mark.parametrize(
    "template",
    [
        ".*/store.csv",
        ".{d}/config.csv",
        "{d}/store.csv",
        "*/store.csv",
        "sub/*/x.csv",
        "sub/**/*.csv",
        "{d}/config.csv",
    ],
)
def test_folders_of_tools_hold_no_data(root, template):
    """`.provstore` and `.git`, wherever they lie."""
    assert found(root, template) == []


def test_an_absolute_template_is_looked_for_there(root, tmp_path_factory):
    """And reported as it was written."""
    other = tmp_path_factory.mktemp("elsewhere")

    assert find(str(other), search(f"{root}/raw/1*.dat")) == [f"{root}/raw/1.dat", f"{root}/raw/10.dat"]


def test_a_template_may_leave_the_project(root):
    """Inputs may be external."""
    assert find(str(root / "raw"), search("../*.txt")) == ["../c.txt"]


def test_links_to_files_and_folders_are_followed(root):
    """But not by two stars, which would walk in circles."""
    (root / "linked").symlink_to("raw")
    (root / "l.dat").symlink_to("raw/1.dat")
    (root / "raw/up").symlink_to("..")

    assert "linked/1.dat" in found(root, "*/*.dat")
    assert found(root, "*.dat") == ["l.dat"]
    assert "linked/1.dat" not in found(root, "**/*.dat")


@pytest.mark.parametrize("template", ["*", "**/*", "{x}", "*/a", "{x}/a"])
def test_links_that_lead_nowhere_or_in_a_circle_are_passed_over(tmp_path, template):
    """They are neither files nor folders."""
    (tmp_path / "gone").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")

    assert found(tmp_path, template) == []


def test_pipes_are_no_files(tmp_path):
    """Nothing that would block is reported."""
    os.mkfifo(tmp_path / "p")

    assert found(tmp_path, "*") == []
    assert found(tmp_path, "{x}") == []


@pytest.mark.parametrize("template", ["*", "**/*", "{x}", "*/x", "{d}/x", "**/x"])
def test_a_name_that_is_not_utf8_is_refused_by_name(tmp_path, template):
    """That of a folder as well as that of a file."""
    os.mkdir(os.fsencode(tmp_path) + b"/d\xff")
    for name in (b"/d\xff/x", b"/f\xff"):
        with open(os.fsencode(tmp_path) + name, "wb"):
            pass

    with pytest.raises(FileError, match=r"\\udcff.*: the file name is not UTF-8"):
        found(tmp_path, template)


def test_a_name_that_is_not_utf8_matters_only_where_it_matches(tmp_path):
    """What nobody asked for is nobody's problem."""
    with open(os.fsencode(tmp_path) + b"/\xff.jpg", "wb"):
        pass

    assert found(tmp_path, "*.csv") == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list every folder")
def test_a_folder_that_cannot_be_listed_is_an_error(tmp_path):
    """Else its files would seem to be gone."""
    (tmp_path / "locked").mkdir(mode=0)

    with pytest.raises(FileError, match="locked: can't be listed"):
        found(tmp_path, "locked/*")


def test_two_stars_as_a_name_are_a_name(tmp_path):
    """Where they are escaped."""
    (tmp_path / "**").mkdir()
    (tmp_path / "**/x").touch()
    (tmp_path / "d").mkdir()
    (tmp_path / "d/x").touch()

    assert found(tmp_path, "[*][*]/x") == ["**/x"]


IMAGINED = {"made": ["1.dat", "in/2.dat", "empty/"]}


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("made/{n}.dat", ["made/1.dat"]),
        ("made/{n}", ["made/1.dat", "made/empty", "made/in"]),
        ("made/**/*.dat", ["made/1.dat", "made/in/2.dat"]),
        ("{d}/0.dat", ["real/0.dat"]),
    ],
)
def test_what_is_imagined_in_a_folder_hides_what_lies_there(tmp_path, template, found):
    """Folders around imagined files are found as real ones are; all other folders are as they are."""
    for path in ("made/0.dat", "real/0.dat"):
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).touch()

    assert find(str(tmp_path), search(template), IMAGINED) == found
