"""HDF5: what counts, what does not, and that nothing is followed out of a file."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from h5py import h5d, h5p, h5s, h5t

from provstore.formats.hdf5 import Hdf5
from provstore.plugin import METADATA, STORAGE, STRUCTURE, VALUES
from provstore.testing import FormatContract

VALUES_2D = np.arange(600.0).reshape(20, 30)
TEXTS = ["", "a", "ä" * 40, "end"]
RECORDS = np.array([(1, 2.5, b"x"), (2, -0.0, b"yz")], [("n", "i2"), ("v", "f8"), ("s", "S3")])


def files(tmp_path, make_a, make_b):
    """Two files, each made by a function of an open `h5py.File`."""
    paths = tmp_path / "a.h5", tmp_path / "b.h5"
    for path, make in zip(paths, (make_a, make_b), strict=True):
        if isinstance(make, tuple):
            make, options = make  # noqa: PLW2901
        else:
            options = {}
        with h5py.File(path, "w", **options) as file:
            make(file)
    return paths


def found_by(paths, tolerance=None):
    """The words of all differences that count, after proving that digest and comparison agree."""
    a, b = paths
    entries = list(Hdf5().diff(a, b, tolerance))
    counting = [entry for entry in entries if entry.counts]
    if tolerance is None:
        assert bool(counting) == (Hdf5().digest(a) != Hdf5().digest(b))
    return counting, [entry for entry in entries if not entry.counts]


# --- how test files are made ------------------------------------------------------------------------------


def data(values, name="x", **options):
    """Makes a dataset."""
    return lambda file: file.create_dataset(name, data=values, **options)


def attribute(value, name="unit", **options):
    """Makes an attribute of the root."""
    return lambda file: file.attrs.create(name, value, **options)


def raw(type_id, values, shape=None, memory=None):
    """Makes a dataset of any type of HDF5."""

    def make(file):
        array = np.asarray(values)
        found = h5d.create(file.id, b"x", type_id, h5s.create_simple(shape or array.shape))
        found.write(h5s.ALL, h5s.ALL, array, memory or h5t.py_create(array.dtype))

    return make


def fixed(size, padding, characters=h5t.CSET_ASCII):
    """A type of strings of fixed length."""
    found = h5t.C_S1.copy()
    found.set_size(size)
    found.set_strpad(padding)
    found.set_cset(characters)
    return found


def strings(values, size, padding, characters=h5t.CSET_ASCII):
    """Makes a dataset of strings whose bytes are given to the last one."""
    memory = fixed(size, padding, characters)
    return raw(memory, np.array(values, f"V{size}"), memory=memory)


def integers(bits, size, offset=0, values=(-1, 100), order=h5t.ORDER_LE):
    """Makes a dataset of integers that have fewer bits than their bytes."""
    found = h5t.STD_I32LE.copy()
    found.set_size(size)
    found.set_order(order)
    found.set_precision(bits)
    found.set_offset(offset)
    return raw(found, np.array(values, "i4"))


def named(*names, **options):
    """Makes a small dataset for each name, in that order."""

    def make(file):
        for name in names:
            file.create_dataset(name, data=[ord(name[-1])], **options)

    return make


def both(*makers):
    """Does one thing after the other."""

    def make(file):
        for each in makers:
            each(file)

    return make


def text(value, **options):
    """Makes strings of any length."""
    return data(np.array(value, object), dtype=h5py.string_dtype(), **options)


def sparse(**options):
    """Makes a dataset of which one chunk is written."""

    def make(file):
        file.create_dataset("x", (100,), "f4", chunks=(10,), **options)[30:40] = 7

    return make


def ragged(*rows, dtype="i4"):
    """Makes a dataset of arrays of any length."""

    def make(file):
        found = file.create_dataset("x", (len(rows),), h5py.vlen_dtype(np.dtype(dtype)))
        for number, row in enumerate(rows):
            found[number] = row

    return make


def references(*names, order=("t/a", "t/b")):
    """Makes two objects and references to those that are named."""

    def make(file):
        for name in order:
            file[name] = ord(name[-1])
        file["x"] = np.array([file[name].ref if name else h5py.Reference() for name in names], h5py.ref_dtype)

    return make


def dangling(file):
    """Makes a reference to an object that is gone."""
    file["t/a"], file["t/b"], file["t/c"] = 97, 98, 99
    file["x"] = np.array([file["t/c"].ref, h5py.Reference()], h5py.ref_dtype)
    del file["t/c"]


def regions(*selections, in_record=False, size=50):
    """Makes references to parts of a dataset."""

    def make(file):
        table = file.create_dataset("table", data=np.arange(size))
        refs = [table.regionref[selection] for selection in selections]
        if in_record:
            dtype = np.dtype([("n", "i4"), ("r", h5py.regionref_dtype), ("o", h5py.ref_dtype)])
            file["x"] = np.array([(1, ref, table.ref) for ref in refs], dtype)
        else:
            file["x"] = np.array(refs, h5py.regionref_dtype)

    return make


def virtual(*names, fill=None, shape=(4, 100)):
    """Makes a dataset whose rows lie in other files."""

    def make(file):
        layout = h5py.VirtualLayout(shape, "f8")
        for number, name in enumerate(names):
            layout[number] = h5py.VirtualSource(name, "d", shape=(100,))
        file.create_virtual_dataset("x", layout, fillvalue=fill)

    return make


def linked(*links):
    """Makes objects and links to them: ("a", "b") for a second link, other values as h5py takes them."""

    def make(file):
        for name, target in links:
            file[name] = file[target] if isinstance(target, str) else target

    return make


def scales(*order, variables=("u", "v")):
    """Makes a dimension scale and two datasets that use it."""

    def make(file):
        for name in order:
            file[name] = np.arange(3.0)
        file["time"].make_scale("time")
        for name in variables:
            file[name].dims[0].attach_scale(file["time"])

    return make


def commented(comment):
    """Makes a group with a comment."""

    def make(file):
        h5py.h5o.set_comment(file.create_group("g").id, comment)

    return make


def committed(is_used):
    """Makes a type with a name, and a dataset that uses it or its like."""

    def make(file):
        file["t"] = np.dtype("f4")
        file.create_dataset("x", (3,), file["t"] if is_used else "f4")

    return make


ENUM = h5py.enum_dtype({"RED": 0, "BLUE": 1}, "i2")
NANS = np.array([0x7FF8000000000000, 0x7FF8000000000001, 0xFFF0000000000003], "u8").view("f8")
PADDED = np.dtype([("n", "i2"), ("v", "f8"), ("s", "S3")], align=True)
LONG = np.array([1, 2.5, np.nan], np.longdouble)
NESTED = np.dtype([("a", [("b", "f4", (2,)), ("c", "i8")]), ("d", "S2")])
NESTED_PADDED = np.dtype([("a", np.dtype([("b", "f4", (2,)), ("c", "i8")], align=True)), ("d", "S2")], align=True)
MIXED = np.dtype([("t", h5py.string_dtype()), ("v", "f8"), ("l", h5py.vlen_dtype(np.dtype("i4")))])
MIXED_ROWS = np.empty(2, MIXED)
MIXED_ROWS["t"], MIXED_ROWS["v"] = ["one", "two"], [1, np.nan]
MIXED_ROWS["l"][0], MIXED_ROWS["l"][1] = np.array([1, 2], "i4"), np.array([], "i4")


def garbage(records):
    """The same records with other bytes between the fields."""
    found = np.full(len(records) * PADDED.itemsize, 0xAA, "u1").view(PADDED)
    for field in PADDED.names:
        found[field] = records[field]
    return found


EQUAL = {
    "chunks": (data(VALUES_2D), data(VALUES_2D, chunks=(7, 11)), "chunking"),
    "other chunks": (data(VALUES_2D, chunks=(20, 1)), data(VALUES_2D, chunks=(1, 30)), "chunking"),
    "compression": (data(VALUES_2D, chunks=(5, 5)), data(VALUES_2D, chunks=(5, 5), compression="gzip"), "compression"),
    "lzf": (data(VALUES_2D, chunks=True), data(VALUES_2D, chunks=True, compression="lzf", shuffle=True), "compression"),
    "fletcher32": (data(VALUES_2D, chunks=True), data(VALUES_2D, chunks=True, fletcher32=True), "checksum"),
    "scaleoffset": (data([1, 2, 3], chunks=(3,)), data([1, 2, 3], chunks=(3,), scaleoffset=0), "compression"),
    "times": (data([1], track_times=False), data([1], track_times=True), "creation times"),
    "byte order": (data(VALUES_2D), data(VALUES_2D.astype(">f8")), "byte order"),
    "byte order of integers": (data(np.arange(9, dtype="<i2")), data(np.arange(9, dtype=">i2")), "byte order"),
    "byte order of an attribute": (attribute(np.int32(5)), attribute(np.array(5, ">i4")), "byte order"),
    "byte order of records": (data(RECORDS), data(RECORDS.astype(RECORDS.dtype.newbyteorder(">"))), "byte order"),
    "byte order of complex": (data(VALUES_2D * 1j), data((VALUES_2D * 1j).astype(">c16")), "byte order"),
    "byte order of ragged": (ragged([1, 2], []), ragged([1, 2], [], dtype=">i4"), "byte order"),
    "byte order of ragged records": (
        ragged(np.array([(1, 2)], "i4,f8"), dtype="i4,f8"), ragged(np.array([(1, 2)], ">i4,>f8"), dtype=">i4,>f8"), None
    ),
    "byte order of times": (
        raw(h5t.UNIX_D32LE, np.array([5, 6], "<i4"), memory=h5t.UNIX_D32LE),
        raw(h5t.UNIX_D32BE, np.array([5, 6], ">i4"), memory=h5t.UNIX_D32BE),
        "byte order",
    ),
    "byte order of bits": (
        raw(h5t.STD_B16LE, np.array([5, 600], "u2"), memory=h5t.NATIVE_B16),
        raw(h5t.STD_B16BE, np.array([5, 600], "u2"), memory=h5t.NATIVE_B16),
        "byte order",
    ),
    "byte order of datetimes": (
        data(np.array(["2020-01-01"], "<M8[s]").astype(h5py.opaque_dtype(np.dtype("<M8[s]")))),
        data(np.array(["2020-01-01"], ">M8[s]").astype(h5py.opaque_dtype(np.dtype(">M8[s]")))),
        None,
    ),
    "object order": (
        (named("a", "b"), {"track_order": True}),
        (named("b", "a"), {"track_order": True}),
        "object order",
    ),
    "object order untracked": (named("a", "b", "c"), named("c", "a", "b"), None),
    "attribute order": (
        (both(attribute(1, "a"), attribute(2, "b")), {"track_order": True}),
        (both(attribute(2, "b"), attribute(1, "a")), {"track_order": True}),
        "attribute order",
    ),
    "library version": (
        both(data(VALUES_2D), attribute(1), named("g/a")),
        (both(data(VALUES_2D), attribute(1), named("g/a")), {"libver": "latest"}),
        "library version",
    ),
    "user block": (data([1]), (data([1]), {"userblock_size": 1024}), "user block"),
    "page strategy": (data([1]), (data([1]), {"fs_strategy": "page"}), None),
    "padding of records": (data(RECORDS), data(RECORDS.astype(PADDED)), "padding"),
    "bytes between fields": (data(RECORDS.astype(PADDED)), data(garbage(RECORDS)), None),
    "padding of nested records": (
        data(np.zeros(3, NESTED)), data(np.zeros(3, NESTED_PADDED)), "padding"
    ),
    "padding of strings": (
        strings([b"ab\0\0"], 4, h5t.STR_NULLPAD), strings([b"ab  "], 4, h5t.STR_SPACEPAD), "padding"
    ),
    "garbage after the end": (
        strings([b"ab\0\0"], 4, h5t.STR_NULLTERM), strings([b"ab\0x"], 4, h5t.STR_NULLTERM), None
    ),
    "terminated strings": (
        strings([b"abcd"], 4, h5t.STR_NULLPAD), strings([b"abcd"], 4, h5t.STR_SPACEPAD), "padding"
    ),
    "unwritten chunks": (sparse(fillvalue=2), data(np.r_[[2] * 30, [7] * 10, [2] * 60].astype("f4")), "chunking"),
    "unwritten": (lambda file: file.create_dataset("x", (5,), "i4"), data(np.zeros(5, "i4")), None),
    "fill value": (data([1, 2], fillvalue=0), data([1, 2], fillvalue=9), "fill value"),
    "largest shape": (data([1, 2], maxshape=(None,), chunks=(2,)), data([1, 2], chunks=(2,)), "maximum shape"),
    "unwritten texts": (lambda file: file.create_dataset("x", (2,), h5py.string_dtype()), text(["", ""]), None),
    "chunks of texts": (text(TEXTS), text(TEXTS, chunks=(1,), compression="gzip"), "chunking"),
    "NaNs": (data(NANS), data(np.full(3, np.nan)), None),
    "NaNs in records": (
        data(np.array([(1, NANS[1])], [("a", "i4"), ("b", "f8")])),
        data(np.array([(1, NANS[2])], [("a", "i4"), ("b", "f8")])),
        None,
    ),
    "NaNs in an attribute": (attribute(NANS[1]), attribute(NANS[0]), None),
    "NaNs in ragged": (ragged(NANS[:1], dtype="f8"), ragged(NANS[2:], dtype="f8"), None),
    "NaNs of half precision": (
        data(np.array([0x7E00], "u2").view("f2")), data(np.array([0x7F01], "u2").view("f2")), None
    ),
    "bits of integers elsewhere": (integers(12, 2), integers(12, 2, offset=3), "padding"),
    "byte order of odd integers": (integers(24, 3), integers(24, 3, order=h5t.ORDER_BE), "byte order"),
    "order of members": (
        data(np.array([0, 1], h5py.enum_dtype({"A": 0, "B": 1}, "i4"))),
        data(np.array([0, 1], h5py.enum_dtype({"B": 1, "A": 0}, "i4"))),
        None,
    ),
    "byte order of members": (
        data(np.array([0, 1], h5py.enum_dtype({"A": 0, "B": 1}, "<i4"))),
        data(np.array([0, 1], h5py.enum_dtype({"A": 0, "B": 1}, ">i4"))),
        "byte order",
    ),
    "places of references": (references("t/a", "t/b"), references("t/a", "t/b", order=("t/b", "t/a")), None),
    "places of regions": (
        regions(np.s_[3:9]), both(data([1], "a/b"), lambda file: file.__delitem__("a"), regions(np.s_[3:9])), None
    ),
    "dense attributes": (
        both(*(attribute(n, f"a{n}") for n in range(20))),
        (both(*(attribute(n, f"a{n}") for n in reversed(range(20)))), {"libver": "latest"}),
        "library version",
    ),
    "users of a scale": (scales("time", "u", "v"), scales("v", "u", "time", variables=("v", "u")), None),
    "mixed records": (data(MIXED_ROWS), data(MIXED_ROWS, chunks=(1,)), "chunking"),
    "empty": (data(h5py.Empty("f8")), data(h5py.Empty(">f8")), "byte order"),
    "no elements": (data(np.zeros((0, 3))), data(np.zeros((0, 3)), chunks=(1, 3), maxshape=(None, 3)), "chunking"),
    "versions of netCDF": (attribute("version=1", "_NCProperties"), attribute("version=2", "_NCProperties"), None),
    "order of links": (
        linked(("a", np.arange(2)), ("b", "a")), linked(("b", np.arange(2)), ("a", "b")), None
    ),
    "compact": (data([1, 2, 3]), lambda file: compact(file, np.arange(1, 4)), "chunking"),
    "cycles": (
        linked(("g/x", 1), ("g/self", "g"), ("h", "g")), linked(("h/x", 1), ("g", "h"), ("h/self", "g")), None
    ),
}  # fmt: skip


def compact(file, values):
    """A dataset that lies in its own header."""
    properties = h5p.create(h5p.DATASET_CREATE)
    properties.set_layout(h5d.COMPACT)
    found = h5d.create(file.id, b"x", h5t.py_create(values.dtype), h5s.create_simple(values.shape), properties)
    found.write(h5s.ALL, h5s.ALL, values)


def ordered(*fields):
    """Zeros of a record whose fields have these names."""
    return np.zeros(2, [(name, "f4") for name in fields])


DIFFERENT = {
    "a value": (data(VALUES_2D), data(VALUES_2D + (VALUES_2D == 7)), VALUES, "values"),
    "signs of zero": (data([0.0]), data([-0.0]), VALUES, "values"),
    "signs of zero in records": (
        data(np.array([(0.0,)], [("a", "f4")])), data(np.array([(-0.0,)], [("a", "f4")])),
        VALUES, "values",
    ),
    "signs of complex zeros": (data([complex(0.0, 0.0)]), data([complex(0.0, -0.0)]), VALUES, "values"),
    "NaN": (data([1.0, np.nan]), data([1.0, 2.0]), VALUES, "values"),
    "an unwritten chunk": (sparse(fillvalue=2), sparse(fillvalue=3), VALUES, "values"),
    "bits of numbers": (data(np.zeros(3, "f4")), data(np.zeros(3, "f8")), STRUCTURE, "type"),
    "integers and numbers": (data(np.zeros(3, "i4")), data(np.zeros(3, "f4")), STRUCTURE, "type"),
    "signed": (data(np.zeros(3, "i4")), data(np.zeros(3, "u4")), STRUCTURE, "type"),
    "odd integers": (integers(12, 2), integers(13, 2), STRUCTURE, "type"),
    "bits and integers": (
        raw(h5t.STD_B8LE, np.array([1], "u1"), memory=h5t.NATIVE_B8), data(np.array([1], "u1")),
        STRUCTURE, "type",
    ),
    "bool and integers": (data([True]), data(np.array([1], "i1")), STRUCTURE, "type"),
    "members": (
        data(np.array([0], ENUM)), data(np.array([0], h5py.enum_dtype({"RED": 0, "BLUE": 2}, "i2"))),
        STRUCTURE, "type",
    ),
    "names of members": (
        data(np.array([0], ENUM)), data(np.array([0], h5py.enum_dtype({"RED": 0, "GREEN": 1}, "i2"))),
        STRUCTURE, "type",
    ),
    "values without a name": (
        raw(h5t.py_create(ENUM, logical=True), np.array([7], "i2"), memory=h5t.py_create(ENUM, logical=True)),
        raw(h5t.py_create(ENUM, logical=True), np.array([8], "i2"), memory=h5t.py_create(ENUM, logical=True)),
        VALUES, "values",
    ),
    "length of strings": (data(np.array([b"ab"], "S4")), data(np.array([b"ab"], "S5")), STRUCTURE, "type"),
    "a null inside": (
        strings([b"a\0b\0"], 4, h5t.STR_NULLPAD), strings([b"a\0c\0"], 4, h5t.STR_NULLPAD),
        VALUES, "values",
    ),
    "fixed and any length": (data(np.array([b"ab"], "S2")), text(["ab"]), STRUCTURE, "type"),
    "characters": (
        data(np.array(["a"], object), dtype=h5py.string_dtype("ascii")), text(["a"]), STRUCTURE, "type"
    ),
    "characters of fixed length": (
        strings([b"a"], 1, h5t.STR_NULLPAD), strings([b"a"], 1, h5t.STR_NULLPAD, h5t.CSET_UTF8), STRUCTURE, "type"
    ),
    "texts": (text(TEXTS), text([*TEXTS[:3], "End"]), VALUES, "values"),
    "where texts end": (text(["ab", "c"]), text(["a", "bc"]), VALUES, "values"),
    "where rows end": (ragged([1, 2], [3]), ragged([1], [2, 3]), VALUES, "values"),
    "a value of a row": (ragged([1, 2], [3]), ragged([1, 2], [4]), VALUES, "values"),
    "types of rows": (ragged([1]), ragged([1], dtype="i8"), STRUCTURE, "type"),
    "shape": (data(np.zeros((2, 3))), data(np.zeros((3, 2))), STRUCTURE, "shape"),
    "a length of one": (data(np.zeros(1)), data(0.0), STRUCTURE, "shape"),
    "null and nothing": (data(h5py.Empty("f8")), data(np.zeros(0)), STRUCTURE, "shape"),
    "null and a scalar": (data(h5py.Empty("f8")), data(0.0), STRUCTURE, "shape"),
    "which axis is empty": (data(np.zeros((0, 3))), data(np.zeros((3, 0))), STRUCTURE, "shape"),
    "arrays inside": (
        data(np.zeros(2, [("a", "f4", (3,))])), data(np.zeros(2, [("a", "f4", (1, 3))])),
        STRUCTURE, "type",
    ),
    "arrays inside or axes": (
        lambda file: file.create_dataset("x", (2,), np.dtype(("f4", (3,)))), data(np.zeros((2, 3), "f4")),
        STRUCTURE, "type",
    ),
    "names of fields": (data(ordered("a", "b")), data(ordered("a", "c")), STRUCTURE, "type"),
    "order of fields": (data(ordered("a", "b")), data(ordered("b", "a")), STRUCTURE, "type"),
    "a field": (data(RECORDS), data(np.array([(1, 2.5, b"x"), (3, -0.0, b"yz")], RECORDS.dtype)), VALUES, "values"),
    "opaque or text": (data(np.array([b"ab"], "V2")), data(np.array([b"ab"], "S2")), STRUCTURE, "type"),
    "units of time": (
        data(np.array([1], "M8[s]").astype(h5py.opaque_dtype(np.dtype("M8[s]")))),
        data(np.array([1], "M8[ms]").astype(h5py.opaque_dtype(np.dtype("M8[ms]")))),
        STRUCTURE, "type",
    ),
    "long double": (data(LONG), data(LONG.astype("f8")), STRUCTURE, "type"),
    "digits of long double": (data(LONG), data(np.nextafter(LONG, 0)), VALUES, "values"),
    "complex or two fields": (
        data(np.zeros(2, "c16")), data(np.zeros(2, [("re", "f8"), ("im", "f8")])),
        STRUCTURE, "type",
    ),
    "a name": (named("a"), named("b"), STRUCTURE, "added"),
    "more": (named("a"), named("a", "b"), STRUCTURE, "added"),
    "an empty group": (lambda file: None, lambda file: file.create_group("g"), STRUCTURE, "added"),
    "group or dataset": (lambda file: file.create_group("x"), data([1]), STRUCTURE, "kind of object"),
    "a link or a copy": (
        linked(("a", np.arange(2)), ("b", "a")), linked(("a", np.arange(2)), ("b", np.arange(2))), STRUCTURE, "link"
    ),
    "which is linked": (
        linked(("a", 1), ("b", 1), ("c", "a")), linked(("a", 1), ("b", 1), ("c", "b")), STRUCTURE, "link"
    ),
    "a link to a group or a copy": (
        linked(("a/x", 1), ("b", "a")), linked(("a/x", 1), ("b/x", 1)), STRUCTURE, "link"
    ),
    "soft or hard": (linked(("a", 1), ("b", h5py.SoftLink("/a"))), linked(("a", 1), ("b", "a")), STRUCTURE, "link"),
    "soft links": (linked(("b", h5py.SoftLink("/a"))), linked(("b", h5py.SoftLink("/c"))), STRUCTURE, "link"),
    "how soft links are written": (
        linked(("a", 1), ("b", h5py.SoftLink("/a"))), linked(("a", 1), ("b", h5py.SoftLink("a"))), STRUCTURE, "link"
    ),
    "files of external links": (
        linked(("b", h5py.ExternalLink("p.h5", "/a"))), linked(("b", h5py.ExternalLink("q.h5", "/a"))),
        STRUCTURE, "link",
    ),
    "paths of external links": (
        linked(("b", h5py.ExternalLink("p.h5", "/a"))), linked(("b", h5py.ExternalLink("p.h5", "/b"))),
        STRUCTURE, "link",
    ),
    "depth of cycles": (
        linked(("g/h/x", 1), ("g/h/up", "g")), linked(("g/h/x", 1), ("g/h/up", "g/h")), STRUCTURE, "link"
    ),
    "an attribute": (attribute(1.0), attribute(2.0), METADATA, "attribute unit"),
    "type of an attribute": (attribute(np.int32(1)), attribute(np.int64(1)), METADATA, "attribute unit: type"),
    "shape of an attribute": (attribute(1.0), attribute([1.0]), METADATA, "attribute unit: shape"),
    "name of an attribute": (attribute(1.0), attribute(1.0, "Unit"), METADATA, "attribute unit"),
    "an empty attribute": (attribute(h5py.Empty("S1")), attribute(np.bytes_(b"")), METADATA, "attribute unit: shape"),
    "text of an attribute": (attribute("Jy"), attribute("mJy"), METADATA, "attribute unit"),
    "characters of an attribute": (
        attribute("Jy"), attribute("Jy", dtype=h5py.string_dtype("ascii")), METADATA, "attribute unit: type"
    ),
    "attributes of a dataset": (
        lambda file: data([1])(file).attrs.__setitem__("u", 1), lambda file: data([1])(file).attrs.__setitem__("u", 2),
        METADATA, "attribute u",
    ),
    "attributes elsewhere": (
        both(named("a/x", "b/x"), lambda file: file["a"].attrs.__setitem__("u", 1)),
        both(named("a/x", "b/x"), lambda file: file["b"].attrs.__setitem__("u", 1)),
        METADATA, "attribute u",
    ),
    "comments": (commented(b"one"), commented(b"two"), METADATA, "comment"),
    "references": (references("t/a", "t/b"), references("t/b", "t/b"), VALUES, "values"),
    "no reference": (references("t/a", "t/b"), references("t/a", None), VALUES, "values"),
    "regions": (regions(np.s_[3:9]), regions(np.s_[3:10]), VALUES, "values"),
    "steps of regions": (regions(np.s_[0:10:2]), regions(np.s_[0:15:3]), VALUES, "values"),
    "regions by points": (regions(np.s_[[1, 5, 7]]), regions(np.s_[[1, 5, 8]]), VALUES, "values"),
    "regions in records": (regions(np.s_[3:9], in_record=True), regions(np.s_[2:9], in_record=True), VALUES, "values"),
    "parts of virtual datasets": (virtual("p.h5", "q.h5"), virtual("q.h5", "p.h5"), STRUCTURE, "where values lie"),
    "fill of virtual datasets": (virtual("p.h5"), virtual("p.h5", fill=3), STRUCTURE, "where values lie"),
    "virtual or not": (virtual("p.h5"), data(np.zeros((4, 100))), STRUCTURE, "where values lie"),
    "names of types": (linked(("t", np.dtype("f4"))), linked(("t", np.dtype("f8"))), STRUCTURE, "type"),
    "use of types": (committed(is_used=True), committed(is_used=False), STRUCTURE, "named type"),
    "texts in records": (data(MIXED_ROWS), data(MIXED_ROWS[::-1]), VALUES, "values"),
    "scales": (
        scales("time", "u", "v"), scales("time", "u", "v", variables=("u",)),
        METADATA, "attribute DIMENSION_LIST",
    ),
    "case of names": (named("a"), named("A"), STRUCTURE, "added"),
    "composed names": (named("\u00e9"), named("e\u0301"), STRUCTURE, "added"),
    "depth": (named("a/b"), named("a/c/b"), STRUCTURE, "added"),
}  # fmt: skip


@pytest.mark.parametrize("case", EQUAL)
def test_what_does_not_count_is_told_as_storage(case, tmp_path):
    """Files that are equal as data have one digest, and it can be said in what they differ."""
    make_a, make_b, what = EQUAL[case]
    counting, storage = found_by(files(tmp_path, make_a, make_b))

    assert counting == []
    assert {entry.kind for entry in storage} <= {STORAGE}
    assert what is None or what in {entry.what for entry in storage}


@pytest.mark.parametrize("case", DIFFERENT)
def test_what_counts_is_told_by_its_kind(case, tmp_path):
    """Files that look alike and differ as data have two digests, and the difference is named."""
    make_a, make_b, kind, what = DIFFERENT[case]
    counting, _storage = found_by(files(tmp_path, make_a, make_b))

    assert (kind, what) in {(entry.kind, entry.what) for entry in counting}


class TestContract(FormatContract):
    """The contract of all formats."""

    @pytest.fixture
    def format(self):
        return Hdf5()

    @pytest.fixture
    def equal(self, tmp_path):
        makers = both(data(VALUES_2D, "g/x"), data(3.5, "s"), data("text", "t"), data(RECORDS, "r"), attribute("Jy"))
        packed = both(
            attribute("Jy"), data(RECORDS.astype(PADDED), "r"), data("text", "t"), data(3.5, "s"),
            data(VALUES_2D.astype(">f8"), "g/x", chunks=(3, 3), compression="gzip"),
        )  # fmt: skip
        return files(tmp_path, makers, packed)

    @pytest.fixture
    def different(self, tmp_path):
        (tmp_path / "different").mkdir()
        return files(tmp_path / "different", data(VALUES_2D), data(np.nextafter(VALUES_2D, 1)))


# --- how differences are told -----------------------------------------------------------------------------


def test_texts_are_no_numbers(tmp_path):
    """An attribute that is a text is shown as text, without a count or an error."""
    (entry,), _ = found_by(files(tmp_path, attribute("Jy"), attribute("mJy")))

    assert entry == (METADATA, (), "attribute unit", "Jy", "mJy", None)


def test_filters_are_told_with_their_parameters(tmp_path):
    """By name and numbers; a filter without parameters by its name."""
    _, ignored = found_by(files(tmp_path, data(VALUES_2D, chunks=(5, 5)),
                                data(VALUES_2D, chunks=(5, 5), compression="gzip", fletcher32=True)))  # fmt: skip

    assert {entry.b for entry in ignored} >= {"deflate 4", "fletcher32"}


def test_the_version_of_the_library_is_told_once(tmp_path):
    """Not for each object that it wrote."""

    def groups(**options):
        return lambda file: [file.create_group(f"g{number}", **options) for number in range(3)]

    _, ignored = found_by(files(tmp_path, groups(), groups(track_order=True)))

    assert [entry.place for entry in ignored if entry.what == "library version"] == [()]


def test_arrays_of_any_length_are_shown_as_arrays(tmp_path):
    """And not as their bytes."""
    (entry,), _ = found_by(files(tmp_path, ragged([1, 2], [3]), ragged([1, 2], [3, 4])))

    assert (entry.kind, entry.a, entry.b) == (VALUES, "[3]", "[3 4]")
