"""In what the code of two runs differs: the text of the Pipelinefile, and what git had checked out."""

from __future__ import annotations

from provstore.operations.diff.git import Git
from provstore.operations.diff.report import CODE, Change
from provstore.operations.diff.text import as_text, unified

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from provstore.operations.diff.git import Changed
    from provstore.project import Project
    from provstore.store.store import Store

UNCOMMITTED = "uncommitted changes"


def code_changes(
    project: Project, store: Store, a: Mapping[str, Any], b: Mapping[str, Any], *, patch: bool
) -> list[Change]:
    """What differs in the code.

    Args:
        a, b: Records of runs.
        patch: Show line by line what changed between their commits.
    """
    return [*_sources(store, a["pipelinefile"], b["pipelinefile"]), *_git(project, a, b, patch=patch)]


def _sources(store: Store, a: Mapping[str, str], b: Mapping[str, str]) -> list[Change]:
    """Files of the Pipelinefile, and of parameters."""
    found = []
    for file in dict.fromkeys([*a, *b]):
        before, after = a.get(file), b.get(file)
        if before == after:
            continue
        texts = [kept_text(store, digest) for digest in (before, after)]
        if texts[0] is not None and texts[1] is not None:
            found.append(Change(CODE, file, before, after, text=unified(texts[0], texts[1])))
        else:
            is_lost = before is not None and after is not None
            found.append(Change(CODE, file, before, after, remark="its texts are not kept" if is_lost else ""))
    return found


def kept_text(store: Store, digest: str | None) -> str | None:
    """A text of the Pipelinefile as it was recorded; None where there is none, or it is not kept."""
    try:
        return as_text(store.objects.read(digest)) if digest is not None else None
    except KeyError:
        return None


def _git(project: Project, a: Mapping[str, Any], b: Mapping[str, Any], *, patch: bool) -> list[Change]:
    if a["commit_id"] is None or b["commit_id"] is None:  # then nothing was recorded of its branch either
        commits = (a["commit_id"], b["commit_id"])
        return [] if commits == (None, None) else [Change(CODE, "commit", *commits, remark="no git in the other")]
    found = []
    if a["commit_id"] != b["commit_id"]:
        found.append(_commits(project, a["commit_id"], b["commit_id"], patch=patch))
    if a["branch"] != b["branch"]:
        found.append(Change(CODE, "branch", a["branch"], b["branch"]))
    if a["diff_digest"] != b["diff_digest"]:
        found.append(Change(CODE, UNCOMMITTED, a["diff_digest"], b["diff_digest"]))
    return found


def _commits(project: Project, a: str, b: str, *, patch: bool) -> Change:
    change = Change(CODE, "commit", a, b)
    git = Git(project.root)
    files = git.changed(a, b)
    if files is None:
        return change._replace(remark="git does not have both")
    return change._replace(inside=tuple(map(_file, files)), text=git.patch(a, b) if patch else "")


def _file(file: Changed) -> Change:
    """A file that changed, with the number of lines that only one of the commits has."""
    return Change(CODE, file.path, file.removed, file.added, remark="lines" if file.added is not None else "no text")
