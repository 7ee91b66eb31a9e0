"""Laws of the format `zarr`: of all arrays, and of all ways to cut and pack them."""

import numpy
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from provstore_zarr import Zarr

ZARR = Zarr()
SOME = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
VALUES = st.sampled_from([0.0, -0.0, 1.0, float("nan")])


@st.composite
def ways(draw, shape):
    """Options of a writer."""
    chunks = tuple(draw(st.integers(1, length + 2)) for length in shape)
    found = {"chunks": chunks, "zarr_format": draw(st.sampled_from([2, 3]))}
    if found["zarr_format"] == 3 and draw(st.booleans()):
        found["shards"] = tuple(chunk * draw(st.integers(1, 2)) for chunk in chunks)
    if draw(st.booleans()):
        found["compressors"] = None
    found["fill_value"] = draw(st.sampled_from([0.0, 1.0]))
    return found


@SOME
@given(data=st.data())
def test_digests_differences_and_values_agree(data, tmp_path_factory):
    """Two stores have one digest exactly if no difference counts, and if the bytes of their values are equal."""
    folder = tmp_path_factory.mktemp("law")
    shape = tuple(data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)))
    size = int(numpy.prod(shape))
    arrays = [numpy.reshape(data.draw(st.lists(VALUES, min_size=size, max_size=size)), shape) for _ in range(2)]
    if data.draw(st.booleans()):
        arrays[1] = arrays[0].copy()
    for name, values in zip("ab", arrays, strict=True):
        array = zarr.create_array(str(folder / name), shape=shape, dtype="f8", **data.draw(ways(shape)))
        array[...] = values
    # zarr leaves out chunks of the fill value, to which it takes -0.0 for equal: what can be read is what counts
    read = [zarr.open_array(str(folder / name), mode="r")[...] for name in "ab"]
    is_equal = read[0].tobytes() == read[1].tobytes()
    paths = folder / "a", folder / "b"

    assert (ZARR.digest(paths[0]) == ZARR.digest(paths[1])) == is_equal
    assert (not [found for found in ZARR.diff(*paths) if found.counts]) == is_equal
