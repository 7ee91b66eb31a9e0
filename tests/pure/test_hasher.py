"""Laws of the digest of values: equal for what is equal as data, and for nothing else."""

from __future__ import annotations

import datetime
import math
import struct
from decimal import Decimal

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore.plugin import Hasher
from provstore.plugin.hasher import DEEPEST, FULL, SHORT


def digest(*values):
    return Hasher().add(*values).digest


def spelt(value):
    """What a value is, as a value of which Python's own equality says what equal data are."""
    if isinstance(value, (list, tuple)):
        return ("list", tuple(spelt(element) for element in value))
    if isinstance(value, dict):
        return ("mapping", frozenset((key, spelt(element)) for key, element in value.items()))
    if isinstance(value, float):
        return ("float", "NaN" if math.isnan(value) else value.hex())
    if isinstance(value, Decimal):
        if value.is_nan():
            return ("decimal", "NaN")
        return ("decimal", value.is_signed(), value if value.is_finite() else str(value))
    if isinstance(value, (datetime.datetime, datetime.time)):
        return (type(value), value.isoformat())
    return (type(value), value)


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2) | st.integers(),
    st.sampled_from([0.0, -0.0, 1.0, math.nan, math.inf, -math.inf]) | st.floats(),
    st.sampled_from([Decimal(text) for text in ("0", "-0", "0.00", "1", "1.0", "10", "1e1", "NaN", "Infinity")]),
    st.decimals(allow_nan=False),
    st.text(st.characters(), max_size=3),
    st.binary(max_size=3),
    st.sampled_from(
        [datetime.date(2020, 1, 2), datetime.datetime(2020, 1, 2), datetime.time(1), datetime.timedelta(1)]
    ),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab\0é\ud800", max_size=2), inner, max_size=3),
)


@given(VALUES, VALUES)
def test_two_values_have_one_digest_if_they_are_equal(a, b):
    """Types count, and the sign of zero; every NaN is one; 1.0 and 1.00 are one decimal."""
    assert (digest(a) == digest(b)) == (spelt(a) == spelt(b))


@given(st.lists(VALUES, max_size=3), st.lists(VALUES, max_size=3))
def test_two_sequences_have_one_digest_if_they_are_equal(a, b):
    """What stands at the end of one value never passes for the beginning of the next."""
    assert (digest(*a) == digest(*b)) == ([spelt(value) for value in a] == [spelt(value) for value in b])


@given(st.dictionaries(st.text(max_size=3) | st.text("x", min_size=SHORT - 1, max_size=SHORT + 1), VALUES, max_size=4))
def test_the_order_of_keys_does_not_count(value):
    """Neither here nor inside."""
    assert digest(value) == digest(dict(reversed(value.items())))


@given(st.lists(VALUES, max_size=4), st.integers(0, 4))
def test_values_may_come_one_by_one(values, cut):
    """And the digest may be asked for between two of them."""
    hasher = Hasher().add(*values[:cut])
    before = hasher.digest

    assert before == digest(*values[:cut])
    assert hasher.add(*values[cut:]).digest == digest(*values)


@given(st.lists(st.binary(max_size=5), max_size=5), st.lists(st.binary(max_size=5), max_size=5))
def test_how_a_stream_is_cut_does_not_count(a, b):
    """Its bytes do."""
    same = Hasher().stream(a).digest == Hasher().stream(map(memoryview, b)).digest

    assert same == (b"".join(a) == b"".join(b))


@given(st.binary(max_size=5), st.binary(max_size=5))
def test_a_stream_is_one_value(a, b):
    """Two are not one, and it is not what `add` makes of the bytes."""
    assert Hasher().stream([a]).stream([b]).digest != Hasher().stream([a, b]).digest
    assert Hasher().stream([a]).digest != digest(a)


@given(st.lists(st.floats(), max_size=12), st.integers(0, 12))
def test_how_an_array_is_cut_does_not_count(values, cut):
    """Its type, its shape and its values do."""
    array = numpy.array(values, "f8")
    parts = Hasher().begin_array("float64", array.shape)
    parts.part(array[:cut])
    parts.part(array[cut:].astype(">f8"))

    assert parts.digest == Hasher().array(array).digest


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (numpy.zeros(4), numpy.zeros((2, 2))),
        (numpy.zeros(0), numpy.zeros((0, 1))),
        (numpy.zeros(4), numpy.zeros(4, "f4")),
        (numpy.zeros(4), -numpy.zeros(4)),
        (numpy.zeros(8, "u1"), numpy.zeros(8, "i1")),
        (numpy.zeros(2, "M8[s]"), numpy.zeros(2, "M8[ns]")),
        (numpy.array(["a"], object), numpy.array([b"a"], object)),
        (numpy.array(["a", "b"], object), numpy.array(["ab", ""], object)),
        (numpy.array([1], object), numpy.array([1.0], object)),
    ],
)
def test_arrays_that_look_alike_are_two(a, b):
    """By shape, type or a sign."""
    assert Hasher().array(a).digest != Hasher().array(b).digest


def test_the_bytes_of_an_array_never_pass_for_a_value():
    """Neither does its head for a list of the same content."""
    value = b"t" + struct.pack("<Q", 1) + b"1"
    array = Hasher().array(numpy.frombuffer(value, "u1"))

    assert array.digest != digest(["array", "uint8", [len(value)]], True)


def test_long_values_and_many_short_ones_are_hashed():
    """More than is collected at a time."""
    assert digest("a" * FULL) != digest("a" * (FULL + 1))
    assert digest([1] * FULL) != digest([1] * (FULL + 1))
    assert digest([[]] * FULL) != digest([[]] * (FULL + 1))
    assert digest({"a" * FULL: 1}) != digest({"a" * FULL + "b": 1})


def test_a_subclass_is_what_it_is_below():
    """A float of numpy is a float."""
    assert digest(numpy.float64(0.5)) == digest(0.5)
    assert digest(numpy.str_("a")) == digest("a")


@pytest.mark.parametrize("value", [{1, 2}, object(), 1j, {1: 2}, {None: 1}, [{"a": {b"b": 1}}], numpy.zeros(2)])
def test_what_has_no_encoding_is_refused(value):
    """Above all a key that is no text: 1 and "1" would be one."""
    with pytest.raises(TypeError, match="found"):
        digest(value)


def test_depth_has_a_limit():
    """The same in every process, so that no digest depends on who asks."""
    value = 1
    for _ in range(DEEPEST - 1):
        value = [value]
    endless = []
    endless.append(endless)

    assert digest(value)
    for deep in ([value], endless, {"a": endless}):
        with pytest.raises(RecursionError, match="levels deep"):
            digest(deep)
