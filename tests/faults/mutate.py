"""Wrong Pipelinefiles made from good ones, and the front door that they go through.

Rules: all that is random comes from one `random.Random`, so that a seed says everything. Nothing here executes a
mutated command: `is_harmless` says which texts may be run for real.
"""

from __future__ import annotations

import datetime
import io
import os
import re
import resource
import signal
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import tomli_w
from pure.pipelinefile.samples import CALIB, DESIGN, EVERYTHING

from provstore.cli.main import run_command

REPOSITORY = Path(__file__).parents[2]
SECONDS = 20
"""More than any one command may take, however slow the machine."""
MEMORY = 2 << 30
"""Bytes that a command may take beyond what the tests themselves have."""

# --- the front door ---------------------------------------------------------------------------------------


class TooSlowError(BaseException):
    """A command took too long; nothing of provstore may catch this."""


class Said(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str


def call(words: list[str], seconds: float = SECONDS) -> Said:
    """Runs a command in this process, as `main` would, in bounded time."""

    def ring(number: int, frame: object) -> None:
        raise TooSlowError(f"{words}: more than {seconds} s")

    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace", newline="\n")
    err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace", newline="\n")
    before, streams = signal.signal(signal.SIGALRM, ring), (sys.stdout, sys.stderr)
    sys.stdout, sys.stderr = out, err
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        status = run_command(words)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        sys.stdout, sys.stderr = streams
    return Said(status, text_of(out), text_of(err))


def text_of(stream: io.TextIOWrapper) -> str:
    """What was written."""
    stream.flush()
    stream.seek(0)
    return stream.read()


@contextmanager
def little_memory(beyond: int = MEMORY) -> Iterator[None]:
    """What wants more memory than `beyond` does not get it."""
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if os.path.exists("/proc/self/statm") else None
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if pages is not None:
        wanted = pages * resource.getpagesize() + beyond
        resource.setrlimit(resource.RLIMIT_AS, (wanted if hard < 0 else min(wanted, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


# --- good files -------------------------------------------------------------------------------------------

MAKE = 'echo "$PROVSTORE_STAGE" >> "$TRACE"; for made in {outputs}; do echo x > "$made"; done'
"""The only command that is executed: it appends a line to one file, and makes what the stage declares."""

RUNNABLE = """\
[project]
name = "small"
default = ["gather"]

[params]
seed = 42
words = ["a", "b"]

[dimensions]
band = ["g", "r"]
visit = { from = "raw/{visit}/{detector}.fits" }
detector = "0..1"

[stages.one]
description = "first"
dimensions = ["visit", "detector"]
run = '''MAKE'''
inputs.raw = "raw/{visit}/{detector}.fits"
outputs.image = { path = "made/{visit}_{detector:02d}.h5", format = "bytes" }
params = ["seed"]
timeout = "1m"
retries = 0
where = "detector < 1"

[stages.gather]
run = '''MAKE'''
inputs = ["made/{visit}_{detector:02d}.h5", "src/**/*.py"]
outputs = ["all/list", "all/of"]
env = ["LANG"]
after = ["bands"]

[stages.bands]
dimensions = ["band"]
run = '''MAKE'''
outputs = ["bands/{band}"]
resources = { cpu = 1, memory = "1MiB" }

[subsets]
some = ["one", "bands"]
""".replace("MAKE", MAKE)

FOUND = """\
[dimensions]
part.from = "split/{part}.csv"
[stages.split]
run = '''MAKE'''
outputs = ["split/parts"]
[stages.each]
dimensions = ["part"]
run = '''MAKE'''
inputs = ["split/{part}.csv"]
outputs = ["each/{part}"]
[stages.all]
run = '''MAKE'''
inputs = ["each/{part}", "src/"]
outputs.x = "x"
keep = true
cache = false
""".replace("MAKE", MAKE)


def corpus() -> list[str]:
    """All Pipelinefiles there are, and those of the tests."""
    files = [REPOSITORY / "Pipelinefile.toml", *sorted((REPOSITORY / "examples").rglob("Pipelinefile.toml"))]
    found = [path.read_text(encoding="utf-8") for path in files if ".provstore" not in path.parts]
    return [*found, DESIGN, CALIB, EVERYTHING.replace('"out/x", ', ""), RUNNABLE, FOUND]


BESIDE = {
    "calib/Pipelinefile.toml": CALIB,
    "calibrate.py": "",
    "calib/flatten.py": "",
    "calib/flat_0.fits": "",
    "calib/flat_1.fits": "",
    "raw/flats/a": "",
    "raw/101/0.fits": "1",
    "raw/101/1.fits": "2",
    "raw/7/1.fits": "3",
    "src/a.py": "",
    "src/deep/er/b.py": "",
    "split/a.csv": "",
    "params.toml": "[params]\nx = 1\n",
    "broken.json": "{",
    "params.json": '{"a": {"b": [1, null]}}',
    "constants.json": (REPOSITORY / "examples/05-parameters/constants.json").read_text(encoding="utf-8"),
    "fit/Pipelinefile.toml": (REPOSITORY / "examples/05-parameters/fit/Pipelinefile.toml").read_text(encoding="utf-8"),
    "self.toml": "[project]\ninclude = ['self.toml']\n",
}
"""What stands around a Pipelinefile."""

# --- mutations --------------------------------------------------------------------------------------------

PIECES = [
    *(b"\xff", b"\0", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\r\n", b"\r", b"\x0b", b"\xe2\x80\xa8", b"\x1b[2J"),
    *(b"\n", b"=", b"[", b"]", b"{", b"}", b'"', b"'", b'"""', b"'''", b".", b"..", b"#", b",", b" ", b"\t", b"\\"),
    *(b"\xf0\x9f\xa6\x86", b"e\xcc\x81", b"\xe2\x80\xae", b"\\u0000", b"\\ud800", b"\\x41", b"1e5", b"-", b"_", b"0x"),
    *(b"[stages.x]\n", b"[[stages]]\n", b"[params]\n", b"[dimensions]\n", b"argv = []\n", b"{visit}", b"{{", b"*"),
]

TEXTS = [
    *("", " ", "x", "a\nb", "a\tb", "{", "}", "{}", "{{", "{x}", "{visit}", "{inputs}", "{outputs}", "{params.seed}"),
    *("{visit:02d}", "{visit:c}", "{detector:c}", "{detector:/>9}", "{visit:.0s}", "{detector:999999999}", "{visit:n}"),
    *("{detector:_}", "{detector:%}", "{detector:.99}", "{band!r}", "{band.__class__}", "{0}", "{inputs[9]}"),
    *("*", "**", "**/*", "**/**/**", "[", "[]", "[!]", "[z-a]", "a*", "*a*a*a*a*b", "?", "[*]", "src/**/../*.py"),
    *("/", ".", "..", "../x", "../../..", "/x", "//x", "./x", "x/", "x//y", "x/../y", "~", "~/x", "-x", "a/./b"),
    *(".provstore", ".provstore/store.db", ".git", ".git/x", "Pipelinefile.toml", "calib/Pipelinefile.toml"),
    *("raw", "raw/", "raw/101", "src", "made", "all", "all/list", "all/list/below", "split/parts", "self.toml"),
    *("params.toml", "broken.json", "params.json", "missing.toml", "out\0x", "\x1b[31mred", "\u202e", "é", "e\u0301"),
    *("0..3", "3..0", "0..999999", "0..999999999999", "0..9:0", "-5..5", "0..10:3", "1...2", "0..1e3"),
    *("one", "gather", "bands", "some", "one..gather", "..", "<one", "~(one", "one&", "one@visit=101", "a,b", "nope"),
    *("visit > 100", "visit >", "visit = 'r'", "detector / 0 = 1", "visit IN (1..9)", "NOT", "((((", "band = :x"),
    *("GLOB(band, '*')", "visit = 1e999", "visit + 'a' > 1", "-visit", "visit OVERLAPS (1, 2)", "T'2020-01-01'"),
    *("10m", "0s", "1h1h", "99999999999d", "8GiB", "-1MB", "1e400", "nan", "inf", "all", "none", "sh", "bash -c", "'"),
    *("9" * 5000, "x" * 300, "x/" * 3000, "int", "str", "float", "csv", "hdf5", "nothing", "main", "true", "null"),
]

VALUES: list[Any] = [
    *(True, False, 0, 1, -1, 5, 2**63 - 1, 2**63, -(2**63), 10**30, 0.5, -0.0, 1e308, float("inf"), float("nan")),
    *([], {}, [[]], [{}], [""], ["x", "x"], [1, "a"], [True, 1], [1.0, 1], [0.1, 0.2], ["a", "b"], [1, 2, 3], {"": 1}),
    *({"path": "x"}, {"dataset": "flat"}, {"path": "x", "dataset": "flat"}, {"path": 5}, {"from": "raw/{visit}/x"}),
    *({"from": "src/{band}.py"}, {"values": [1]}, {"a": {"b": {"c": {}}}}, {"values": "0..3", "from": "x/{band}"}),
    *(datetime.date(2026, 1, 1), datetime.time(1, 2), datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)),
]

KEYS = [
    *(
        "run",
        "argv",
        "call",
        "inputs",
        "outputs",
        "dimensions",
        "params",
        "env",
        "timeout",
        "retries",
        "where",
        "after",
    ),
    *("always", "frozen", "cache", "keep", "cwd", "resources", "description", "path", "dataset", "format", "from"),
    *("values", "type", "requires", "implies", "metadata", "timespan", "region", "include", "plugins", "params_files"),
    *("default", "shell", "secret_env", "owner", "objects", "layout", "register", "project", "stages", "subsets"),
    *(
        "datasets",
        "formats",
        "registry",
        "store",
        "",
        "a.b",
        "a b",
        "é",
        "\x1b",
        "x" * 1000,
        "0",
        "inputs.raw",
        "ouputs",
    ),
]


def changed_bytes(random: Random, data: bytes) -> bytes:
    """A few bytes are flipped, cut out, doubled, put in, or moved."""
    for _ in range(random.choice((1, 1, 1, 2, 4, 16))):
        at, length = random.randrange(len(data) + 1), random.choice((0, 1, 1, 2, 5, 20, 200))
        kind = random.randrange(6)
        if kind == 0 and at < len(data):
            data = data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]
        elif kind == 1:
            data = data[:at] + data[at + length :]
        elif kind == 2:
            data = data[: at + length] + data[at:]
        elif kind == 3:
            to = random.randrange(len(data) + 1)
            data = data[:to] + data[at : at + length] + data[to:]
        else:
            data = data[:at] + random.choice(PIECES) + data[at + length * (kind == 4) :]
    if random.random() < 0.05:
        end = random.choice((b"\r\n", b"\r", b"\x0b", b"\n\n"))
        data = data.replace(b"\n", end)
    return data


def changed_words(random: Random, text: str) -> str:
    """Words change their places, are doubled, or become other words; lines, too."""
    for _ in range(random.choice((1, 1, 2, 3))):
        words = re.findall(r"[A-Za-z0-9_]+|\s+|.", text, re.DOTALL)
        solid = [number for number, word in enumerate(words) if not word.isspace()] or [0]
        one, other = random.choice(solid), random.choice(solid)
        kind = random.randrange(6)
        if not words:
            return text
        if kind == 0:
            words[one], words[other] = words[other], words[one]
        elif kind == 1:
            words[one] = random.choice(("inf", "nan", "-1", "1e999", "9" * 400, "2026-01-01", "{}", "[]", "''", '"'))
        elif kind == 2:
            words[one] += words[other]
        elif kind == 3:
            words[one] = random.choice(KEYS)
        else:
            lines = text.split("\n")
            first, second = random.randrange(len(lines)), random.randrange(len(lines))
            if kind == 4:
                lines.insert(second, lines[first])
            else:
                lines[first], lines[second] = lines[second], lines[first]
            text = "\n".join(lines)
            continue
        text = "".join(words)
    return text


def nodes(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where every value of nested tables and arrays stands."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*path, key)
        if isinstance(inner, (dict, list)):
            yield from nodes(inner, (*path, key))


def changed_tables(random: Random, tables: dict[str, Any]) -> dict[str, Any]:
    """Keys and values of the parsed file change; what comes out is TOML again."""
    for _ in range(random.choice((1, 1, 2, 3, 6))):
        places = list(nodes(tables))
        if not places:
            return tables
        *above, key = random.choice(places)
        holder: Any = tables
        for part in above:
            holder = holder[part]
        kind = random.randrange(8)
        if kind == 0:
            del holder[key]
        elif kind == 1 and isinstance(holder, dict):
            holder[random.choice(KEYS)] = holder.pop(key)
        elif kind == 2 and isinstance(holder, dict):
            holder[random.choice(KEYS)] = other_value(random)
        elif kind == 3 and isinstance(holder[key], str) and not is_command(above, key):
            holder[key] = changed_text(random, holder[key])
        elif kind == 4 and (other := random.choice(places)) and not is_command(above, key):
            holder[key] = copy_of(value_at(tables, other))
        elif not is_command(above, key):
            holder[key] = other_value(random)
    return tables


def is_command(above: list[Any], key: Any) -> bool:
    """What a stage executes is left as it is most of the time, so that files stay runnable."""
    return key == "run" and above[:1] == ["stages"]


def other_value(random: Random) -> Any:
    """Any value."""
    return random.choice(TEXTS) if random.random() < 0.6 else copy_of(random.choice(VALUES))


def changed_text(random: Random, text: str) -> str:
    """A text with something put in, in front, behind, or in the place of a part."""
    at, end = sorted((random.randrange(len(text) + 1), random.randrange(len(text) + 1)))
    piece = random.choice(TEXTS)
    return random.choice((piece + text, text + piece, text[:at] + piece + text[at:], text[:at] + piece + text[end:]))


def value_at(tables: Any, path: tuple[Any, ...]) -> Any:
    for part in path:
        tables = tables[part]
    return tables


def copy_of(value: Any) -> Any:
    """A deep copy of tables and arrays."""
    if isinstance(value, dict):
        return {key: copy_of(inner) for key, inner in value.items()}
    return [copy_of(inner) for inner in value] if isinstance(value, list) else value


def mutant(random: Random, texts: list[str]) -> bytes:
    """One wrong, or only different, Pipelinefile."""
    text = random.choice(texts)
    kind = random.random()
    if kind < 0.55:
        try:
            return tomli_w.dumps(changed_tables(random, tomllib.loads(text))).encode("utf-8", "surrogatepass")
        except (ValueError, TypeError):  # what the writer of TOML can't write
            kind = 1
    if kind < 0.8:
        return changed_words(random, text).encode("utf-8", "surrogatepass")
    if kind < 0.83:
        other = random.choice(texts)
        cut = random.randrange(len(text))
        return (text[:cut] + other[random.randrange(len(other)) :]).encode()
    return changed_bytes(random, text.encode())


def is_harmless(data: bytes) -> bool:
    """May a file's commands be executed? Only if each is one that we wrote, and nothing else would be executed."""
    try:
        tables = tomllib.loads(data.decode())
        stages = tables.get("stages", {}).values()
        project = tables.get("project", {})
        commands = {stage.get("run") for stage in stages}
        return (
            commands == {MAKE}
            and not any("argv" in stage or "cwd" in stage for stage in stages)
            and not {"shell", "plugins", "include"} & project.keys()
        )
    except (ValueError, AttributeError, TypeError, RecursionError):
        return False


# --- words of a command line ------------------------------------------------------------------------------


def changed_word(random: Random, word: str, pieces: list[str]) -> str:
    """A word with something in it that does not belong there."""
    kind = random.randrange(6)
    at = random.randrange(len(word) + 1)
    if kind == 0:
        return word[:at]
    if kind == 1:
        return word[:at] + random.choice(pieces) + word[at:]
    if kind == 2:
        return random.choice(pieces)
    if kind == 3:
        return word + random.choice(pieces)
    if kind == 4:
        return word[:at] + word[at + 1 :]
    return word[:at] + word[at:] * 2


# --- the folder around them -------------------------------------------------------------------------------


def lay_out(folder: Path) -> None:
    """What stands around a Pipelinefile, and every input that a file of the corpus misses."""
    for name, content in BESIDE.items():
        put(folder / name, content)
    os.mkfifo(folder / "pipe")
    (folder / "circle").symlink_to("circle")
    for text in corpus():
        put(folder / "Pipelinefile.toml", text)
        for _ in range(20):
            said = call(["-C", str(folder), "run", "-n"])
            missing = re.findall(
                r"(?:input|file matches|file) '([^']+)'(?: is missing| does not exist|, and no)", said.err
            )
            wanted = [re.sub(r"\{\w+(:\w+)?\}", "1", name.replace("**/", "").replace("*", "x")) for name in missing]
            for name in wanted:
                if not (folder / name).exists():
                    put(folder / name, "{}" if name.endswith(".json") else "")
            if not wanted:
                break


def put(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
