"""Writes what documentation can take from the program, between two marks in each page.

    python docs/generate.py          # writes
    python docs/generate.py --check  # says what is out of date, and exits 1

What stands outside of the marks is written by hand. `tests/docs/` fails when a page is out of date.
"""

from __future__ import annotations

import inspect
import re
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import click

from provstore import errors
from provstore.cli.group import COMMANDS, root
from provstore.schedule import MOVES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
STORE = ROOT / "provstore" / "store"
SCHEMA = STORE / "schema.sql"
BEGIN, END = "<!-- begin: {} (by docs/generate.py) -->\n", "<!-- end: {} -->"


# --- the command line ---------------------------------------------------------------------------------


def command_line() -> str:
    """Every command with its help, its options and its arguments, as click knows them."""
    top = click.Context(root, info_name="provstore", help_option_names=root.context_settings["help_option_names"])
    parts = ["| command | what it does |\n| --- | --- |\n"]
    parts += [f"| [`{name}`](#{name}) | {text} |\n" for name, text in COMMANDS.items()]
    for name in COMMANDS:
        command = root.get_command(top, name)
        assert command is not None, name
        parts.append(_command(command, click.Context(command, info_name=name, parent=top)))
    return "".join(parts)


def _command(command: click.Command, ctx: click.Context) -> str:
    """One command; commands in it come after it."""
    path = ctx.command_path.removeprefix("provstore ")
    usage = command.collect_usage_pieces(ctx)
    text = f"\n## {path}\n\n```\n{ctx.command_path} {' '.join(usage)}\n```\n\n{_prose(command.help or '')}"
    options = [param for param in command.get_params(ctx) if isinstance(param, click.Option)]
    records = [record for option in options if (record := option.get_help_record(ctx)) is not None]
    rows = [f"| `{option.replace('|', '&#124;')}` | {_cell(meaning)} |\n" for option, meaning in records]
    if rows:
        text += "\n| option | meaning |\n| --- | --- |\n" + "".join(rows)
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            inner = command.get_command(ctx, name)
            assert inner is not None, name
            text += _command(inner, click.Context(inner, info_name=name, parent=ctx))
    return text


def _prose(text: str) -> str:
    r"""A help text as Markdown: what follows a line of ``\b`` is shown as it stands."""
    paragraphs = re.split(r"\n\s*\n", inspect.cleandoc(text))
    return "\n".join(
        f"```console\n{paragraph.removeprefix(chr(8)).strip(chr(10))}\n```\n"
        if paragraph.startswith("\b")
        else " ".join(paragraph.split()) + "\n"
        for paragraph in paragraphs
    )


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "&#124;")


# --- the store ----------------------------------------------------------------------------------------


def schema_sql() -> str:
    """The schema of a fresh store, as SQLite keeps it: with the comments that stand inside of each table."""
    with closing(sqlite3.connect(":memory:")) as conn:
        for migration in sorted((STORE / "migrations").glob("*.sql")):
            conn.executescript(migration.read_text(encoding="utf-8"))
        rows = conn.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid").fetchall()
    head = "-- The schema of a fresh store, for readers. Made from migrations/ by docs/generate.py; nothing reads it.\n"
    return head + "".join(f"\n{sql};\n" for (sql,) in rows).replace(";\n\nCREATE INDEX", ";\nCREATE INDEX")


def schema_tables() -> str:
    """A section for each table and view, with its columns and the comments on them."""
    sql = schema_sql()
    parts = []
    for kind, name, body in re.findall(r"^CREATE (TABLE|VIEW) (\w+) (?:AS)?\(?\n?(.*?);$", sql, re.M | re.S):
        lines = body.strip("\n").split("\n")
        about = list(_leading_comment(lines))
        parts.append(f"\n### {name}\n\n{_escaped(' '.join(about))}\n")
        if kind == "TABLE":
            rows = list(_columns(lines[len(about) :]))
            parts.append("\n| column | type | meaning |\n| --- | --- | --- |\n" + "".join(rows))
        else:
            query = "\n".join(line.removeprefix("    ") for line in lines[len(about) :])
            parts.append(f"\n```sql\n{query}\n```\n")
    return "".join(parts)


def _leading_comment(lines: list[str]) -> Iterator[str]:
    for line in lines:
        if not line.strip().startswith("--"):
            return
        yield line.strip().removeprefix("--").strip()


def _columns(lines: list[str]) -> Iterator[str]:
    for line in lines:
        found = re.fullmatch(r"\s+([a-z_]+)\s+([A-Z]+)\b(.*?),?\s*(?:-- (.*))?", line)
        if found is None:
            continue
        name, kind, rest, comment = found.groups()
        refers = re.search(r"REFERENCES (\w+) \((\w+)\)", rest)
        where = f"[{refers[1]}](#{refers[1]}).{refers[2]}" if refers else ""
        optional = "" if "NOT NULL" in rest or "PRIMARY KEY" in rest else ", may be NULL"
        meaning = "; ".join(filter(None, (_escaped(comment or ""), where)))
        yield f"| `{name}` | {kind}{optional} | {meaning} |\n"


def _escaped(text: str) -> str:
    return text.replace("|", "&#124;").replace("<", "&lt;").replace("_", "\\_").replace("*", "\\*")


# --- errors -------------------------------------------------------------------------------------------


def error_classes() -> dict[str, type[errors.ProvstoreError]]:
    """Slug → class, in the order of the file."""
    found = {}
    for value in vars(errors).values():
        if isinstance(value, type) and issubclass(value, errors.ProvstoreError):
            found[value.slug] = value
    return found


def error_sections() -> str:
    """A section for each slug: meaning and exit status from the program, the example from `docs/errors.toml`."""
    import tomllib

    examples = tomllib.loads((DOCS / "errors.toml").read_text(encoding="utf-8"))
    parts = []
    for slug, kind in error_classes().items():
        example = examples[slug]
        meaning = inspect.cleandoc(kind.__doc__ or "").split("\n\n")[0]
        parts.append(
            f"\n## {slug}\n\n{' '.join(meaning.split())} Exit status {kind.exit_status}.\n\n"
            f"```text\n{example['message'].strip()}\n```\n\n{example['remedy'].strip()}\n"
        )
    return "".join(parts)


# --- life cycle ---------------------------------------------------------------------------------------


def life_cycle() -> str:
    """The moves of a task during a run, as a diagram."""
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> waiting"]
    for state, moves in MOVES.items():
        lines += [f"    {state} --> {move}" for move in sorted(moves, key=list(MOVES).index)]
        if not moves:
            lines.append(f"    {state} --> [*]")
    return "\n".join([*lines, "```", ""])


# --- pages --------------------------------------------------------------------------------------------


def pages() -> dict[Path, str]:
    """Every file with something generated in it → its text as it should be."""
    generated = {
        "cli.md": ("command line", command_line()),
        "schema.md": ("schema", schema_tables()),
        "errors.md": ("errors", error_sections()),
        "design.md": ("life cycle", life_cycle()),
    }
    found = {SCHEMA: schema_sql()}
    for name, (mark, text) in generated.items():
        found[DOCS / name] = replaced((DOCS / name).read_text(encoding="utf-8"), mark, text)
    return found


def replaced(page: str, mark: str, text: str) -> str:
    """The page with other text between two marks.

    Raises:
        ValueError: The page has no such marks.
    """
    before, begin, rest = page.partition(BEGIN.format(mark))
    _, end, after = rest.partition(END.format(mark))
    if not begin or not end:
        raise ValueError(f"no marks '{mark}'")
    return f"{before}{begin}{text}{end}{after}"


def main(words: list[str]) -> int:
    """Writes all pages; with ``--check`` only says which are out of date."""
    found = pages()
    old = [path for path, text in found.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in old:
        print(path.relative_to(ROOT), "is out of date" if words == ["--check"] else "written")
        if words != ["--check"]:
            path.write_text(found[path], encoding="utf-8")
    return 1 if old and words == ["--check"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
