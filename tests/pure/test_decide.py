"""Stale? Every branch of the decision, and the laws that tie reasons to keys."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore.decide import FAILURES, LONGEST_VALUE, decide, differences
from provstore.digest import canonical_json
from provstore.model.verdict import (
    FAILED,
    FRESH,
    MUST_RUN,
    NEW,
    RESTORABLE,
    STALE,
    STATES,
    WAITING,
    Attempt,
    Facts,
    History,
    Material,
    Success,
)

MATERIAL = Material(
    command="sort data > out/a",
    shell="sh -e -c",
    cwd="",
    params={"seed": 42},
    environment={"LANG": "C"},
    inputs=(("data", "data", "blake3:01"), ("more", "more/1", "blake3:02"), ("more", "more/2", "blake3:03")),
    outputs=(("a", "out/a", "csv"), ("b", "out/b", "")),
)
OUTPUTS = ("out/a", "out/b")
GOOD = ("blake3:aa", "blake3:bb")
SUCCESS = Success("e1", GOOD)
KEY = "blake3:11"
NO_HISTORY = History((), None, None, MATERIAL)
BEFORE = History((), None, MATERIAL, MATERIAL)
KEPT = History((True, True), None, MATERIAL, MATERIAL)


def facts(**changes):
    """A task whose key succeeded and whose outputs lie there untouched."""
    return Facts(KEY, OUTPUTS, GOOD, SUCCESS)._replace(**changes)


def texts(verdict):
    return [reason.text for reason in verdict.reasons]


def changed(**changes):
    """Texts of the differences to `MATERIAL`."""
    return [reason.text for reason in differences(MATERIAL, MATERIAL._replace(**changes))]


# --- the states ---------------------------------------------------------------------------------------


def test_a_success_with_untouched_outputs_is_fresh_without_a_reason():
    """The most frequent answer needs no history and has nothing to say."""
    assert decide(facts()) == (FRESH, ())


def test_an_accepted_success_is_fresh_and_says_so():
    """What a person took for right is never passed off as executed."""
    verdict = decide(facts(success=Success("e1", GOOD, accepted=True)))

    assert verdict.state == FRESH
    assert [(reason.kind, reason.subject) for reason in verdict.reasons] == [("accepted", "e1")]


@pytest.mark.parametrize("key", [KEY, None])
def test_a_frozen_task_is_fresh_as_long_as_its_outputs_exist(key):
    """Whatever they hold, and whatever happens upstream."""
    verdict = decide(facts(key=key, seen=("blake3:x", "blake3:y"), success=None, frozen=True))

    assert verdict.state == FRESH
    assert [reason.kind for reason in verdict.reasons] == ["frozen"]


def test_a_frozen_task_without_an_output_must_run():
    """Frozen says "do not make it again", not "do without it"."""
    assert decide(facts(seen=("", GOOD[1]), success=None, frozen=True, history=NO_HISTORY)).state == NEW


def test_a_frozen_task_that_is_forced_runs():
    """What the user says now counts more than what the file says."""
    assert decide(facts(frozen=True, forced=True, history=BEFORE)).state == STALE


@pytest.mark.parametrize(
    "change",
    [{"forced": True}, {"always": True}, {"seen": ("", GOOD[1])}, {"success": None}, {"key": None, "success": None}],
    ids=str,
)
def test_what_is_not_fresh_needs_history(change):
    """The store is asked for the past only when the present is not enough."""
    assert decide(facts(**change)) is None
    assert decide(facts(**change, history=KEPT)) is not None


@pytest.mark.parametrize(("history", "state"), [(NO_HISTORY, NEW), (BEFORE, STALE)])
@pytest.mark.parametrize(("flag", "text"), [("forced", "forced"), ("always", "always runs")])
def test_forced_and_always_run_what_is_fresh(flag, text, history, state):
    """The flag is the first reason, and new stays new."""
    verdict = decide(facts(**{flag: True}, success=None, history=history))

    assert verdict.state == state
    assert (verdict.reasons[0].kind, verdict.reasons[0].text) == (flag, text)


def test_forced_and_always_together_are_one_reason():
    """Forced is what the user asked for now."""
    assert texts(decide(facts(forced=True, always=True, history=BEFORE))) == ["forced"]


def test_a_forced_task_still_says_what_it_waits_for():
    """It must run, but not before what is upstream."""
    verdict = decide(facts(key=None, success=None, forced=True, waiting_for=("a",), history=BEFORE))

    assert [reason.kind for reason in verdict.reasons] == ["forced", "waiting"]


def test_lost_outputs_whose_bytes_are_kept_are_restorable():
    """Each of them is named, as missing or as changed, in the order of declaration."""
    verdict = decide(facts(seen=("", "blake3:other"), history=KEPT))

    assert verdict.state == RESTORABLE
    assert texts(verdict) == ["output out/a missing", "output out/b changed"]
    assert [reason.subject for reason in verdict.reasons] == list(OUTPUTS)


def test_an_output_that_is_as_recorded_is_no_reason():
    """Only what is lost is named."""
    assert texts(decide(facts(seen=("", GOOD[1]), history=KEPT))) == ["output out/a missing"]


def test_a_lost_output_whose_bytes_are_not_kept_makes_the_task_stale():
    """One that is not kept is enough, and it is the one that says so."""
    verdict = decide(facts(seen=("", ""), history=KEPT._replace(kept=(True, False))))

    assert verdict.state == STALE
    assert texts(verdict) == ["output out/a missing", "output out/b missing, its bytes are not kept"]


def test_an_untouched_output_need_not_be_kept():
    """What lies in its place is not asked for."""
    assert decide(facts(seen=("", GOOD[1]), history=KEPT._replace(kept=(True, False)))).state == RESTORABLE


def test_a_task_without_a_success_is_new():
    """Never run."""
    assert decide(facts(success=None, history=NO_HISTORY)) == (NEW, (("never-run", "", "never run"),))


def test_a_task_that_succeeded_with_another_key_is_stale():
    """With all that changed since."""
    history = History((), None, MATERIAL, MATERIAL._replace(params={"seed": 43}))

    verdict = decide(facts(success=None, history=history))

    assert verdict == (STALE, (("param", "seed", "param seed: 42 → 43"),))


@pytest.mark.parametrize("before", [None, MATERIAL])
@pytest.mark.parametrize("outcome", sorted(FAILURES))
def test_a_key_whose_last_attempt_failed_is_failed(outcome, before):
    """The attempt is the last reason, after the differences."""
    history = History((), Attempt("e2", outcome, "exit status 1"), before, MATERIAL)

    verdict = decide(facts(success=None, history=history))

    assert verdict.state == FAILED
    assert verdict.reasons[-1] == ("attempt", "e2", f"last attempt {outcome}: exit status 1")


@pytest.mark.parametrize(("before", "state"), [(None, NEW), (MATERIAL, STALE)])
@pytest.mark.parametrize("outcome", ["cancelled", "interrupted"])
def test_an_attempt_that_was_stopped_is_a_reason_but_no_failure(outcome, before, state):
    """Ctrl-C says nothing about the task."""
    verdict = decide(facts(success=None, history=History((), Attempt("e2", outcome, ""), before, MATERIAL)))

    assert verdict.state == state
    assert verdict.reasons[-1] == ("attempt", "e2", f"last attempt {outcome}")


def test_an_attempt_that_succeeded_is_no_reason():
    """It is the success itself, whose outputs are elsewhere."""
    history = History((), Attempt("e2", "succeeded", ""), None, MATERIAL)

    assert [reason.kind for reason in decide(facts(success=None, history=history)).reasons] == ["never-run"]


def test_waiting_has_one_reason_for_each_stage():
    """Ten thousand tasks upstream are one line; one task is named."""
    names = ("a@x=1", "a@x=2", "b@x=1", "c")

    verdict = decide(facts(key=None, success=None, waiting_for=names, history=BEFORE))

    assert verdict.state == WAITING
    assert texts(verdict) == ["waits for 2 tasks of a", "waits for b@x=1", "waits for c"]
    assert [reason.subject for reason in verdict.reasons] == ["a", "b", "c"]


def test_waiting_says_what_has_changed_already():
    """An input that is not known yet is passed over; a changed parameter will make it run for certain."""
    unknown = (("data", "data", ""), *MATERIAL.inputs[1:])
    history = History((), None, MATERIAL, MATERIAL._replace(params={"seed": 1}, inputs=unknown))

    verdict = decide(facts(key=None, success=None, waiting_for=("a",), history=history))

    assert texts(verdict) == ["waits for a", "param seed: 42 → 1"]


# --- the reasons --------------------------------------------------------------------------------------


def test_reasons_come_in_a_fixed_order():
    """Causes first: inputs, parameters, environment; then the command that may follow from them; then outputs."""
    found = changed(
        command="x",
        shell="",
        cwd="work",
        params={"seed": 43, "a": 1},
        environment={"LANG": None},
        inputs=(("data", "data", "blake3:99"), ("new", "new", "blake3:04"), *MATERIAL.inputs[2:]),
        outputs=(("a", "out/a", "json"), ("c", "out/c", "")),
    )

    assert found == [
        "input data changed",
        "input new added",
        "input more/1 removed",
        "param a added",
        "param seed: 42 → 43",
        "env LANG: C → not set",
        "command changed",
        "shell: sh -e -c → none",
        "working folder: . → work",
        "format of output out/a: csv → json",
        "output out/c declared",
        "output out/b no longer declared",
    ]


def test_a_parameter_or_variable_that_is_no_longer_used_is_named():
    """Its value does not matter any more."""
    assert changed(params={}, environment={}) == ["param seed no longer used", "env LANG no longer used"]


def test_a_shell_and_a_folder_that_come_to_be_are_named():
    """The other way round."""
    bare = MATERIAL._replace(shell="", cwd="work")

    assert [reason.text for reason in differences(bare, MATERIAL)] == [
        "shell: none → sh -e -c",
        "working folder: work → .",
    ]


@pytest.mark.parametrize(("old", "new"), [(1, 1.0), (1, True), ("1", 1), ([1], [1.0]), ({"a": 0}, {"a": False})])
def test_values_that_are_spelled_differently_differ(old, new):
    """Equal for Python, but not in a command and not in a key."""
    before, now = MATERIAL._replace(params={"p": old}), MATERIAL._replace(params={"p": new})

    assert [reason.subject for reason in differences(before, now)] == ["p"]


def test_a_long_value_is_cut():
    """A reason stays one line."""
    (text,) = changed(params={"seed": "x" * 1000})

    assert text.startswith("param seed: 42 → xxx")
    assert text.endswith("x…")
    assert len(text.partition(" → ")[2]) == LONGEST_VALUE


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (5, "5", 'param p: 5 → "5"'),
        (None, "not set", 'param p: null → "not set"'),
        ("x" * 1000, "x" * 1001, "param p changed"),
    ],
)
def test_values_that_read_alike_are_told_apart(old, new, text):
    """As in JSON; where that is too long, no two equal texts are shown."""
    before, now = MATERIAL._replace(params={"p": old}), MATERIAL._replace(params={"p": new})

    assert [reason.text for reason in differences(before, now)] == [text]


def test_a_format_that_was_not_declared_is_called_so():
    """It went by the ending."""
    declared = (MATERIAL.outputs[0], ("b", "out/b", "bytes"))

    assert changed(outputs=declared) == ["format of output out/b: by its ending → bytes"]


def test_the_order_of_equal_inputs_is_a_reason():
    """`cat a b` is not `cat b a`."""
    assert changed(inputs=MATERIAL.inputs[::-1]) == ["order of the inputs changed"]


def test_one_path_in_two_roles_is_two_inputs():
    """What disappears is the role, not the file."""
    twice = (*MATERIAL.inputs, ("again", "data", "blake3:01"))

    assert changed(inputs=twice) == ["input data added"]


# --- laws ---------------------------------------------------------------------------------------------

IDENTITIES = st.sampled_from(["blake3:1", "blake3:2"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats(-2, 2) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("xy"), inner, max_size=2),
    max_leaves=4,
)
PATHS = st.tuples(st.sampled_from("rs"), st.sampled_from(["p", "q"]), IDENTITIES)
MATERIALS = st.builds(
    Material,
    st.sampled_from(["x", "y"]),
    st.sampled_from(["", "sh -c"]),
    st.sampled_from(["", "w"]),
    st.dictionaries(st.sampled_from("ab"), VALUES, max_size=2),
    st.dictionaries(st.sampled_from("AB"), st.none() | st.text("ab", max_size=2), max_size=2),
    st.lists(PATHS, max_size=4, unique_by=lambda entry: entry[:2]).map(tuple),
    st.lists(PATHS, max_size=3, unique_by=lambda entry: entry[:2]).map(lambda found: tuple(sorted(found))),
)


@given(MATERIALS, MATERIALS)
def test_there_is_a_reason_exactly_when_the_material_differs(before, now):
    """An explanation can't disagree with the key, which is a digest of the material's canonical JSON."""
    assert bool(list(differences(before, now))) == (canonical_json(before) != canonical_json(now))


KINDS = ("input", "param", "env", "command", "output")


@given(MATERIALS, MATERIALS)
def test_differences_come_kind_by_kind(before, now):
    """The order is that of the kinds, whatever differs; and no other kind comes up."""
    places = [KINDS.index(reason.kind) for reason in differences(before, now)]

    assert places == sorted(places)


ALL_FACTS = [
    facts(
        key=key, seen=seen, success=success, waiting_for=waiting, forced=forced, always=always, frozen=frozen,
        history=History((kept, True) if success else (), attempt, before, MATERIAL),
    )
    for (key, success, waiting), seen, forced, always, frozen, kept, attempt, before in product(
        [(KEY, SUCCESS, ()), (KEY, None, ()), (None, None, ("up",))],
        [GOOD, ("", GOOD[1]), ("blake3:other", GOOD[1])],
        [False, True],
        [False, True],
        [False, True],
        [False, True],
        [None, Attempt("e", "failed", ""), Attempt("e", "interrupted", "")],
        [None, MATERIAL],
    )
]  # fmt: skip


def test_the_laws_of_deciding():
    """Over all combinations of facts."""
    for known in ALL_FACTS:
        check_laws(known)


def check_laws(known):
    verdict = decide(known)
    wanted = known.forced or known.always

    assert verdict.state in STATES
    if wanted:
        assert verdict.state in MUST_RUN
    if verdict.state == WAITING:
        assert known.key is None
    if verdict.state == RESTORABLE:
        assert known.success is not None
        assert known.seen != known.success.outputs
    if verdict.state == FRESH:
        assert not wanted
        assert known.frozen or known.success.outputs == known.seen
    else:
        assert verdict.reasons or (known.success is None and known.history.before == known.history.now)
        assert not (known.success is not None and known.seen == known.success.outputs) or wanted
    without = decide(known._replace(history=None))
    assert without is None or without == verdict
