"""Runs commands as processes of this machine.

Rules of this file:

1. `posix_spawn` only. A fork would copy the runner's memory tables and its threads' locks; a thousand
   one-line tasks are to take what they take in ninja.
2. Each job is a process group. What leaves the group (a daemon) becomes a child of the runner, as that
   adopts strays; so after a job has ended, children that nobody started here are what it left behind.
3. A job is finished only when nothing of it lives any more.
4. Nothing blocks but `wait`, and that only in one `poll`: for signals (SIGCHLD among them) by the wake-up
   descriptor, for `wake`, and for the next moment at which a job needs something.

Where there is no /proc and no adoption of strays (macOS), rule 3 holds for process groups.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from contextlib import suppress

from provstore.errors import DISK_FAULTS
from provstore.executors import processes
from provstore.executors.programs import NotStartedError, Programs, why_not_started
from provstore.executors.slots import Slot, out_of_the_way
from provstore.executors.spawn import spawn
from provstore.executors.watchdog import Watchdog
from provstore.ports import Finished

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from resource import struct_rusage
    from types import FrameType

    from provstore.ports import Job

GRACE = 5.0
"""Seconds between the request to end, by `stop` or a timeout, and SIGKILL."""

PATIENCE = 0.05
"""Seconds that the rest of a pipeline may take to end after the command itself has."""

SURVIVOR_GRACE = 0.2
"""Seconds between SIGTERM and SIGKILL for what outlives its command."""

HOPELESS = 5.0
"""Seconds of SIGKILL after which a process hangs in the kernel or belongs to somebody else."""

LONGEST_SLEEP = 1.0
"""Seconds after which `wait` looks by itself: a wake-up that got lost must not make it sleep for ever."""

TICK = 0.005
"""Seconds between two looks at processes that nobody tells us about."""

SURVIVORS_NAMED = 20
"""More are ended as well, but a message need not name them all."""

IDLE_SLOTS = 64
"""So many folders are kept open; callers use a handful, again and again."""

BYTES_OF_MAXRSS = 1 if sys.platform == "darwin" else 1024

CHILD_SIGNAL = bytes([signal.SIGCHLD])

# How far a job is. It may skip steps, but never goes back.
RUNNING = 0  # `due`: its timeout
LINGERING = 1  # the command has ended, something of it has not; `due`: patience ends
ENDING = 2  # asked to end; `due`: SIGKILL
KILLING = 3  # killed; `due`: the next SIGKILL, for what was forked meanwhile


class _Run:
    """One job from its start to its end.

    Attributes:
        group: Its process group; 0 once that has been seen empty, since the number may then be used again.
        phase, due: See above; `due` is on the monotonic clock, None is never.
        ended: When the command itself ended, in seconds since 1970; 0: not yet.
        hopeless_at: On the monotonic clock; when to stop waiting for what can't be killed.
    """

    __slots__ = (
        *("began", "cpu_seconds", "due", "ended", "error", "exit_status", "group", "hopeless_at", "job", "peak_memory"),
        *("phase", "pid", "signal", "slot", "started", "stopped", "survivors", "timed_out"),
    )

    def __init__(self, job: Job, pid: int, slot: Slot, started: float) -> None:
        self.job, self.pid, self.slot, self.started = job, pid, slot, started
        self.began = time.monotonic()
        self.group = pid
        self.phase = RUNNING
        self.due = None if job.timeout is None else time.monotonic() + job.timeout
        self.ended = self.hopeless_at = 0.0
        self.error = ""
        self.exit_status: int | None = None
        self.signal: int | None = None
        self.cpu_seconds: float | None = None
        self.peak_memory: int | None = None
        self.timed_out = self.stopped = False
        self.survivors: tuple[str, ...] = ()

    def now(self) -> float:
        """Seconds since 1970 as they go on from the start: a clock that is set meanwhile makes no task longer."""
        return self.started + time.monotonic() - self.began

    def note_end(self, status: int, usage: struct_rusage) -> None:
        """Takes what the kernel says of the ended command."""
        self.ended = self.now()
        if os.WIFSIGNALED(status):
            self.signal = os.WTERMSIG(status)
        else:
            self.exit_status = os.WEXITSTATUS(status)
        self.cpu_seconds = usage.ru_utime + usage.ru_stime
        self.peak_memory = usage.ru_maxrss * BYTES_OF_MAXRSS

    def finished(self, log_size: int) -> Finished:
        return Finished(
            self.job.execution,
            self.exit_status,
            self.signal,
            self.error,
            self.timed_out,
            self.stopped,
            self.survivors,
            self.started,
            self.ended,
            self.cpu_seconds,
            self.peak_memory,
            log_size,
        )


class LocalExecutor:
    """Runs commands as processes of this machine; see `provstore.ports.Executor`.

    To be made, used and closed in the main thread, which gets the signals. From construction to `close`
    it owns SIGCHLD and the wake-up descriptor of `signal`, and strays below this process become its
    children. Other children of this process are left alone, as long as they stay in its process group.

    Args:
        running: Absolute path of the folder that holds the folders of jobs.
    """

    def __init__(self, running: str) -> None:
        self._running_folder = running
        self._runs: dict[int, _Run] = {}
        self._finished: list[Finished] = []
        self._slots: dict[str, Slot] = {}
        self._programs = Programs()
        self._watchdog: Watchdog | None = None
        _close_inherited_on_exec()
        self._null = out_of_the_way(os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC))
        self._home = out_of_the_way(os.open(".", getattr(os, "O_PATH", os.O_RDONLY) | os.O_CLOEXEC))
        self._unclear = False
        self._boot = processes.boot_id()
        self._group = os.getpgrp()
        self._adopted_before = processes.adopt_strays(True)
        self._children_file = _open_children_file()
        self._known = set(self._children())
        self._listen()

    def _listen(self) -> None:
        bell, alarm = os.pipe()
        self._bell, self._alarm = out_of_the_way(bell), out_of_the_way(alarm)
        os.set_blocking(self._bell, False)
        os.set_blocking(self._alarm, False)
        self._poll = select.poll()
        self._poll.register(self._bell, select.POLLIN)
        self._wakeup_before = signal.set_wakeup_fd(self._alarm, warn_on_full_buffer=False)
        self._handler_before = signal.signal(signal.SIGCHLD, _hear)

    def start(self, job: Job) -> None:
        """Starts a job and returns at once; `wait` reports one that can't be started."""
        started = time.time()
        try:
            slot = self._prepare(job.folder)
            pid = self._spawn(job, slot)
        except NotStartedError as error:
            self._finished.append(_refused(job, started, str(error)))
        else:
            slot.note(f"{self._boot} {pid} {started:.6f}")
            self._known.add(pid)
            self._runs[pid] = _Run(job, pid, slot, started)

    def wait(self, seconds: float | None) -> Sequence[Finished]:
        """Jobs that ended since the last call; see `provstore.ports.Executor`."""
        until = None if seconds is None else time.monotonic() + seconds
        while self._runs and not self._finished:
            called = self._sleep(until)
            self._look()
            if called:
                break
        finished, self._finished = self._finished, []
        return finished

    def wake(self) -> None:
        """Makes the present or the next `wait` return; may be called from a signal handler or a thread."""
        with suppress(BlockingIOError):  # full: it wakes anyway
            os.write(self._alarm, b"\0")

    def stop(self, number: int) -> None:
        """Sends signal `number` to all that runs; what still lives five seconds later is killed."""
        kill_at = time.monotonic() + GRACE
        for run in self._runs.values():
            if not run.ended:
                self._signal(run, number)
                run.stopped = True
                if run.phase < ENDING:
                    run.phase, run.due = ENDING, kill_at

    def kill(self) -> None:
        """Kills all that runs, at once."""
        for run in self._runs.values():
            run.stopped = run.stopped or not run.ended
            if run.phase == LINGERING:
                run.survivors = self._names(run)
            self._kill(run)

    def close(self) -> None:
        """Frees what the executor holds; kills what should not be running any more, but is."""
        self.kill()
        while self._runs:
            self.wait(None)
        if self._watchdog is not None:
            self._watchdog.end()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL if self._handler_before is None else self._handler_before)
        signal.set_wakeup_fd(self._wakeup_before)
        if not self._adopted_before:
            processes.adopt_strays(False)
        for slot in self._slots.values():
            slot.close()
        for descriptor in (self._bell, self._alarm, self._null, self._home, self._children_file):
            if descriptor >= 0:
                os.close(descriptor)

    # Starting

    def _prepare(self, folder: str) -> Slot:
        try:
            slot = self._slot(folder)
            if self._watchdog is None:
                self._watchdog = Watchdog(self._running_folder, self._null)
                self._known.add(self._watchdog.pid)
        except OSError as error:
            if error.errno in DISK_FAULTS:
                raise
            raise NotStartedError(f"{error.filename or folder}: {error.strerror}") from error
        return slot

    def _slot(self, folder: str) -> Slot:
        slot = self._slots.get(folder)
        if slot is not None:
            slot.make_ready()
            return slot
        if len(self._slots) >= IDLE_SLOTS:
            self._close_idle_slots()
        slot = self._slots[folder] = Slot(folder)
        return slot

    def _close_idle_slots(self) -> None:
        busy = {run.job.folder for run in self._runs.values()}
        for folder in [folder for folder in self._slots if folder not in busy]:
            self._slots.pop(folder).close()

    def _spawn(self, job: Job, slot: Slot) -> int:
        program = self._programs.find(job)
        try:
            os.chdir(job.cwd)  # posix_spawn starts in the caller's folder
            return spawn(job, program, self._null, slot.log)
        except (OSError, ValueError) as error:
            raise NotStartedError(why_not_started(job, error)) from error
        finally:
            os.fchdir(self._home)

    # Waiting

    def _sleep(self, until: float | None) -> bool:
        """Sleeps until something may have happened. Says whether the caller of `wait` wants to go on."""
        now = time.monotonic()
        moments = [now + LONGEST_SLEEP] if until is None else [until, now + LONGEST_SLEEP]
        for run in self._runs.values():
            if run.due is not None:
                moments.append(min(run.due, now + TICK) if run.ended else run.due)
        if self._poll.poll(max(0.0, min(moments) - now) * 1000):
            return bool(os.read(self._bell, 4096).strip(CHILD_SIGNAL))
        return until is not None and time.monotonic() >= until

    def _look(self) -> None:
        """Notices which commands have ended, and does what is due."""
        some_ended = False
        for run in list(self._runs.values()):
            if not run.ended:
                some_ended |= self._reap(run)
            if run.ended and self._is_gone(run):
                self._finish(run)
            elif run.due is not None and run.due <= time.monotonic():
                self._go_on(run)
        if not some_ended:
            self._strays(None)  # a daemon that has ended must not stay a zombie until its command ends

    def _reap(self, run: _Run) -> bool:
        try:
            pid, status, usage = os.wait4(run.pid, os.WNOHANG)
        except ChildProcessError:
            run.ended = run.now()
            run.error = "its exit status is lost: something else in this process has waited for it"
        else:
            if not pid:
                return False
            run.note_end(status, usage)
        self._known.discard(run.pid)
        if run.phase == ENDING:
            for pid in self._strays(run):  # the group has been asked to end already
                _send(pid, signal.SIGTERM)
        return True

    def _is_gone(self, run: _Run) -> bool:
        """Whether nothing of an ended command lives; else sees to it that it has a time to end."""
        strays = self._strays(run)
        if run.group and not processes.group_lives(run.group):
            run.group = 0
        if not strays and not run.group and not self._unclear:
            return True
        if run.phase == RUNNING:
            run.phase, run.due = LINGERING, time.monotonic() + PATIENCE
        run.slot.suspect = True
        if run.hopeless_at and time.monotonic() > run.hopeless_at:
            self._known.update(strays)  # no later job is to blame for them
            return True
        return False

    def _go_on(self, run: _Run) -> None:
        """Takes the next step with a job whose time has come."""
        if run.phase == RUNNING:
            run.timed_out = True
            self._end(run, GRACE)
        elif run.phase == LINGERING:
            run.survivors = self._names(run)
            if run.survivors:
                self._end(run, SURVIVOR_GRACE)
            elif self._unclear and run.now() < run.ended + HOPELESS:
                run.due = time.monotonic() + TICK
            else:  # zombies, whom nobody has to wait for
                self._finish(run)
        else:
            self._kill(run)

    def _end(self, run: _Run, grace: float) -> None:
        run.phase, run.due = ENDING, time.monotonic() + grace
        self._signal(run, signal.SIGTERM)

    def _kill(self, run: _Run) -> None:
        now = time.monotonic()
        run.phase, run.due = KILLING, now + TICK
        if run.ended and not run.hopeless_at:
            run.hopeless_at = now + HOPELESS
        self._signal(run, signal.SIGKILL)

    def _finish(self, run: _Run) -> None:
        del self._runs[run.pid]
        run.slot.note("")
        self._finished.append(run.finished(run.slot.log_size()))

    # What a command leaves behind

    def _signal(self, run: _Run, number: int) -> None:
        """Signals a job's group and, once its command has ended, what left the group."""
        if run.group:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(run.group, number)
        if run.ended:
            for pid in self._strays(run):
                _send(pid, number)

    def _children(self) -> list[int]:
        if self._children_file < 0:
            return []
        part = children = os.pread(self._children_file, 4096, 0)
        while len(part) > 4000:  # the kernel gives at most a page at once
            part = os.pread(self._children_file, 4096, len(children))
            children += part
        return [int(pid) for pid in children.split()]

    def _strays(self, run: _Run | None) -> list[int]:
        """Adopted children that `run` has left behind. Reaps those that have ended, whosever they are.

        `_unclear` then says that there may be more, which the next look shows: one that has ended may have handed
        on its work, and one that is becoming another program has no environment for a moment.
        """
        self._unclear = False
        owners = [(pid, self._owner(pid)) for pid in self._children() if pid not in self._known]
        return [pid for pid, owner in owners if owner is not None and owner is run]

    def _owner(self, pid: int) -> _Run | None:
        """The job to which an adopted child belongs; None also where it has ended or is the runner's own.

        A process that has cleared its environment and left its group belongs to the only job that runs;
        where several do, that is the last of them.
        """
        try:
            group = os.getpgid(pid)
            if group != self._group and os.waitpid(pid, os.WNOHANG)[0]:
                self._unclear = True
                return None
        except OSError:
            self._unclear = True
            return None
        mark = processes.execution_of(pid)
        if not mark and group != self._group and processes.is_becoming_another(pid):
            self._unclear = True
            return None
        for run in self._runs.values():
            if mark == run.job.execution or (not mark and group == run.pid):
                return run
        if group == self._group or len(self._runs) > 1:
            return None
        return next(iter(self._runs.values()), None)

    def _names(self, run: _Run) -> tuple[str, ...]:
        """What of an ended job lives, as "pid 4711 (sleep 100)"; zombies do not."""
        table = processes.table()
        roots = {pid: "" for pid in self._strays(run)}
        roots.update({pid: "" for pid, process in table.items() if run.group and process.group == run.group})
        family = processes.with_descendants(table, roots)
        alive = sorted(pid for pid in family if pid in table and not table[pid].zombie)
        return tuple(f"pid {pid} ({processes.command_of(pid)})" for pid in alive[:SURVIVORS_NAMED])


def _refused(job: Job, started: float, error: str) -> Finished:
    return Finished(job.execution, None, None, error, False, False, (), started, started, None, None, 0)


def _send(pid: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _hear(number: int, frame: FrameType | None) -> None:
    """Does nothing: without a handler the wake-up descriptor is not written to."""


def _close_inherited_on_exec() -> None:
    """Keeps what the runner's own parent left open from commands; Python opens nothing that they inherit."""
    listing = "/dev/fd" if os.path.isdir("/dev/fd") else "/proc/self/fd"
    for name in os.listdir(listing):
        with suppress(OSError):  # that of the listing itself
            if int(name) > 2:
                os.set_inheritable(int(name), False)


def _open_children_file() -> int:
    """The file that lists the children of the main thread, to whom strays go; -1 where there is none."""
    pid = os.getpid()
    try:
        return out_of_the_way(os.open(f"/proc/self/task/{pid}/children", os.O_RDONLY | os.O_CLOEXEC))
    except OSError:
        return -1
