"""What a command becomes: placeholders, quoting, and braces that stay as they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .project import Project

NASTY = "a b'c\"d$e`f\\g;h*"


def output_of(folder: Path, run: str, *, params: str = "") -> str:
    """What the script of a stage writes to `{outputs.out}`."""
    script = json.dumps(run, ensure_ascii=False)
    text = f"[params]\n{params}\n[stages.go]\nrun = {script}\noutputs = {{ out = 'out.txt' }}\n"
    project = Project(folder / "p", {"Pipelinefile.toml": text})
    project.run()
    assert project.run().report["run"] is None
    return project.read("out.txt")


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ("echo ${HOME:+set} > {outputs.out}", "set\n"),
        ("echo a b | awk '{print $2}' > {outputs.out}", "b\n"),
        ("echo a b | awk '{ print $1 }' > {outputs.out}", "a\n"),
        ("x=abc; echo ${x} ${#x} ${x%c} > {outputs.out}", "abc 3 ab\n"),
        ("echo '{{word}}' > {outputs.out}", "{word}\n"),
        ("echo '{\"json\": 1}' > {outputs.out}", '{"json": 1}\n'),
        ("echo '{}' '{ }' '{1,2}' > {outputs.out}", "{} { } {1,2}\n"),
        ("f() { echo in f; }; f > {outputs.out}", "in f\n"),
        ("echo $((1+2)) '%s' '#' '$x' > {outputs.out}", "3 %s # $x\n"),
        ("printf '%s' '→ü🦆' > {outputs.out}", "→ü🦆"),
        ("cat > {outputs.out} << 'end'\n  kept\t as is\\n\nend", "  kept\t as is\\n\n"),
        ("false || true; echo two > {outputs.out} # {{a comment}}", "two\n"),
    ],
)
def test_braces_of_the_shell_stay_as_they_are(tmp_path: Path, run: str, expected: str) -> None:
    """What is no placeholder is left alone; doubled braces are single ones."""
    assert output_of(tmp_path, run) == expected


@pytest.mark.parametrize(
    ("value", "placeholder", "expected"),
    [
        ("42", "{params.x}", ["42"]), ("0.1", "{params.x}", ["0.1"]), ("1e300", "{params.x}", ["1e+300"]),
        ("true", "{params.x}", ["true"]), ("false", "{params.x}", ["false"]), ('""', "{params.x}", [""]),
        ('["a b", "c"]', "{params.x}", ["a b", "c"]), ("[]", "{params.x}", []),
        ("[1, 2]", "{params.x:03d}", ["001", "002"]),
        ("7", "{params.x:04d}", ["0007"]), ("0.123456", "{params.x:.2f}", ["0.12"]), ("-1", "{params.x}", ["-1"]),
        (json.dumps(NASTY), "{params.x}", [NASTY]), (json.dumps("new\nline"), "{params.x}", ["new\nline"]),
        (json.dumps("{params.x}"), "{params.x}", ["{params.x}"]),
        (json.dumps("$(touch hacked)"), "{params.x}", ["$(touch hacked)"]),
    ],
)  # fmt: skip
def test_values_are_quoted(tmp_path: Path, value: str, placeholder: str, expected: list[str]) -> None:
    """Whatever is in them, each is one word; an array is several."""
    run = f"for word in {placeholder}; do printf '<%s>' \"$word\"; done > {{outputs.out}}"
    assert output_of(tmp_path, run, params=f"x = {value}") == "".join(f"<{word}>" for word in expected)
    assert not (tmp_path / "p" / "hacked").exists()


def test_paths_by_name_by_number_and_all(tmp_path: Path) -> None:
    """Several become several words; the order is that of the file."""
    text = "[stages.named]\nrun = 'printf \"<%s>\" {inputs} {inputs.b} {outputs} > {outputs.out}; touch {outputs.x}'\n"
    text += f"inputs = {{ b = {json.dumps(NASTY.replace('*', '[*]'))}, a = 'x y' }}\n"
    text += "outputs = { out = 'named out', x = 'other' }\n"
    text += "[stages.numbered]\nrun = 'cat {inputs[1]} {inputs[0]} > {outputs[0]}'\n"
    text += "inputs = ['1', '2']\noutputs = ['out']\n"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, NASTY: "", "x y": "", "1": "one\n", "2": "two\n"})
    project.run()
    assert project.read("named out") == f"<{NASTY}><x y><{NASTY}><named out><other>"
    assert project.read("out") == "two\none\n"


def test_dimensions_with_formats(tmp_path: Path) -> None:
    """In commands as in paths."""
    text = "[dimensions]\nn = [7]\ns = ['a b']\n[stages.go]\ndimensions = ['n', 's']\n"
    text += "run = \"printf '<%s>' {n} {n:03d} {n:x} {s} {s:>5} > {outputs.out}\"\noutputs.out = 'o-{n:04d}-{s}'\n"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    project.run()
    assert project.read("o-0007-a b") == "<7><007><7><a b><  a b>"


@pytest.mark.parametrize(
    ("run", "message"),
    [("echo {word}", "{{word}}"), ("echo {inputs.nope}", "nope"), ("echo {params.seeed}", "seed"),
     ("echo {outputs.out} {n}", "{{n}}"), ("echo {inputs[3]}", "3"), ("echo {inputs}", "no inputs")],
)  # fmt: skip
def test_unknown_placeholders_are_errors(tmp_path: Path, run: str, message: str) -> None:
    """With the line, and how to write them literally or what was meant."""
    text = f"[params]\nseed = 1\n[dimensions]\nn = [1]\n[stages.go]\nrun = '''{run}'''\noutputs.out = 'o'\n"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    done = project.run(status=2)
    assert message in done.err
    assert "Pipelinefile.toml:6" in done.err


def test_argv_is_not_quoted(tmp_path: Path) -> None:
    """One placeholder is as many words as it stands for; inside a word it stays one."""
    text = f"[params]\nx = ['a b', {json.dumps(NASTY)}]\n[stages.go]\n"
    text += (
        "argv = ['sh', '-c', 'printf \"<%s>\" \"$@\" > out', 'sh', '{params.x}', 'x={params.x}', '{{literal}}', '']\n"
    )
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text + "outputs = ['out']\n"})
    project.run()
    assert project.read("out") == f"<a b><{NASTY}><x=a b {NASTY}><{{literal}}><>"
