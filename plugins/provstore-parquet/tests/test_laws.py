"""Laws of the format `parquet`: of all tables, and of all ways to cut them."""

import itertools

import numpy
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from provstore_parquet import Parquet
from provstore_parquet.column_types import plain_type
from provstore_parquet.digesting import ColumnDigest

PARQUET = Parquet()
SOME = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

LEAVES = [
    (pa.int8(), st.integers(-3, 3)),
    (pa.float64(), st.sampled_from([0.0, -0.0, 1.5, float("nan"), float("inf")])),
    (pa.bool_(), st.booleans()),
    (pa.string(), st.sampled_from(["", "a", "b", "ab"])),
    (pa.binary(), st.sampled_from([b"", b"\0", b"ab"])),
    (pa.timestamp("us"), st.integers(0, 3)),
    (pa.dictionary(pa.int8(), pa.string()), st.sampled_from(["a", "b"])),
]
CONTAINERS = [
    lambda kind, values: (pa.list_(kind), st.lists(values, max_size=3)),
    lambda kind, values: (pa.struct([("p", kind), ("q", pa.int8())]), st.fixed_dictionaries({"p": values})),
    lambda kind, values: (pa.map_(pa.string(), kind), st.lists(st.tuples(st.sampled_from("kl"), values), max_size=2)),
]


@st.composite
def columns(draw, leaves=LEAVES):
    """A type, and values of it with nulls."""
    kind, values = draw(st.sampled_from(leaves))
    for make in draw(st.lists(st.sampled_from(CONTAINERS), max_size=2)):
        kind, values = make(kind, st.none() | values)
    return kind, values


@st.composite
def pairs(draw):
    """Two arrays of one type and one length, which are often equal."""
    kind, values = draw(columns())
    rows = st.lists(st.none() | values, min_size=3, max_size=3)
    return [pa.array(draw(rows), kind) for _ in range(2)]


def same(a, b):
    """Two values of Python are equal as data."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float) and isinstance(b, float):
        return numpy.array_equal(a, b, equal_nan=True) and (a != 0 or numpy.signbit(a) == numpy.signbit(b))
    return a == b and type(a) is type(b)


@SOME
@given(arrays=pairs(), size=st.integers(1, 3))
def test_digests_differences_and_values_agree(arrays, size, tmp_path_factory):
    """Two files have one digest exactly if no difference counts, and if Python finds their values equal."""
    folder = tmp_path_factory.mktemp("law")
    paths = folder / "a.parquet", folder / "b.parquet"
    for path, array, rows in zip(paths, arrays, (3, size), strict=True):
        pq.write_table(pa.table({"x": array}), path, row_group_size=rows)
    is_equal = same(arrays[0].to_pylist(), arrays[1].to_pylist())

    assert (PARQUET.digest(paths[0]) == PARQUET.digest(paths[1])) == is_equal
    assert (not [found for found in PARQUET.diff(*paths) if found.counts]) == is_equal


@SOME
@given(column=columns(LEAVES[:-1]), data=st.data())  # plain types have no dictionaries
def test_cuts_do_not_count(column, data):
    """However an array is cut into slices, and whatever lies under its nulls and beside the slices."""
    kind, values = column
    array = pa.array(data.draw(st.lists(st.none() | values, max_size=8)), kind).cast(plain_type(kind))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(array)), max_size=3)))
    whole, pieces = ColumnDigest(array.type), ColumnDigest(array.type)
    whole.add(array)
    for start, stop in itertools.pairwise([0, *cuts, len(array)]):
        pieces.add(array.slice(start, stop - start))

    assert whole.digest == pieces.digest


def test_what_lies_under_a_null_does_not_count():
    """A writer may leave anything there."""
    mask = numpy.array([False, True])
    found = []
    for hidden in (1.0, 2.0):
        column = ColumnDigest(pa.float64())
        column.add(pa.array(numpy.array([0.5, hidden]), mask=mask))
        found.append(column.digest)

    assert found[0] == found[1]
