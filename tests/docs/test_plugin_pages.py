"""An author who reads docs/plugins.md and docs/hooks.md, and nothing else, gets along."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from provstore import hookspecs, plugin, testing

from .page import ROOT, Reader, alike

PAGE = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
HOOKS = (ROOT / "docs" / "hooks.md").read_text(encoding="utf-8")

PIP = '#!/bin/sh\nexec {running} -m pip --disable-pip-version-check --python {own} "$@"\n'
SCRIPT = "#!{own}\nimport sys\nfrom {module} import main\nsys.exit(main())\n"


OF_PIP = re.compile(r"PIP_\w+|(https?|no)_proxy|SSL_CERT_FILE", re.I)
"""Variables that say how pip finds packages: the home of the author is empty."""
USERS_CONFIG = Path("~/.config/pip/pip.conf").expanduser()


class Author(Reader):
    """Somebody with a virtual environment of their own, which sees what is installed here besides."""

    def __init__(self, folder: Path, environment: Path) -> None:
        super().__init__(folder)
        scripts = environment / "bin"
        self._environment |= {name: value for name, value in os.environ.items() if OF_PIP.fullmatch(name)}
        if USERS_CONFIG.exists():
            self._environment.setdefault("PIP_CONFIG_FILE", str(USERS_CONFIG))
        self._environment["PATH"] = f"{scripts}:{self._environment['PATH']}"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
        own = scripts / "python"
        (packages,) = environment.glob("lib/python3*/site-packages")
        (packages / "of_here.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
        texts = {
            "pip": PIP.format(running=sys.executable, own=own),
            "pytest": SCRIPT.format(own=own, module="pytest"),
            "provstore": SCRIPT.format(own=own, module="provstore.cli.main"),
        }
        for name, text in texts.items():
            (scripts / name).write_text(text)
            (scripts / name).chmod(0o755)


def timeless(output: str) -> str:
    """The output without what differs from one call to the next, pytest's spelling of seconds included."""
    return re.sub(r"\bin \d+\.\d+s$", "in <seconds>", alike(output), flags=re.M)


@pytest.fixture(scope="module")
def author(tmp_path_factory: pytest.TempPathFactory) -> Author:
    """An empty folder, and somebody in it."""
    folder = tmp_path_factory.mktemp("author") / "project"
    folder.mkdir()
    return Author(folder, folder.parent / "venv")


def test_the_walk_prints_what_it_shows(author: Author) -> None:
    """Each file written, each command typed, in order, in a new environment: from nothing to a package and a wheel."""
    played = list(author.play(PAGE))

    assert len(played) > 15
    for step, printed in played:
        assert timeless(printed) == timeless(step.output), f"$ {step.command}"


def test_what_is_shown_of_a_written_file_is_in_it(author: Author) -> None:
    """A block after ``<!-- in: NAME -->``."""
    shown = re.findall(r"^<!-- in: (\S+) -->\n```\w+\n(.*?)^```$", PAGE, re.M | re.S)
    if not (author.folder / "provstore-star-list").exists():
        list(author.play(PAGE))

    assert shown
    for name, text in shown:
        assert text in (author.folder / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", plugin.__all__)
def test_every_name_of_the_promise_is_explained(name: str) -> None:
    """As a section of the reference, or in its table of constants."""
    reference = PAGE.partition("<!-- begin: plugin")[2].partition("<!-- end: plugin")[0]

    assert re.search(rf"^#### {name}$|^\| `{name}` \| .{{10}}", reference, re.M)


@pytest.mark.parametrize("name", testing.__all__)
def test_every_tool_for_tests_is_explained(name: str) -> None:
    """With how it is called."""
    reference = PAGE.partition("<!-- begin: testing")[2].partition("<!-- end: testing")[0]

    assert re.search(rf"^#### {name}\n\n```python\n(class|def) {name}\b", reference, re.M)


@pytest.mark.parametrize("name", [name for name in vars(hookspecs) if name.startswith("provstore_")])
def test_every_hook_has_its_section(name: str) -> None:
    """With its signature."""
    assert f"\n## {name}\n\n```python\n@hookimpl\ndef {name}(" in HOOKS
