"""What the calls of `Store` return: frozen, with the field names of the tables and of `--json`."""

from __future__ import annotations

from dataclasses import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from provstore.model.values import JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """One recorded piece of data.

    Attributes:
        id: UUID; sorts by the time of recording.
        type: Name of its dataset type.
        data_id: Dimension → value.
        run: The RUN collection that it is in.
        path: Relative to the project; absolute or with ``../`` in front when it lies outside.
        kind: "file" or "directory".
        size: Bytes; of a directory: of all its files; 0 of what is recorded without data.
        digest: ``blake3:`` and 64 digits: of the bytes, of a directory's manifest; of what is recorded without data, of
            its `url` and `contact`.
        semantic_digest: Equal for what is equal as data; None: its format has none.
        created: When it was recorded: UTC, ISO 8601.
        execution: Id of what made it; None: nobody that is known.
        version: ``1.10.0``; None: it has none.
        owner_type: "user", "group", "project" or "production".
        status: "valid", "replaced" or "deleted".
        iteration: 0, 1, … of those that replaced each other.
        replaces: Id of the one that it replaced.
        keywords: In alphabetical order.
    """

    id: str
    type: str
    data_id: Mapping[str, JSON]
    run: str
    path: str
    kind: str
    size: int
    digest: str
    semantic_digest: str | None
    format: str
    created: str
    execution: str | None
    name: str
    version: str | None
    owner: str
    owner_type: str
    description: str
    status: str
    iteration: int
    replaces: str | None
    keywords: tuple[str, ...]
    metadata: Mapping[str, JSON]
    location: str = "project"
    url: str | None = None
    contact: str | None = None
    overwritable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """What made datasets: an attempt to run a task, or an execution that was registered by hand.

    Attributes:
        run, stage: None of one that was registered by hand.
        started, ended: UTC, ISO 8601; `ended` may not be known.
        outcome: "succeeded", "failed", "tainted", "timed-out", "cancelled" or "interrupted".
        configuration: Digest of the object with its configuration's text.
        inputs, outputs: Ids of the datasets that it read and made.
    """

    id: str
    run: str | None
    stage: str | None
    data_id: Mapping[str, JSON]
    name: str
    description: str
    site: str | None
    configuration: str | None
    started: str
    ended: str | None
    outcome: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """A named set of datasets.

    Attributes:
        type: "RUN", "TAGGED", "CHAINED" or "CALIBRATION".
        children: Of a CHAINED one, in the order in which they are searched; empty of the others.
    """

    name: str
    type: str
    children: tuple[str, ...]
    description: str = ""
    created: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetType:
    """A named kind of data.

    Attributes:
        dimensions: Names of the dimensions that label its datasets.
        path: Path template; None: it has none.
    """

    name: str
    dimensions: tuple[str, ...]
    format: str
    path: str | None = None
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DimensionRecord:
    """What is known of one value of a dimension. ``record["exposure_time"]`` gives anything of it by its name.

    Attributes:
        data_id: The dimensions that it requires, and its own, each with its value; to be used as a data ID.
        fields: Implied dimensions and metadata; None where nothing is known.
        begin, end: Of its time span: UTC, ISO 8601, half open; None is open.
        region: On the sky, in degrees (ICRS): ``CIRCLE(150.1, 2.2, 0.75)``; None: it has none.
    """

    dimension: str
    data_id: Mapping[str, JSON]
    fields: Mapping[str, JSON]
    begin: str | None = None
    end: str | None = None
    region: str | None = None

    def __getitem__(self, name: str) -> JSON:
        return self.to_dict()[name]

    def to_dict(self) -> dict[str, JSON]:
        """All of it by name, as `Store.insert_dimension` takes it."""
        more = {"begin": self.begin, "end": self.end, "region": self.region}
        return {**self.data_id, **self.fields, **{name: value for name, value in more.items() if value is not None}}
