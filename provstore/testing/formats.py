"""What every format keeps to: subclass `FormatContract`, give it three fixtures, and get all of these tests.

```python
from provstore.testing import FormatContract


class TestLines(FormatContract):
    @pytest.fixture
    def format(self):
        return Lines()

    @pytest.fixture
    def equal(self, tmp_path):  # two files, equal as data and written differently
        ...
        return one, other

    @pytest.fixture
    def different(self, tmp_path):  # two files that look alike and differ as data
        ...
        return one, other
```
"""

from __future__ import annotations

import json
import os
import pickle
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from provstore.plugin import KINDS, Format, Tolerance, Unavailable

NAME = re.compile(r"[A-Za-z0-9-]+")
SUFFIX = re.compile(r"(\.[^./A-Z\s]+)+")
DIGEST = re.compile(r"blake3:[0-9a-f]{64}")
APART = "import pickle, sys; from pathlib import Path; print(pickle.load(sys.stdin.buffer).digest(Path(sys.argv[1])))"


class FormatContract:
    """Tests of a format by two pairs of files. Files may be directories, where the format is one of directories.

    Attributes:
        roundtrips: What `read` gives, written by `write`, is equal as data. False where `read` gives less than all.
    """

    roundtrips = True

    @pytest.fixture
    def format(self) -> Format:
        """The format."""
        pytest.fail("give a fixture 'format' that returns your format")

    @pytest.fixture
    def equal(self) -> tuple[Path, Path]:
        """Two files that are equal as data, with different bytes."""
        pytest.fail("give a fixture 'equal' that returns the paths of two files")

    @pytest.fixture
    def different(self) -> tuple[Path, Path]:
        """Two files that differ as data, as little as can be."""
        pytest.fail("give a fixture 'different' that returns the paths of two files")

    # --- what it is -----------------------------------------------------------------------------------

    def test_it_is_declared_as_provstore_expects(self, format: Format) -> None:
        """Name, endings and version are of the agreed form, and it can be sent to another process."""
        assert NAME.fullmatch(format.name), "a name has letters, digits and '-'"
        assert isinstance(format.suffixes, tuple), "'suffixes' is a tuple: (\".x\",)"
        for suffix in format.suffixes:
            assert SUFFIX.fullmatch(suffix), f"suffix {suffix!r} is not lower case after a dot"
        assert format.python_type, "'python_type' is what `read` returns"
        assert isinstance(format.version, int), "'version' counts 1, 2, 3"
        assert format.version >= 1, "'version' counts 1, 2, 3"
        assert type(pickle.loads(pickle.dumps(format))) is type(format)  # noqa: S301 - of our own making

    # --- digest ---------------------------------------------------------------------------------------

    def test_equal_data_have_one_digest(self, format: Format, equal: tuple[Path, Path]) -> None:
        """Rewriting a file without changing what it says leaves the digest alone."""
        a, b = equal
        needs_digest(format)
        assert content_of(a) != content_of(b), "the fixture 'equal' needs two files with different bytes"

        assert format.digest(a) == format.digest(b), f"equal data have two digests; {told(format, a, b)}"

    def test_different_data_have_two_digests(self, format: Format, different: tuple[Path, Path]) -> None:
        """The least change of what it says changes the digest."""
        a, b = different
        needs_digest(format)

        assert format.digest(a) != format.digest(b), "different data have one digest: what counts is not in it"

    def test_a_digest_has_the_agreed_form(self, format: Format, equal: tuple[Path, Path]) -> None:
        """As the helpers of `provstore.plugin` give it."""
        needs_digest(format)

        assert DIGEST.fullmatch(format.digest(equal[0])), "a digest is what Hasher, digest_json or digest_bytes gives"

    def test_a_digest_does_not_depend_on_process_or_place(
        self, format: Format, equal: tuple[Path, Path], tmp_path: Path
    ) -> None:
        """Another process, with other hashes of texts, and another folder give the same."""
        needs_digest(format)
        elsewhere = tmp_path / "elsewhere" / f"another{''.join(equal[0].suffixes)}"
        elsewhere.parent.mkdir()
        copy(equal[0], elsewhere)
        environment = {**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": os.pathsep.join(sys.path)}
        found = subprocess.run(
            [sys.executable, "-c", APART, elsewhere],
            input=pickle.dumps(format), capture_output=True, check=True, env=environment,
        )  # fmt: skip

        assert found.stdout.decode().strip() == format.digest(equal[0]), "it depends on the process or on the place"

    def test_what_is_cut_is_never_equal(self, format: Format, equal: tuple[Path, Path], tmp_path: Path) -> None:
        """The first half of a file is refused, or is something else."""
        if equal[0].is_dir():
            pytest.skip("the format is one of directories")
        needs_digest(format)
        half = tmp_path / f"half{''.join(equal[0].suffixes)}"
        data = equal[0].read_bytes()
        half.write_bytes(data[: len(data) // 2])
        try:
            found = format.digest(half)
        except Exception as error:
            assert str(error), "the reason is shown to the user"  # noqa: PT017
        else:
            assert found != format.digest(equal[0]), "half of a file has the digest of the whole"

    def test_what_is_not_of_the_format_is_refused(self, format: Format, tmp_path: Path) -> None:
        """Bytes that are nothing get no digest, whose rules they would not be of."""
        needs_digest(format)
        path = tmp_path / f"noise{format.suffixes[0] if format.suffixes else ''}"
        path.write_bytes(b"\xff\xfe\x00\xd8" + bytes(range(256)) * 3 + b"\xff")
        with pytest.raises(Exception, match=r"."):
            format.digest(path)

    # --- diff -----------------------------------------------------------------------------------------

    def test_a_comparison_agrees_with_the_digest(
        self, format: Format, equal: tuple[Path, Path], different: tuple[Path, Path]
    ) -> None:
        """A difference that counts is found where the digests differ, and nowhere else, whichever file comes first."""
        needs_diff(format)
        for a, b in (equal, equal[::-1]):
            assert [entry for entry in format.diff(a, b) if entry.counts] == [], "equal data differ in what counts"
        for a, b in (different, different[::-1]):
            assert any(entry.counts for entry in format.diff(a, b)), "different data differ in nothing that counts"

    def test_a_comparison_tells_what_and_where(self, format: Format, different: tuple[Path, Path]) -> None:
        """Each difference has a kind that there is, and words for a person."""
        needs_diff(format)
        for entry in format.diff(*different, Tolerance()):
            assert entry.kind in KINDS
            assert entry.what
            assert isinstance(entry.place, tuple)
            assert all(isinstance(part, str) for part in entry.place)

    def test_a_file_is_equal_to_itself(self, format: Format, equal: tuple[Path, Path]) -> None:
        """There is nothing to tell, not even of how it is stored."""
        needs_diff(format)
        assert list(format.diff(equal[0], equal[0])) == []

    # --- read and write -------------------------------------------------------------------------------

    def test_reading_gives_the_promised_type(self, format: Format, equal: tuple[Path, Path]) -> None:
        """`read` returns what `write` takes."""
        value = format.read(equal[0])

        assert format.accepts(value), f"`read` gave a {type(value).__name__}, 'python_type' is {format.python_type}"

    def test_what_was_read_can_be_written(self, format: Format, equal: tuple[Path, Path], tmp_path: Path) -> None:
        """Written to a new file it is equal as data."""
        if not self.roundtrips:
            pytest.skip("the format says that `read` gives less than all")
        path = tmp_path / f"written{''.join(equal[0].suffixes)}"
        format.write(format.read(equal[0]), path)

        if format.has_digest:
            assert format.digest(path) == format.digest(equal[0]), told(format, equal[0], path)
        else:
            assert format.accepts(format.read(path)), "what was written is read as something else"

    def test_components_can_be_read(self, format: Format, equal: tuple[Path, Path]) -> None:
        """Each that is listed; one that is not is a LookupError."""
        for name in format.components(equal[0]):
            format.read(equal[0], name)
        with pytest.raises(LookupError):
            format.read(equal[0], "no such component")
        with pytest.raises(LookupError):
            format.read(equal[0], no_such_parameter=1)

    # --- for people -----------------------------------------------------------------------------------

    def test_a_description_is_plain(self, format: Format, equal: tuple[Path, Path]) -> None:
        """It says something, in values that JSON can write."""
        found = format.describe(equal[0])

        assert found
        assert json.loads(json.dumps(found, allow_nan=False)) == found

    def test_a_preview_is_what_it_says(self, format: Format, equal: tuple[Path, Path]) -> None:
        """Text, SVG or PNG of a moderate size; or the format says that it has none."""
        try:
            preview = format.preview(equal[0])
        except Unavailable:
            return
        assert preview.kind in ("text", "svg", "png")
        assert 0 < len(preview.data) < 1 << 20
        if preview.kind == "png":
            assert preview.data.startswith(b"\x89PNG\r\n\x1a\n")
            assert preview.text, "a terminal shows text in the place of a picture"
        else:
            preview.data.decode()

    def test_looking_changes_nothing(self, format: Format, equal: tuple[Path, Path]) -> None:
        """Neither the file nor its folder."""
        before = content_of(equal[0]), sorted(os.listdir(equal[0].parent))
        format.describe(equal[0])
        if format.has_digest:
            format.digest(equal[0])
        if has_diff(format):
            list(format.diff(*equal))

        assert (content_of(equal[0]), sorted(os.listdir(equal[0].parent))) == before


def needs_digest(format: Format) -> None:
    """Skips a test of digests for a format without."""
    if not format.has_digest:
        pytest.skip("the format has no digest of its own: bytes decide")


def has_diff(format: Format) -> bool:
    """The format compares files itself."""
    return type(format).diff is not Format.diff


def needs_diff(format: Format) -> None:
    """Skips a test of comparisons for a format without."""
    if not has_diff(format):
        pytest.skip("the format has no 'diff'")


def told(format: Format, a: Path, b: Path) -> str:
    """What the format's own comparison says of two files, for a message."""
    if not has_diff(format):
        return "the format has no 'diff' that could say where"
    found = [entry for entry in format.diff(a, b) if entry.counts]
    return f"its 'diff' says: {found}" if found else "its 'diff' finds nothing that counts"


class FormatContractByBytes:
    """Tests of a format that has no digest of its own, by one pair of files: the bytes decide."""

    @pytest.fixture
    def format(self) -> Format:
        """The format."""
        pytest.fail("give a fixture 'format' that returns your format")

    @pytest.fixture
    def different(self) -> tuple[Path, Path]:
        """Two files that differ in their bytes, as little as can be."""
        pytest.fail("give a fixture 'different' that returns the paths of two files")

    test_it_is_declared_as_provstore_expects = FormatContract.test_it_is_declared_as_provstore_expects
    test_a_comparison_tells_what_and_where = FormatContract.test_a_comparison_tells_what_and_where

    def test_it_has_no_digest(self, format: Format, different: tuple[Path, Path]) -> None:
        """And says so."""
        assert not format.has_digest
        with pytest.raises(Unavailable):
            format.digest(different[0])

    def test_a_comparison_agrees_with_the_bytes(self, format: Format, different: tuple[Path, Path]) -> None:
        """A difference that counts is found where the bytes differ, and nowhere else."""
        assert list(format.diff(different[0], different[0])) == []
        assert [entry for entry in format.diff(*different) if entry.counts]

    def test_what_was_read_can_be_written(self, format: Format, different: tuple[Path, Path], tmp_path: Path) -> None:
        """Written to a new file it has the same bytes."""
        value = format.read(different[0])
        format.write(value, tmp_path / "written")

        assert format.accepts(value)
        assert content_of(tmp_path / "written") == content_of(different[0])
        with pytest.raises(LookupError):
            format.read(different[0], "no such component")
        with pytest.raises(LookupError):
            format.read(different[0], no_such_parameter=1)

    def test_a_description_is_plain(self, format: Format, different: tuple[Path, Path]) -> None:
        """In values that JSON can write; a preview is text."""
        found = format.describe(different[0])

        assert json.loads(json.dumps(found, allow_nan=False)) == found
        assert format.preview(different[0]).data.decode()


def content_of(path: Path) -> object:
    """All bytes of a file, or of the files in a directory."""
    if path.is_dir():
        return {str(file.relative_to(path)): file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file()}
    return path.read_bytes()


def copy(source: Path, target: Path) -> None:
    """Copies a file or a directory."""
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copyfile(source, target)
