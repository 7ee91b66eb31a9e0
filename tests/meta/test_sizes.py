"""The size budget: what a reader can hold in mind at once. Raising a bound takes a decision record."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("provstore", "plugins", "benchmarks", "examples", "analysis")
LINES_OF_A_FUNCTION = 50  # from `def` to its last line, docstring included, decorators not
LINES_OF_A_MODULE = 500


def sources() -> list[Path]:
    """Every Python file whose size counts."""
    return sorted(file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py"))


def long_functions(source: str) -> list[tuple[int, str, int]]:
    """(line, name, length) of each function beyond the bound; functions inside functions count too."""
    functions = (
        node for node in ast.walk(ast.parse(source)) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    )
    measured = [(node.lineno, node.name, (node.end_lineno or 0) - node.lineno + 1) for node in functions]
    return [function for function in measured if function[2] > LINES_OF_A_FUNCTION]


def test_no_function_is_longer_than_fifty_lines() -> None:
    """A function fits on a screen."""
    found = [
        f"{file.relative_to(ROOT)}:{line}: {name} has {length} lines"
        for file in sources()
        for line, name, length in long_functions(file.read_text(encoding="utf-8"))
    ]

    assert not found, "\n".join(found)


def test_no_module_is_longer_than_five_hundred_lines() -> None:
    """A module is read in one sitting."""
    lengths = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in sources()}
    found = [f"{file.relative_to(ROOT)}: {lines} lines" for file, lines in lengths.items() if lines > LINES_OF_A_MODULE]

    assert not found, "\n".join(found)


def test_the_measure_counts_to_the_last_line() -> None:
    """Fifty lines pass, fifty-one do not, in a method as well."""
    body = "        pass\n"

    assert long_functions("class A:\n    def f(self):\n" + body * 49) == []
    assert long_functions("class A:\n    def f(self):\n" + body * 50) == [(2, "f", 51)]
