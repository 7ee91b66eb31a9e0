"""Writes what documentation can take from the program, between two marks in each page.

    python docs/generate.py          # writes
    python docs/generate.py --check  # says what is out of date, and exits 1

What stands outside of the marks is written by hand. `tests/docs/` fails when a page is out of date.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import itertools
import re
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import click

from provstore import errors, hookspecs, plugin, testing
from provstore.cli.group import COMMANDS, root
from provstore.formats import BUILT_IN
from provstore.schedule import MOVES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

ASIDES = ("By module:", "Source")
"""Beginnings of paragraphs that are for the authors of a format."""
ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
STORE = ROOT / "provstore" / "store"
SCHEMA = STORE / "schema.sql"
TABLE = r"^CREATE (TABLE|VIEW|VIRTUAL TABLE) (\w+) (?:AS|USING \w+ )?\(?\n?(.*?);$"
"""A statement that makes a table or a view: its kind, its name, what is in it."""
LONGEST = 110
"""Characters of a line of code, beyond which it is broken."""
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
        rows = conn.execute(
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT IN (SELECT name FROM pragma_table_list"
            " WHERE type = 'shadow') ORDER BY rowid"
        ).fetchall()
    head = "-- The schema of a fresh store, for readers. Made from migrations/ by docs/generate.py; nothing reads it.\n"
    return head + "".join(f"\n{sql};\n" for (sql,) in rows).replace(";\n\nCREATE INDEX", ";\nCREATE INDEX")


def schema_tables() -> str:
    """A section for each table and view, with its columns and the comments on them."""
    sql = schema_sql()
    parts = []
    for kind, name, body in re.findall(TABLE, sql, re.M | re.S):
        lines = body.strip("\n").split("\n")
        about = list(_leading_comment(lines))
        parts.append(f"\n### {name}\n\n{_escaped(' '.join(about))}\n")
        if kind == "TABLE":
            rows = list(_columns(lines[len(about) :]))
            parts.append("\n| column | type | meaning |\n| --- | --- | --- |\n" + "".join(rows))
        else:
            query = "\n".join(line.removeprefix("    ") for line in lines[len(about) :] if line != ")")
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


# --- plug-ins -----------------------------------------------------------------------------------------


def hook_sections() -> str:
    """A section for each hook: how it is written, and what its specification says."""
    found = []
    for name, hook in vars(hookspecs).items():
        if name.startswith("provstore_"):
            signature = _signature(_tree_of(hook))
            found.append(f"\n## {name}\n\n```python\n@hookimpl\n{signature}\n```\n\n{_docstring(hook)}")
    return "".join(found)


def reference_of(module: ModuleType) -> str:
    """A section for each name that a module promises: constants, then classes, then functions."""
    parts = []
    constants = {}
    for name in module.__all__:
        value = getattr(module, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            stub = _stub(_tree_of(value))
            parts.append(f"\n#### {name}\n\n```python\n{stub}\n```\n\n{_docstring(value)}{_methods(value)}")
        else:
            constants[name] = _text_behind(module, name)
    rows = "".join(f"| `{name}` | {_cell(_markdown(text))} |\n" for name, text in constants.items())
    table = f"\n| name | what it is |\n| --- | --- |\n{rows}" if rows else ""
    return table + "".join(parts)


def _tree_of(value: object) -> ast.ClassDef | ast.FunctionDef:
    """The statement that defines a class or a function."""
    (statement,) = ast.parse(inspect.getsource(value)).body
    assert isinstance(statement, ast.ClassDef | ast.FunctionDef)
    return statement


def _signature(tree: ast.FunctionDef) -> str:
    returns = f" -> {ast.unparse(tree.returns)}" if tree.returns else ""
    line = f"def {tree.name}({ast.unparse(tree.args)}){returns}: ..."
    return line if len(line) <= LONGEST else line.replace("(", "(\n    ", 1).replace(f"){returns}:", f"\n){returns}:")


def _stub(tree: ast.ClassDef | ast.FunctionDef) -> str:
    """A class or a function without what it does: its public fields and methods."""
    if isinstance(tree, ast.FunctionDef):
        return _signature(tree)
    lines = [f"class {tree.name}({', '.join(map(ast.unparse, tree.bases))}):".replace("()", "")]
    for part in tree.body:
        if isinstance(part, ast.AnnAssign):
            lines.append(f"    {ast.unparse(part)}")
        elif isinstance(part, ast.FunctionDef) and _is_public(part.name):
            lines += [f"    @{ast.unparse(decorator)}" for decorator in part.decorator_list]
            lines += [f"    {line}" for line in _signature(part).split("\n")]
    return "\n".join(lines)


def _is_public(name: str) -> bool:
    """Part of what an author uses: the tests of a contract are not."""
    return name == "__init__" or not name.startswith(("_", "test_"))


def _methods(value: object) -> str:
    """What the docstrings of a class's own public methods say."""
    if not inspect.isclass(value):
        return ""
    parts = []
    for name, method in vars(value).items():
        function = method.fget if isinstance(method, property) else method
        function = inspect.unwrap(getattr(function, "_fixture_function", function))
        if name != "__init__" and _is_public(name) and inspect.isfunction(function):
            parts.append(f"\n**`{name}`** {_docstring(function)}")
    return "".join(parts)


def _text_behind(module: ModuleType, name: str) -> str:
    """The text that stands behind the assignment of a constant, in the module or in one beside it."""
    for file in sorted(Path(str(module.__file__)).parent.glob("*.py")):
        body = ast.parse(file.read_text(encoding="utf-8")).body
        for statement, following in itertools.pairwise(body):
            targets = statement.targets if isinstance(statement, ast.Assign) else []
            if name in map(ast.unparse, targets) and isinstance(following, ast.Expr):
                return str(ast.literal_eval(following.value))
    raise ValueError(f"no text behind {name}")


def _docstring(value: object) -> str:
    """A docstring in the style of Google as Markdown: its sections as lists."""
    text = inspect.getdoc(value) or ""
    return "\n".join(_paragraph(paragraph) for paragraph in re.split(r"\n\s*\n", text))


def _paragraph(text: str) -> str:
    head, _, rest = text.partition("\n")
    if head not in ("Args:", "Attributes:", "Returns:", "Raises:"):
        return _markdown(" ".join(text.split())) + "\n"
    items = re.split(r"\n(?=\S)", inspect.cleandoc(rest))
    named = head in ("Args:", "Attributes:") or re.match(r"\w+(, \w+)*: ", items[0])
    lines = [re.sub(r"^(\w+(?:, \w+)*): ", r"`\1`: ", item) if named else item for item in items]
    return f"{head}\n\n" + "".join(f"- {_markdown(' '.join(line.split()))}\n" for line in lines)


def _markdown(text: str) -> str:
    return text.replace("``", "`")


# --- formats ------------------------------------------------------------------------------------------


def format_sections() -> str:
    """The rules of each format that provstore brings along, as they stand at the top of its module."""
    parts = []
    for name in BUILT_IN:
        if name == "zip":
            parts.append(f"\n### archives\n\n{_rules(importlib.import_module('provstore.formats.archive'))}")
        module = importlib.import_module(f"provstore.formats.{name}")
        [format] = module.provstore_formats()
        kinds = format.python_type if isinstance(format.python_type, tuple) else (format.python_type,)
        gives = ", ".join(f"`{kind if isinstance(kind, str) else kind.__name__}`" for kind in kinds)
        parts.append(f"\n### {name}\n\n{_rules(module)}\nIn Python: {gives}. Version of the rules: {format.version}.\n")
    return "".join(parts)


def _rules(module: ModuleType) -> str:
    """The docstring of a module without what is for its authors."""
    first, *paragraphs = inspect.cleandoc(module.__doc__ or "").split("\n\n")
    told = [first.partition(": ")[2], *paragraphs]
    texts = [" ".join(text.removeprefix("Rules: ").split()) for text in told if not text.startswith(ASIDES)]
    return "".join(f"{text[0].upper()}{text[1:]}\n\n" for text in texts).removesuffix("\n")


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
        "formats.md": ("formats", format_sections()),
        "hooks.md": ("hooks", hook_sections()),
        "plugins.md": ("plugin", reference_of(plugin), "testing", reference_of(testing)),
    }
    found = {SCHEMA: schema_sql()}
    for name, marks in generated.items():
        page = (DOCS / name).read_text(encoding="utf-8")
        for mark, text in zip(marks[::2], marks[1::2], strict=True):
            page = replaced(page, mark, text)
        found[DOCS / name] = page
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
