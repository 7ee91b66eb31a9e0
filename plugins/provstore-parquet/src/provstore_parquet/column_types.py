"""Types of columns: their one spelling, and the plain type in which their values are looked at.

Rules: what the values are counts (``int32`` is not ``int64``, a time has its unit and its zone, a decimal its precision
and scale), and so does whether nulls are allowed. The container that Arrow chooses for them does not: text is text,
be it ``string``, ``large_string`` or a dictionary of strings; a list is a list, be it large or of a fixed length; a
decimal is one, however many bytes it takes. Nor do the names that writers give to the elements of lists and to the keys
and values of maps.
"""

from __future__ import annotations

from provstore.plugin import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DEEPEST = 60
"""Levels of nesting of a column, at most."""
WIDEST_DECIMAL128 = 38
"""Digits for which 16 bytes are enough; Arrow's copy of the schema may ask for fewer bytes, or for more."""
KNOWN_BY_PARQUET = ("arrow.json", "arrow.uuid")
"""Extension types that are types of Parquet as well: pyarrow's version decides whether it shows them as extensions."""


def plain_type(kind: Any, depth: int = 0) -> Any:
    """The type to which an array is cast before it is looked at: without dictionaries, views, maps and extensions.

    Raises:
        Unavailable: Nested too deep.
    """
    import pyarrow as pa

    types = pa.types
    if depth > DEEPEST:
        raise Unavailable(f"a column is nested more than {DEEPEST} levels deep")
    if isinstance(kind, pa.BaseExtensionType):
        return plain_type(kind.storage_type, depth + 1)
    if types.is_dictionary(kind) or types.is_run_end_encoded(kind):
        return plain_type(kind.value_type, depth + 1)
    if types.is_map(kind):
        entry = [_plain_field(kind.key_field, depth), _plain_field(kind.item_field, depth)]
        return pa.list_(pa.field("entry", pa.struct(entry), False))
    if is_list(kind):
        make = pa.large_list if types.is_large_list(kind) or types.is_large_list_view(kind) else pa.list_
        return make(_plain_field(kind.value_field, depth))
    if types.is_struct(kind):
        return pa.struct([_plain_field(kind.field(i), depth) for i in range(kind.num_fields)])
    return _plain_leaf(kind)


def _plain_leaf(kind: Any) -> Any:
    import pyarrow as pa

    if pa.types.is_string_view(kind):
        return pa.large_string()
    if pa.types.is_binary_view(kind):
        return pa.large_binary()
    if pa.types.is_decimal(kind):
        make = pa.decimal128 if kind.precision <= WIDEST_DECIMAL128 else pa.decimal256
        return make(kind.precision, kind.scale)
    return kind


def _plain_field(field: Any, depth: int) -> Any:
    return field.with_type(plain_type(field.type, depth + 1)).remove_metadata()


def is_list(kind: Any) -> bool:
    """Lists of all kinds, but no maps."""
    import pyarrow as pa

    names = ("is_list", "is_large_list", "is_fixed_size_list", "is_list_view", "is_large_list_view")
    return any(getattr(pa.types, name)(kind) for name in names)


def is_text(kind: Any) -> bool:
    """Text or bytes of any length."""
    import pyarrow as pa

    names = ("is_string", "is_large_string", "is_binary", "is_large_binary")
    return any(getattr(pa.types, name)(kind) for name in names)


def type_text(field: Any, depth: int = 0) -> str:
    """The one spelling of a column's type: "int32 not null", "list<text>", "struct<'x': float64, 'y': timestamp[ms]>".

    Two columns have one spelling exactly if their types count as equal.

    Raises:
        Unavailable: Nested too deep.
    """
    if depth > DEEPEST:
        raise Unavailable(f"a column is nested more than {DEEPEST} levels deep")
    return _spelling(field.type, depth) + ("" if field.nullable else " not null")


def _spelling(kind: Any, depth: int) -> str:
    import pyarrow as pa

    types = pa.types
    if isinstance(kind, pa.BaseExtensionType):
        return _spelling(kind.storage_type, depth)
    if types.is_dictionary(kind) or types.is_run_end_encoded(kind):
        return _spelling(kind.value_type, depth)
    if types.is_map(kind):
        return f"map<{type_text(kind.key_field, depth + 1)}, {type_text(kind.item_field, depth + 1)}>"
    if is_list(kind):
        return f"list<{type_text(kind.value_field, depth + 1)}>"
    if types.is_struct(kind):
        fields = [kind.field(i) for i in range(kind.num_fields)]
        return f"struct<{', '.join(f'{field.name!r}: {type_text(field, depth + 1)}' for field in fields)}>"
    if types.is_decimal(kind):
        return f"decimal({kind.precision}, {kind.scale})"
    return SPELLINGS.get(str(kind), str(kind))


SPELLINGS = {
    **dict.fromkeys(("string", "large_string", "string_view"), "text"),
    **dict.fromkeys(("binary", "large_binary", "binary_view"), "bytes"),
    **{"halffloat": "float16", "float": "float32", "double": "float64"},
}
"""Names of types that are others than Arrow's."""
