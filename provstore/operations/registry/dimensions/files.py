"""Records of dimensions out of files: JSON, lines of JSON, or CSV with a header. What a file is, is told by its text.

A JSON file is an array of records, one record, or what `provstore dimension show --json` prints.
"""

from __future__ import annotations

import json
import sys

from provstore.errors import FileError, UsageError, error_from_os
from provstore.noun import NamedTuple
from provstore.operations.registry.dimensions.fields import from_texts
from provstore.operations.registry.dimensions.records import dimensions_of, insert_dimension
from provstore.operations.registry.writing import unobserved

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from provstore.events import Observer
    from provstore.operations.registry.dimensions.records import Inserted
    from provstore.project import Project

STANDARD_INPUT = "-"
EXPECTED = "expected records as JSON (an array, or one in each line) or as CSV with the names of the fields first"


class Found(NamedTuple):
    """What stands in a file.

    Attributes:
        records: In its order.
        places: Where each stands.
        are_texts: All values are texts, as in CSV.
    """

    records: Sequence[Any]
    places: Sequence[str]
    are_texts: bool = False


def insert_file(project: Project, name: str, path: str, observe: Observer = unobserved) -> Inserted:
    """Inserts the records of a file.

    Args:
        path: ``-`` is standard input.

    Raises:
        FileError: It can't be read, or is neither JSON nor CSV.
        UsageError: As `insert_dimension`.
    """
    found = records_in(_text_of(path), "standard input" if path == STANDARD_INPUT else path)
    records = found.records
    dimensions = dimensions_of(project)
    if found.are_texts and name in dimensions:
        records = [from_texts(dimensions, name, record) for record in records]
    return insert_dimension(project, name, records, observe, found.places)


def insert_words(project: Project, name: str, words: Sequence[str], observe: Observer = unobserved) -> Inserted:
    """Inserts one record, from words such as ``visit=101``.

    Raises:
        UsageError: A word is not of this form; or as `insert_dimension`.
    """
    dimensions = dimensions_of(project)
    texts: dict[str, str] = {}
    for word in words:
        field, equals, text = word.partition("=")
        if not equals or not field:
            raise UsageError(f"found {word!r}, expected FIELD=VALUE, or one file")
        if field in texts:
            raise UsageError(f"field '{field}' is there twice: '{field}={texts[field]}' and {word!r}")
        texts[field] = text
    record = from_texts(dimensions, name, texts) if name in dimensions else {}
    return insert_dimension(project, name, [record], observe, [name])


def _text_of(path: str) -> str:
    try:
        if path == STANDARD_INPUT:
            data = sys.stdin.buffer.read()
        else:
            with open(path, "rb") as file:
                data = file.read()
        return data.decode("utf-8-sig")
    except OSError as error:
        raise error_from_os(error, path) from error
    except UnicodeDecodeError as error:
        name = "standard input" if path == STANDARD_INPUT else path
        raise FileError(f"{name}: byte {error.start + 1} is not UTF-8", hint=EXPECTED) from error


def records_in(text: str, name: str) -> Found:
    """The records in a file's text.

    Args:
        name: Of the file, for messages.

    Raises:
        FileError: It is neither JSON nor CSV, or holds no record.
    """
    begin = text.lstrip()[:1]
    if not begin:
        raise FileError(f"{name}: it is empty", hint=EXPECTED)
    return _json(text, name) if begin in "[{" else _csv(text, name)


def _json(text: str, name: str) -> Found:
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        return _lines(text, name)
    if isinstance(whole, dict):
        whole = whole["records"] if isinstance(whole.get("records"), list) else [whole]
    return Found(whole, [f"{name}: record {number}" for number in range(1, len(whole) + 1)])


def _lines(text: str, name: str) -> Found:
    """One record in each line."""
    records, places = [], []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            records.append(json.loads(line))
        except (ValueError, RecursionError) as error:
            what = f"{error.msg}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else str(error)
            raise FileError(f"{name}:{number}: this is no JSON: {what}", hint=EXPECTED) from error
        places.append(f"{name}:{number}")
    return Found(records, places)


def _csv(text: str, name: str) -> Found:
    import csv
    import io

    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    records, places = [], []
    try:
        head = [field.strip() for field in next(reader)]
        if len(set(head)) < len(head) or "" in head:
            names = ", ".join(map(repr, head))
            raise FileError(f"{name}:1: found the names {names}, expected each once", hint=EXPECTED)
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(head):
                hint = 'a region stands in quotes: "CIRCLE(150.1, 2.2, 0.75)"' if len(row) > len(head) else ""
                raise FileError(f"{name}:{reader.line_num}: found {len(row)} values, expected {len(head)}", hint=hint)
            records.append(dict(zip(head, [cell.strip() for cell in row], strict=True)))
            places.append(f"{name}:{reader.line_num}")
    except csv.Error as error:
        raise FileError(f"{name}:{reader.line_num}: this is no CSV: {error}", hint=EXPECTED) from error
    return Found(records, places, are_texts=True)
