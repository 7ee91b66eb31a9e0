"""The seams: what the engine asks of the world, and who may call it from where.

Each is small enough for a fake that behaves (`provstore.testing` has them). An adapter sees values only:
no store, no graph, no user.
"""

from __future__ import annotations

from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Protocol

    from provstore.model.files import Content
    from provstore.model.measures import Measures
else:
    Protocol = object  # `typing` takes 2 ms to import


class Job(NamedTuple):
    """One attempt to run one task, as an executor sees it.

    Attributes:
        execution: Id of the execution; also in the environment as ``PROVSTORE_EXECUTION``, by which
            processes that outlive everything are recognised.
        argv: Program and arguments. A program without a slash is looked up along ``PATH``.
        cwd: Absolute path of the working folder, which exists.
        environment: The whole environment of the command.
        folder: Absolute path of a folder that belongs to this job alone while it runs. The executor
            writes ``log`` (standard output and error, as one stream) and ``process`` there.
        timeout: Seconds until the job is ended; None: never.
    """

    execution: str
    argv: tuple[str, ...]
    cwd: str
    environment: Mapping[str, str]
    folder: str
    timeout: float | None


class Finished(NamedTuple):
    """How a job ended. Exactly one of `exit_status`, `signal` and `error` is set.

    Attributes:
        exit_status: What the command ended with, 0 to 255.
        signal: Number of the signal that ended it.
        error: Why it could not be started ("no such program: 'pyhton'").
        timed_out: It was ended for its timeout.
        stopped: It was ended because `stop` or `kill` was called.
        survivors: What the command had started and left running, as "pid 4711 (sleep 100)"; all ended by now.
        started, ended: Seconds since 1970.
        cpu_seconds: User and system time of the command and all it waited for; None: not known.
        peak_memory: Bytes, of its largest process; never below the runner's own size at the start,
            since Linux counts the moment before exec. None: not known.
        log_size: Bytes in ``log``.
    """

    execution: str
    exit_status: int | None
    signal: int | None
    error: str
    timed_out: bool
    stopped: bool
    survivors: tuple[str, ...]
    started: float
    ended: float
    cpu_seconds: float | None
    peak_memory: int | None
    log_size: int


class Executor(Protocol):
    """Runs commands somewhere. Called from one thread, the one that made it."""

    def start(self, job: Job) -> None:
        """Starts a job and returns at once. A job that can't be started is reported by `wait`."""

    def wait(self, seconds: float | None) -> Sequence[Finished]:
        """Jobs that ended since the last call.

        Waits until one ends, `seconds` have passed (None: no limit), or a signal arrives; then the result may be
        empty. Returns at once when nothing is running.
        """

    def stop(self, number: int) -> None:
        """Sends signal `number` to all that runs; what still lives five seconds later is killed."""

    def kill(self) -> None:
        """Kills all that runs, at once."""

    def close(self) -> None:
        """Frees what the executor holds. Only after an error of the runner may something be running; it is ended."""


class Meaning(NamedTuple):
    """What a file's format says of what was read.

    Attributes:
        format: Its name.
        digest: Semantic digest; None: the bytes decide.
        dataset: The dataset that is recorded with these very bytes at this path, if there is one.
        was_read: The format has read the file: it may have changed since its bytes were read.
    """

    format: str
    digest: str | None
    dataset: str | None
    was_read: bool


class Semantics(Protocol):
    """Knows what files mean. Called from one thread."""

    def of(self, path: str, full: str, content: Content, before: str) -> Meaning:
        """What the file or directory at a path means whose bytes were just read.

        Args:
            path: As the project knows it; its ending may count.
            full: Where it lies.
            content: What was read.
            before: The identity that it had when it was read last; "" if that is not known.
        """

    def ignored(self, path: str, format: str, old: str, new: str) -> Sequence[str]:
        """In what two versions of a file differ that are equal as data: "chunking", "creation times".

        Args:
            old, new: Where they lie, absolute.

        Returns:
            Empty where that can't be told.
        """

    def measures(self, path: str, full: str, format: str) -> Measures | None:
        """The measures in a file that is marked as a metric.

        Returns:
            None where they can't be read, which is said in a remark; or the run was told to end.
        """


class Keeper(Protocol):
    """Keeps the bytes of files while they are read, so that each is read once. Called from one thread."""

    def keep_bytes(self, digest: str, data: bytes) -> None:
        """Keeps bytes that are in memory."""

    def take_in(self, descriptor: int, size: int, is_unchanged: Callable[[], bool]) -> str:
        """Reads an open file to its end, keeps what it holds, and returns the digest of what was read.

        Args:
            descriptor: Open for reading, at its beginning.
            size: Bytes expected; only decides how the file is read.
            is_unchanged: Whether the file still looks as it did before it was read; asked at the end, and
                nothing is kept where it does not. Every change meanwhile must show: the file's last change
                is longer ago than a tick of the clock that stamps it.

        Raises:
            OSError: The file can't be read.
            StoreError: Its bytes can't be kept.
        """


class Orphan(NamedTuple):
    """A process of a run that is no more, found alive and ended.

    Attributes:
        execution: The execution that started it.
        pid: Its process id.
        command: Its command line, for messages.
    """

    execution: str
    pid: int
    command: str
