"""What is known of a task, and what follows from it."""

from __future__ import annotations

from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from provstore.model.values import JSON

FRESH, RESTORABLE, NEW, STALE, FAILED, WAITING = STATES = ("fresh", "restorable", "new", "stale", "failed", "waiting")
MUST_RUN = frozenset({NEW, STALE, FAILED})


class Reason(NamedTuple):
    """One reason for a verdict.

    Attributes:
        kind: "forced", "always", "frozen", "accepted", "command", "param", "env", "input", "output",
            "attempt", "never-run", "waiting" or "dimension".
        subject: What it is about: a path, a parameter, a variable, a stage; may be empty.
        text: The whole reason for a person: ``param seed: 42 → 43``.
    """

    kind: str
    subject: str
    text: str


class Verdict(NamedTuple):
    """State of a task (one of `STATES`) with all its reasons, in a fixed order."""

    state: str
    reasons: tuple[Reason, ...]


class Material(NamedTuple):
    """What a key is made of, field by field.

    Attributes:
        inputs: (role, path, identity) in order of declaration, then path order within a role.
        outputs: (role, path, format) in order of declaration.
    """

    command: str
    shell: str
    cwd: str
    params: Mapping[str, JSON]
    environment: Mapping[str, str | None]
    inputs: tuple[tuple[str, str, str], ...]
    outputs: tuple[tuple[str, str, str], ...]


class Success(NamedTuple):
    """A successful execution with the task's present key.

    Attributes:
        outputs: Identities of what it made, in the order of the task's outputs.
        accepted: A person took these outputs for right (`accept`); the execution had another key.
    """

    execution: str
    outputs: tuple[str, ...]
    accepted: bool = False


class Attempt(NamedTuple):
    """The last attempt to run a task with its present key.

    Attributes:
        outcome: As in the table `execution`.
        message: Why it did not succeed.
    """

    execution: str
    outcome: str
    message: str


class History(NamedTuple):
    """What takes a look into the store, and is only asked for where a task is not fresh.

    Attributes:
        kept: For each output of the `Success`: its bytes are at hand. Empty without one.
        attempt: The last one with this key, where none with it succeeded; None: there was none.
        before: Material of the success whose outputs lie in the workspace, else of the one with this key, else
            of the task's last one; None: it never succeeded.
        now: Its present material; identities of inputs that are not known yet are "". None where `before` is: there
            is nothing to compare it with, and it takes more time to make than all the rest.
    """

    kept: tuple[bool, ...]
    attempt: Attempt | None
    before: Material | None
    now: Material | None


class Facts(NamedTuple):
    """All that `decide` looks at.

    Attributes:
        key: None while the content of an input is not known, because a task upstream must run first.
        outputs: Paths of the task's outputs.
        seen: Identities of what lies there now, in the same order; "" where nothing does.
        success: The last successful execution with this key.
        waiting_for: Names of the upstream tasks that must run first; empty when `key` is known.
        history: None at first. A verdict other than fresh needs it.
    """

    key: str | None
    outputs: tuple[str, ...]
    seen: tuple[str, ...]
    success: Success | None
    waiting_for: tuple[str, ...] = ()
    forced: bool = False
    always: bool = False
    frozen: bool = False
    history: History | None = None
