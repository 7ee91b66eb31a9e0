"""The workspace and what files mean: bytes and meaning belong to one moment, and a dataset to its bytes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from provstore.digest import digest_bytes
from provstore.model.files import Content
from provstore.ports import Meaning
from provstore.watch.workspace import Workspace


class FakeSemantics:
    """Takes a text without its white space for what it means.

    Attributes:
        known: Byte digest → dataset and semantic digest that are recorded.
        asked: Paths of which a file was read.
        meanwhile: Called whenever a file is read.
    """

    def __init__(self) -> None:
        self.known: dict[str, tuple[str, str | None]] = {}
        self.asked: list[str] = []
        self.meanwhile: Callable[[str], None] = lambda full: None

    def of(self, path: str, full: str, content: Content, before: str) -> Meaning:
        if content.digest in self.known:
            dataset, digest = self.known[content.digest]
            return Meaning("words", digest, dataset, was_read=False)
        self.asked.append(path)
        place = Path(full, "text") if content.kind == "directory" else Path(full)
        text = place.read_text()
        self.meanwhile(full)
        return Meaning("words", f"words/1:{'-'.join(text.split())}", None, was_read=True)

    def ignored(self, path: str, format: str, old: str, new: str) -> Sequence[str]:
        return ("white space",)

    def measures(self, path: str, full: str, format: str) -> None:
        return None


@pytest.fixture
def semantics() -> FakeSemantics:
    return FakeSemantics()


@pytest.fixture
def workspace(tmp_path: Path, semantics: FakeSemantics) -> Workspace:
    found = Workspace(str(tmp_path), {}, {})
    found.semantics = lambda: semantics
    return found


def long_ago(path: Path) -> None:
    """Lets a file settle: its last change lies behind a tick of the clock."""
    del path
    time.sleep(0.05)


def test_equal_meaning_is_one_identity(tmp_path: Path, workspace: Workspace) -> None:
    """And other bytes are another content; an executable is another thing."""
    (tmp_path / "a").write_text("x y")
    first, _ = workspace.read("a")
    (tmp_path / "a").write_text("x  y")
    second, _ = workspace.read("a")
    (tmp_path / "a").chmod(0o755)

    assert first.identity == second.identity == "words/1:x-y"
    assert first.digest != second.digest
    assert workspace.identity("a") == "words/1:x-y+x"


def test_known_bytes_are_not_read_again(tmp_path: Path, workspace: Workspace, semantics: FakeSemantics) -> None:
    """They keep the identity and the dataset that were recorded with them, also where they had none of a format."""
    (tmp_path / "a").write_text("x y")
    semantics.known = {digest_bytes(b"x y"): ("d1", "words/0:old"), digest_bytes(b"z"): ("d2", None)}
    (tmp_path / "b").write_text("z")

    assert workspace.look("a")[-2:] == ("words/0:old", "d1")  # type: ignore[index]
    assert workspace.look("b")[-2:] == (digest_bytes(b"z"), "d2")  # type: ignore[index]
    assert semantics.asked == []


def test_a_change_between_bytes_and_meaning_is_noticed(
    tmp_path: Path, workspace: Workspace, semantics: FakeSemantics
) -> None:
    """The file is read once more, so that both belong together."""
    file = tmp_path / "a"
    file.write_text("before")
    changes = iter(["after"])

    def change(full: str) -> None:
        for text in changes:
            Path(full).write_text(text)

    semantics.meanwhile = change
    content, _ = workspace.read("a")

    assert (content.digest, content.semantic) == (digest_bytes(b"after"), "words/1:after")
    assert semantics.asked == ["a", "a"]


def test_what_never_stops_changing_is_decided_by_its_bytes(
    tmp_path: Path, workspace: Workspace, semantics: FakeSemantics
) -> None:
    """And is not remembered: the next look reads it again."""
    file = tmp_path / "a"
    file.write_text("0")
    semantics.meanwhile = lambda full: Path(full).write_text(f"{time.monotonic_ns()}") and None
    content, _ = workspace.read("a")
    workspace.settle(wait=True)

    assert content.semantic is None
    assert not workspace.take_noted()[0]


def test_a_dataset_is_one_for_its_bytes(tmp_path: Path, workspace: Workspace, semantics: FakeSemantics) -> None:
    """What is equal as data and has other bytes does not take over the dataset that was known at its path."""
    file = tmp_path / "a"
    file.write_text("x y")
    memo = workspace.look("a")
    assert memo is not None
    workspace.assign("a", memo, "d1")
    file.write_text("x   y")
    again = workspace.look("a")
    assert again is not None

    assert (memo.identity, again.dataset) == (again.identity, None)
    assert workspace.dataset_of("a", again.identity) is None


def test_settling_does_not_mix_up_equal_data(tmp_path: Path, workspace: Workspace) -> None:
    """Bytes that were exchanged for equal data within one tick of the clock get no dataset that is not theirs."""
    file = tmp_path / "a"
    file.write_text("x y")
    memo = workspace.look("a")
    assert memo is not None
    workspace.assign("a", memo, "d1")
    status = file.stat()
    file.write_text("x\ny")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    workspace.settle(wait=True)
    found = workspace.look("a")

    assert found is not None
    assert (found.identity, found.dataset) == ("words/1:x-y", None)


def test_what_settles_as_it_was_keeps_its_dataset(tmp_path: Path, workspace: Workspace) -> None:
    """The file that was read too soon after its change, and then once more."""
    (tmp_path / "a").write_text("x y")
    memo = workspace.look("a")
    assert memo is not None
    workspace.assign("a", memo, "d1")
    workspace.settle(wait=True)
    files, _ = workspace.take_noted()

    assert files["a"].dataset == "d1"


def test_a_directory_has_a_meaning_too(tmp_path: Path, workspace: Workspace, semantics: FakeSemantics) -> None:
    """Its format says what of all that is in it counts; a change meanwhile leaves it to the bytes."""
    folder = tmp_path / "d"
    folder.mkdir()
    (folder / "text").write_text("x y")
    assert workspace.identity("d") == "words/1:x-y"
    (folder / "other").write_text("nothing that counts")
    assert workspace.identity("d") == "words/1:x-y"
    semantics.meanwhile = lambda full: Path(full, "more").write_text("") and None
    (folder / "text").write_text("x z")
    content, _ = workspace.read("d")

    assert content.semantic is None
