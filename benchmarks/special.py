"""The special cases: starting up, one big file, a directory of many files, a big output on several file systems."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

from measure import FailedError, measured
from results import Key, Results
from scenarios import BARE, SETTLE
from shapes import layered
from tools import program, provstore_command, stages_file

MIB = 1 << 20
FILES = 20_000
FILE_SIZE = 16 << 10
LOOPS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "loops.py")
BAREST = "python -I -S -c pass"
FILE_SYSTEMS = ("btrfs", "xfs")
READER = '[stages.size]\nrun = "echo done > size.txt"\ninputs = [{input}]\noutputs = ["size.txt"]\n'
WRITER = (
    '[project]\nname = "big"\n[store]\nobjects = "{objects}"\n'
    '[stages.big]\nrun = "dd if=/dev/zero of=big.bin bs=1M count={mib} status=none"\noutputs = ["big.bin"]\n'
)
PROVSTORE = "provstore"


def loop(*words: str) -> list[str]:
    """A plain loop with this interpreter."""
    return [sys.executable, LOOPS, *words]


def write_text(folder: str, name: str, text: str) -> None:
    """Writes a small file."""
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write(text)


def repeated(results: Results, key: Key, command: list[str], folder: str, times: int) -> None:
    """Measures a command that leaves everything as it was."""
    for _ in range(times):
        time.sleep(SETTLE)
        results.add(key, measured(command, folder))


# --- starting up ------------------------------------------------------------------------------------------


def start(results: Results, base: str, rounds: int) -> None:
    """A bare interpreter beside `provstore --version`, in turn."""
    commands = {
        BARE: [sys.executable, "-c", "pass"],
        BAREST: [sys.executable, "-I", "-S", "-c", "pass"],
        "provstore --version": provstore_command("--version"),
    }
    for _ in range(rounds):
        for name, command in commands.items():
            results.add(Key("start", 0, name, "start"), measured(command, base))


def parse(results: Results, base: str, tasks: int, rounds: int) -> None:
    """One parse of a Pipelinefile with a stage for each task, by `tomllib` in a program of its own."""
    write_text(base, "parsed.toml", stages_file(layered(tasks)))
    command = [sys.executable, "-c", "import tomllib; tomllib.load(open('parsed.toml', 'rb'))"]
    repeated(results, Key("layered", tasks, "tomllib", "one parse"), command, base, rounds)


# --- one big file -----------------------------------------------------------------------------------------


def big_file(results: Results, base: str, mib: int, rounds: int) -> None:
    """First digest of one big input beside `b3sum`, and nothing to do beside a project with a small input."""
    with tempfile.TemporaryDirectory(dir=base) as folder, tempfile.TemporaryDirectory(dir=base) as small:
        write_big_file(os.path.join(folder, "big.bin"), mib)
        write_text(folder, "Pipelinefile.toml", READER.format(input='"big.bin"'))
        write_text(small, "Pipelinefile.toml", READER.format(input='"small.txt"'))
        write_text(small, "small.txt", "small\n")
        for _ in range(rounds):
            if shutil.which("b3sum"):
                results.add(Key("big file", mib, "b3sum", "first digest"), measured(["b3sum", "big.bin"], folder))
            for project, name in ((folder, PROVSTORE), (small, "provstore, a small file")):
                forget(project)
                results.add(Key("big file", mib, name, "first digest"), measured(provstore_command("run"), project))
                key = Key("big file", mib, name, "nothing to do")
                repeated(results, key, provstore_command("run"), project, 3)
    if not shutil.which("b3sum"):
        results.remarks.append("b3sum is not installed: the big file has no peer.")


def write_big_file(path: str, mib: int) -> None:
    """A file of random bytes, whose blocks all differ."""
    block = bytearray(random.Random(1).randbytes(MIB))
    with open(path, "wb") as file:
        for number in range(mib):
            block[:8] = number.to_bytes(8, "big")
            file.write(block)
        file.flush()
        os.fsync(file.fileno())  # so that the disk is not busy with it while others are measured


def forget(project: str) -> None:
    """Makes a project as if nothing had ever been run there."""
    shutil.rmtree(os.path.join(project, ".provstore"), ignore_errors=True)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(project, "size.txt"))


# --- a directory of many files ----------------------------------------------------------------------------


def directory(results: Results, base: str, files: int, rounds: int) -> None:
    """One input that is a directory of many files, beside plain loops over them."""
    with tempfile.TemporaryDirectory(dir=base) as project:
        dice = random.Random(2)
        for number in range(files):
            folder = os.path.join(project, "data", f"{number // 1000:03d}")
            os.makedirs(folder, exist_ok=True)
            with open(os.path.join(folder, f"{number:06d}.bin"), "wb") as file:
                file.write(dice.randbytes(FILE_SIZE))
        os.sync()
        write_text(project, "Pipelinefile.toml", READER.format(input='"data/"'))
        for _ in range(rounds):
            results.add(Key("directory", files, "loop", "first digest"), measured(loop("read", "data"), project))
            forget(project)
            results.add(Key("directory", files, PROVSTORE, "first digest"), measured(provstore_command("run"), project))
            repeated(results, Key("directory", files, "loop", "nothing to do"), loop("stat", "data"), project, 3)
            key = Key("directory", files, PROVSTORE, "nothing to do")
            repeated(results, key, provstore_command("run"), project, 3)


# --- a big output -----------------------------------------------------------------------------------------


def outputs(results: Results, base: str, mib: int, rounds: int) -> None:
    """One big output, kept as an object and not, here and on file systems with reflinks where root can mount them."""
    big_output(results, base, "here", mib, rounds)
    for kind in FILE_SYSTEMS:
        try:
            with mounted(base, kind, 4 * mib + 1024) as folder:
                big_output(results, folder, kind, mib, rounds)
        except FailedError as error:
            results.remarks.append(f"A big output on {kind}: {error}.")


def big_output(results: Results, base: str, where: str, mib: int, rounds: int) -> None:
    """A command that writes one file of `mib` MiB: alone, recorded, recorded and kept; and one copy by a plain loop."""
    for _ in range(rounds):
        for objects in ("none", "all"):
            with tempfile.TemporaryDirectory(dir=base) as project:
                write_text(project, "Pipelinefile.toml", WRITER.format(objects=objects, mib=mib))
                os.sync()
                key = Key(f"big output, {where}", mib, f"provstore, objects = {objects}", "cold")
                results.add(key, measured(provstore_command("run"), project))
                if objects == "none":
                    os.sync()
                    copied = measured(loop("copy", "big.bin", "copy.bin"), project)
                    results.add(Key(f"big output, {where}", mib, "loop", "copy and digest"), copied)


@contextlib.contextmanager
def mounted(base: str, kind: str, mib: int) -> Iterator[str]:
    """A file system of this kind in an image file, mounted.

    Raises:
        FailedError: It can't be made or mounted here.
    """
    if os.geteuid() != 0:
        raise FailedError("only root can mount a file system")
    image, folder = os.path.join(base, f"{kind}.img"), os.path.join(base, kind)
    with open(image, "wb") as file:
        file.truncate(mib * MIB)
    os.mkdir(folder)
    try:
        call(f"mkfs.{kind}", "-q", image)
        call("mount", "-o", "loop", image, folder)
        try:
            yield folder
        finally:
            call("umount", folder)
    finally:
        os.rmdir(folder)
        os.unlink(image)


def call(*words: str) -> None:
    """Runs a program of the system.

    Raises:
        FailedError: It is not there or failed.
    """
    try:
        done = subprocess.run([program(words[0]), *words[1:]], capture_output=True, text=True, check=False)
    except OSError as error:
        raise FailedError(f"{words[0]}: {error.strerror}") from error
    if done.returncode:
        raise FailedError(f"{words[0]}: {done.stderr.strip()}")
