"""Stale? Facts → verdict, with all its reasons.

Rule 1: nothing outside of this file may decide whether a task is fresh.
Rule 2: this file reads no clock, no disk and no database, and changes nothing.
Rule 3: the reasons are differences of recorded material, so they cannot disagree with the key.
"""

from __future__ import annotations

from provstore.digest import SALTED, canonical_json
from provstore.model.values import spelled
from provstore.model.verdict import (
    FAILED,
    FRESH,
    NEW,
    RESTORABLE,
    STALE,
    WAITING,
    Facts,
    History,
    Material,
    Reason,
    Verdict,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from provstore.model.values import JSON

FRESH_WITHOUT_REMARK = Verdict(FRESH, ())
NEVER_RUN = Reason("never-run", "", "never run")
NEW_WITHOUT_REMARK = Verdict(NEW, (NEVER_RUN,))
"""What nearly every task of a first run gets: one for all of them."""
FAILURES = frozenset({"failed", "tainted", "timed-out"})
LONGEST_VALUE = 60


def decide(facts: Facts) -> Verdict | None:
    """Says in which state a task is, and why.

    Returns:
        The verdict; or None where the task is not fresh and `facts.history` has not been looked up yet.
    """
    if not (facts.forced or facts.always):
        if facts.frozen and all(facts.seen):
            return Verdict(FRESH, (Reason("frozen", "", "frozen"),))
        if facts.success is not None and facts.success.outputs == facts.seen:
            return _fresh(facts)
    history = facts.history
    if history is None:
        return None
    if facts.forced or facts.always:
        why = Reason("forced", "", "forced") if facts.forced else Reason("always", "", "always runs")
        return Verdict(STALE if history.before else NEW, (why, *_waiting(facts), *_differences(facts, history)))
    if facts.key is None:
        return Verdict(WAITING, (*_waiting(facts), *_differences(facts, history)))
    if facts.success is not None:
        return _lost(facts, facts.success.outputs, history)
    return _must_run(facts, history)


def is_plainly_fresh(made: str | None, seen: str) -> bool:
    """Says whether a task is fresh without a remark, for thousands of tasks of which nothing else is to be said.

    That is: nothing forces it, its stage neither always runs nor is frozen, no input is missing or still to be made,
    every output is there. Then `decide` says the same, and a test holds both to that.

    Args:
        made: Identities of what the remembered success with the task's key made, with spaces between; None: none is.
        seen: Identities of what lies at its outputs, in the same order.
    """
    return made == seen


def _fresh(facts: Facts) -> Verdict:
    accepted = _accepted(facts)
    return Verdict(FRESH, accepted) if accepted else FRESH_WITHOUT_REMARK


def _accepted(facts: Facts) -> tuple[Reason, ...]:
    """Says that no execution with this key made what counts as its result."""
    if facts.success is None or not facts.success.accepted:
        return ()
    return (Reason("accepted", facts.success.execution, "accepted by a person, not executed"),)


def _lost(facts: Facts, recorded: tuple[str, ...], history: History) -> Verdict:
    """The key has succeeded, but what lies in the workspace is not what it made: perhaps what another key made."""
    reasons = [*_accepted(facts), *_changes(history)]
    restorable = True
    for path, want, seen, at_hand in zip(facts.outputs, recorded, facts.seen, history.kept, strict=True):
        if want == seen:
            continue
        text = f"output {path} {'changed' if seen else 'missing'}"
        if not at_hand:
            text += ", its bytes are not kept"
            restorable = False
        reasons.append(Reason("output", path, text))
    return Verdict(RESTORABLE if restorable else STALE, tuple(reasons))


def _must_run(facts: Facts, history: History) -> Verdict:
    attempt = history.attempt
    if attempt is None and history.before is None:
        return NEW_WITHOUT_REMARK
    tried = attempt is not None and attempt.outcome != "succeeded"
    reasons = [] if tried and history.before is None else list(_differences(facts, history))
    if attempt is not None and tried:
        text = f"last attempt {attempt.outcome}" + (f": {attempt.message}" if attempt.message else "")
        reasons.append(Reason("attempt", attempt.execution, text))
        if attempt.outcome in FAILURES:
            return Verdict(FAILED, tuple(reasons))
    return Verdict(STALE if history.before else NEW, tuple(reasons))


def _waiting(facts: Facts) -> Iterator[Reason]:
    """One reason for each upstream stage, not for each of its ten thousand tasks."""
    stages: dict[str, list[str]] = {}
    for name in facts.waiting_for:
        stages.setdefault(name.partition("@")[0], []).append(name)
    for stage, names in stages.items():
        what = names[0] if len(names) == 1 else f"{len(names)} tasks of {stage}"
        yield Reason("waiting", stage, f"waits for {what}")


def _differences(facts: Facts, history: History) -> Iterator[Reason]:
    if history.before is None:
        yield NEVER_RUN
    elif facts.success is None:
        yield from _changes(history)


def _changes(history: History) -> Iterator[Reason]:
    if history.before is not None and history.now is not None:
        yield from differences(history.before, history.now)


def differences(before: Material, now: Material) -> Iterator[Reason]:
    """What makes two keys differ, in a fixed order: causes before the command, which often changes with them.

    Inputs whose identity is "" are not known yet, and passed over.
    """
    yield from _changed_inputs(before.inputs, now.inputs)
    yield from _changed_values("param", before.params, now.params)
    yield from _changed_values("env", before.environment, now.environment)
    if before.command != now.command:
        yield Reason("command", "", "command changed")
    if before.shell != now.shell:
        yield Reason("command", "shell", f"shell: {before.shell or 'none'} → {now.shell or 'none'}")
    if before.cwd != now.cwd:
        yield Reason("command", "cwd", f"working folder: {before.cwd or '.'} → {now.cwd or '.'}")
    yield from _changed_outputs(before.outputs, now.outputs)


def _changed_values(kind: str, before: Mapping[str, JSON], now: Mapping[str, JSON]) -> Iterator[Reason]:
    for name in sorted({*before, *now}):
        if name not in before:
            text = f"{kind} {name} added"
        elif name not in now:
            text = f"{kind} {name} no longer used"
        elif canonical_json(before[name]) != canonical_json(now[name]):
            text = f"{kind} {name}{_change(before[name], now[name])}"
        else:
            continue
        yield Reason(kind, name, text)


def _change(before: JSON, now: JSON) -> str:
    """From which value to which; such as read alike are written as in JSON: 5 → "5"."""
    if _is_secret(before) and _is_secret(now):
        return " changed"
    old, new = _shown(before), _shown(now)
    if old == new:
        old, new = _cut(canonical_json(before)), _cut(canonical_json(now))
    return f": {old} → {new}" if old != new else " changed"


def _is_secret(value: JSON) -> bool:
    return isinstance(value, str) and value.startswith(SALTED)


def _shown(value: JSON) -> str:
    if value is None:
        return "not set"
    if _is_secret(value):
        return "a secret value"
    return _cut(spelled(value))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def _changed_inputs(before: Sequence[tuple[str, str, str]], now: Sequence[tuple[str, str, str]]) -> Iterator[Reason]:
    old = {(role, path): identity for role, path, identity in before}
    new = {(role, path): identity for role, path, identity in now}
    changed = False
    for (role, path), identity in new.items():
        if (role, path) not in old:
            changed = True
            yield Reason("input", path, f"input {path} added")
        elif identity and identity != old[role, path]:
            changed = True
            yield Reason("input", path, f"input {path} changed{of_other_rules(old[role, path], identity)}")
    for role, path in old:
        if (role, path) not in new:
            changed = True
            yield Reason("input", path, f"input {path} removed")
    if not changed and [entry[:2] for entry in before] != [entry[:2] for entry in now]:
        yield Reason("input", "", "order of the inputs changed")


def of_other_rules(before: str, now: str) -> str:
    """Says that two identities can't be compared: digests of different rules are not unequal."""
    old, new = (identity.partition(":")[0].replace("blake3", "bytes") for identity in (before, now))
    return "" if old == new else f" (was compared as {old}, is now as {new})"


def _changed_outputs(before: Sequence[tuple[str, str, str]], now: Sequence[tuple[str, str, str]]) -> Iterator[Reason]:
    old = {(role, path): form for role, path, form in before}
    new = {(role, path): form for role, path, form in now}
    for (role, path), form in new.items():
        if (role, path) not in old:
            yield Reason("output", path, f"output {path} declared")
        elif form != old[role, path]:
            was, is_now = (name or "by its ending" for name in (old[role, path], form))
            yield Reason("output", path, f"format of output {path}: {was} → {is_now}")
    for role, path in old:
        if (role, path) not in new:
            yield Reason("output", path, f"output {path} no longer declared")
