"""The page in a real browser, where one is installed: it looks right, asks for nothing and complains of nothing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from e2e.project import Project, stage

from .browser import Browser, installed

pytestmark = pytest.mark.skipif(installed() is None, reason="no chromium is installed")

PAGE = "provstore-report.html"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
FILE = (
    f'[project]\nname = "{"long" * 30}"\ndescription = "{"and" * 60}"\n'
    '[dimensions]\nn = "0..19"\n'
    + stage("make", "echo {n} > {outputs[0]}", "", "made/{n}", 'dimensions = ["n"]')
    + stage("all", "cat made/* > all", "made/{n}", "all", "")
    + "".join(stage(f"use-{name}-of-all-that-was-made", f"cp all {name * 30}", "all", name * 30) for name in "abcd")
    + stage("draw", f"echo '{SVG}' > drawn.svg", "all", "drawn.svg")
    + stage("fail", "echo " + "x" * 300 + "; exit 1", "all", "never")
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with long names, long lines and a failure."""
    project = Project(tmp_path_factory.mktemp("page") / "p", {"Pipelinefile.toml": FILE})
    project.run("-k", status=1)
    project.remove("made/7")
    project.provstore("report")
    return project.root / PAGE


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all."""
    with Browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_window(browser: Browser, page: Path, width: int, scheme: str) -> None:
    """The page never scrolls sideways; nothing is asked for; the policy has nothing to refuse."""
    browser.requests.clear()
    browser.complaints.clear()
    browser.open(page, width, scheme)

    assert browser.value("document.documentElement.scrollWidth") == width
    assert [address for address in browser.requests if not address.startswith("data:")] == [page.as_uri()]
    assert browser.complaints == []


def test_style_and_script_are_in_force(browser: Browser, page: Path) -> None:
    """Light is light, dark is dark, and the field to search with is there."""
    grounds = []
    for scheme in ("light", "dark"):
        browser.open(page, 1440, scheme)
        grounds.append(browser.value("getComputedStyle(document.body).backgroundColor"))

    assert grounds == ["rgb(255, 255, 255)", "rgb(18, 22, 28)"]
    assert browser.value("document.getElementById('filter').hidden") is False


def test_tasks_are_found_by_words_and_states(browser: Browser, page: Path) -> None:
    """Words narrow the list to the tasks that have all of them; a state that is not wanted goes."""
    browser.open(page, 1440)
    visible = "[...document.querySelectorAll('.tasks > li')].filter(item => item.offsetParent).length"
    field = "document.getElementById('words')"
    browser.value(f"{field}.value = 'make n=7'; {field}.dispatchEvent(new Event('input', {{bubbles: true}}))")
    found = browser.value("document.getElementById('found').textContent")
    shown = browser.value(visible)
    browser.value("document.querySelector('#filter input[value=restorable]').click()")

    assert (found, shown) == ("1 task found", 1)
    assert browser.value("document.getElementById('found').textContent") == "0 tasks found"
    assert browser.value("[...document.querySelectorAll('.stage')].every(stage => stage.hidden)")


def test_a_click_on_a_step_unfolds_its_tasks(browser: Browser, page: Path) -> None:
    """The graph leads to the list."""
    browser.open(page, 1440)
    browser.value("document.querySelector('svg a.box').dispatchEvent(new MouseEvent('click', {bubbles: true}))")
    browser.value("new Promise(done => setTimeout(done, 50))")

    assert browser.value("document.getElementById('stage-0').open")


def test_everything_can_be_reached_and_is_named(browser: Browser, page: Path) -> None:
    """Regions that scroll take the focus and have a name, pictures have a text, headings leave out no level.

    A finger finds the links on top: WCAG 2.2 asks for 24 pixels.
    """
    browser.open(page, 360)
    unnamed = "[...document.querySelectorAll('[tabindex=\"0\"]')].filter(it => !it.getAttribute('aria-label')).length"
    levels = browser.value("[...document.querySelectorAll('h1,h2,h3,h4')].map(it => +it.tagName[1])")

    assert browser.value(unnamed) == 0
    assert browser.value("Math.min(...[...document.querySelectorAll('nav a')].map(it => it.offsetHeight))") >= 24
    assert levels[0] == 1
    assert all(later - before <= 1 for before, later in pairwise(levels))


def test_pictures_are_there_before_anybody_scrolls_to_them(browser: Browser, page: Path) -> None:
    """Also for who prints the page, or takes a picture of it."""
    browser.open(page, 360)

    assert browser.value("[...document.images].map(it => [it.complete, it.naturalWidth])") == [[True, 9]]
