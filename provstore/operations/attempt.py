"""One attempt to run a task, in nouns: what it is given, what runs, how it ended."""

from __future__ import annotations

from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from provstore.model.files import DirectoryMemo, Memo
    from provstore.model.task import LookedUp, Work
    from provstore.model.values import DataId
    from provstore.operations.outputs import Aside, Outputs
    from provstore.operations.secrets import Secrets
    from provstore.store.facts import Row
    from provstore.store.ledger import Ledger
    from provstore.store.store import Store
    from provstore.watch.workspace import Workspace


class Circumstances(NamedTuple):
    """What all attempts of a run share.

    Attributes:
        root: Absolute path of the project.
        objects_limit: Outputs above this many bytes are not kept; None: all are.
        environment: What the runner itself was given.
        secrets: What no record may show.
        tell: Gets remarks for the user.
        files: The Pipelinefile and what it includes, relative to the root.
        looked_up: Datasets that are inputs because they were found in the registry, by the path where they are read.
    """

    root: str
    run: str
    collection: str
    owner: str
    objects_limit: int | None
    store: Store
    ledger: Ledger
    workspace: Workspace
    outputs: Outputs
    environment: Mapping[str, str]
    secrets: Secrets
    tell: Callable[[str], None]
    files: Sequence[str] = ()
    looked_up: Mapping[str, LookedUp] = {}


class Ready(NamedTuple):
    """A task that is to be run now.

    Attributes:
        name: As the command line spells it.
        looks: What was seen at each input when its key was made.
    """

    name: str
    stage: str
    data_id: DataId
    data_id_text: str
    key: str
    work: Work
    looks: Sequence[Memo | DirectoryMemo | None]
    attempt: int


class Underway(NamedTuple):
    """A task whose command runs.

    Attributes:
        execution: Id of the attempt.
        row: Its record, as far as it is known.
        folder: Where its log is.
        aside: What was moved, or copied, out of the way.
        usage: What it reads, as (role, position within the role, dataset): noted before it may change.
    """

    ready: Ready
    execution: str
    row: Row
    folder: str
    aside: Sequence[Aside]
    usage: Sequence[tuple[str, int, str]]


class Conclusion(NamedTuple):
    """How an attempt ended.

    Attributes:
        outcome: As in the table `execution`.
        made: Identities of the outputs, after a success.
    """

    outcome: str
    message: str
    made: tuple[str, ...]
