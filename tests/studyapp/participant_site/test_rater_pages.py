"""All pages of the rater's way, four looks at each: accessibility by axe-core, nothing over the edge, pictures.

BYLINE_PICTURES=FOLDER (`make screenshots`) keeps a picture of each page, wide, on a phone, and dark.
"""

import os
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import axe_playwright_python
import pytest
from PIL import Image

from tests.studyapp.participant_site.rater_pages import WALKS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
RUN_AXE = """options => axe.run(document, options).then(found => found.violations.map(
    ({id, help, nodes}) => `${id}: ${help} at ${nodes.map(node => node.target.join(' ')).join(', ')}`))"""
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS = 48  # of a picture, so that it stays small


@dataclass(frozen=True)
class Look:
    """A window and a scheme; `ending` is that of its picture, None where none is taken."""

    name: str
    width: int
    height: int
    scheme: str
    ending: str | None = None


LOOKS = (
    Look("wide, light", 1200, 780, "light", ""),
    Look("wide, dark", 1200, 780, "dark", "-dark"),
    Look("phone, dark", 390, 780, "dark"),
    Look("phone, light", 390, 780, "light", "-phone"),
)
ALL_RULES = {"runOnly": {"type": "tag", "values": TAGS}, "rules": {"target-size": {"enabled": True}}}
OF_COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
READ_OUTLINE = """() => ({
    lang: document.documentElement.lang, title: document.title.trim(), over: document.documentElement.scrollWidth,
    headings: document.querySelectorAll('h1').length, mains: document.querySelectorAll('main').length,
    skip: document.querySelector('a.skip')?.getAttribute('href'),
    unnamed: [...document.querySelectorAll('[aria-describedby]')].filter(
        field => !field.getAttribute('aria-describedby').split(' ').every(
            id => document.getElementById(id))).length})"""


def test_every_page_in_every_look(chromium, live_server):
    folder = os.environ.get("BYLINE_PICTURES")
    seen, faults, errors = [], [], []
    for walk in WALKS:
        context = chromium.new_context(reduced_motion="reduce", viewport={"width": 1200, "height": 780})
        page = context.new_page()
        browser = context.new_cdp_session(page)
        page.on("pageerror", lambda error: errors.append(f"{seen[-1:]}: {error}"))
        for name in walk(page, live_server.url):
            seen.append(name)
            page.evaluate(AXE)
            for look in LOOKS:
                touch = {"enabled": look.width < 500}  # a finger hovers over nothing, and has no keys
                browser.send("Emulation.setTouchEmulationEnabled", touch)
                faults += [f"{name} ({look.name}): {fault}" for fault in examine(page, look)]
                if folder and look.ending is not None:
                    keep_picture(page, Path(folder) / f"rater-{name}{look.ending}.png")
            browser.send("Emulation.setTouchEmulationEnabled", {"enabled": False})
            page.set_viewport_size({"width": 1200, "height": 780})
            page.emulate_media(color_scheme="light")
        context.close()
    assert faults + errors == []
    assert len(set(seen)) == len(seen) > 25


def examine(page, look):
    """What is wrong with a page in a look; the rules that no scheme changes are run in one look of each width."""
    page.emulate_media(color_scheme=look.scheme)
    page.set_viewport_size({"width": look.width, "height": look.height})
    is_first = look.name in ("wide, light", "phone, dark")
    faults = page.evaluate(RUN_AXE, ALL_RULES if is_first else OF_COLOURS)
    faults += check_outline(page.evaluate(READ_OUTLINE), width=look.width)
    if look.width < 500 and is_first:
        page.set_viewport_size({"width": 320, "height": 256})  # 1280 x 1024 at 400 %
        faults += check_outline(page.evaluate(READ_OUTLINE), width=320)
        page.set_viewport_size({"width": look.width, "height": look.height})
    return faults


def check_outline(outline, *, width):
    right = {"headings": 1, "mains": 1, "skip": "#main", "unnamed": 0, "lang": "en"}
    wrong = {name: outline[name] for name, value in right.items() if outline[name] != value}
    faults = [str(wrong)] if wrong else []
    if outline["over"] > width:
        faults.append(f"{outline['over']} px wide")
    return faults if outline["title"] else [*faults, "no title"]


def keep_picture(page, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.open(BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
