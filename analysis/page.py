"""The report's page: its chapters in the order in which a reader asks, each with its body as HTML."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape
from markupsafe import Markup

from analysis import wording
from analysis.figures import THEME, Picture
from analysis.flow import count_leavers
from analysis.power_law import NoFit
from analysis.sections import ORDER, Section
from analysis.study import Study

AFTER = {  # the page's own chapters, each behind a section; those behind the same one in this order
    "arms": "",
    "curve": "intervals",
    "flow": "detection_model",
    "registration": "took_part",
    "seconds": "response_time",
    "methods": ORDER[-1],
    "paper": ORDER[-1],
}
WITHIN = {"curve": "size_curve", "seconds": "response_time", "flow": "attrition"}  # where that section is, part of it
MOST_SENTENCES = 5
FIRST_FIGURES = ("size_curve", "accuracy")  # the one with the wider claim, where it could be drawn
SIMULATED, STAND_IN = "Simulated participants", "Stand-in articles"
WARNINGS = {
    SIMULATED: "Simulated participants: these numbers say nothing about people.",
    STAND_IN: "The “human” articles are fictional and machine-written: they stand in for human ones in a demonstration "
    "only.",
}


@dataclass(frozen=True)
class Chapter:
    """One chapter of the page. `status` is empty where nothing is tested or estimated."""

    name: str
    title: str
    body: Markup
    status: str = ""
    meaning: str = ""
    formula: str = ""
    limits: str = ""


@dataclass(frozen=True)
class Page:
    """What the page and its printed twin are made of.

    `first`: the figure beside the sentences. `marks`: what every sheet says of data that are not real.
    """

    title: str
    sentences: list[str]
    cautions: list[str]
    chapters: list[Chapter]
    first: str
    context: dict[str, Any]
    marks: list[str]


def lay_out(study: Study, results: dict[str, Any], pictures: Sequence[Picture], sections: Sequence[Section]) -> Page:
    """Put sentences, chapters and figures in their places."""
    environment = _make_environment()
    figures = {picture.name: {"alt": picture.alt, "svg": Markup(_inline(picture))} for picture in pictures}  # noqa: S704 # nosec B704
    first = next(name for name in FIRST_FIGURES if name in figures)
    shared = {"figures": figures, "first": first, "interval": wording.interval}
    own = _name_own(study)
    context = shared | _gather(study, results, sections)
    bodies = {name: _render(environment, f"parts/{name}.html.j2", context) for name in own}
    within = {home: name for name, home in WITHIN.items() if any(section.name == home for section in sections)}
    chapters = {
        section.name: Chapter(
            name=section.name,
            title=section.title,
            body=_render_section(environment, section, shared) + _continue(section.name, within, own, bodies),
            status=section.status,
            meaning=section.meaning,
            formula=section.formula,
            limits=section.limits,
        )
        for section in sections
    }
    for name, (title, status) in own.items():
        if name not in within.values():
            chapters[name] = Chapter(name=name, title=title, body=bodies[name], status=status)
    return Page(
        title=study.bundle.manifest.get("title") or "Can people tell?",
        sentences=tell_first(study, sections),
        cautions=wording.tell_cautions(study.answer),
        chapters=sorted(chapters.values(), key=_find_place),
        first=first,
        context=context,
        marks=list_marks(study),
    )


def render_page(page: Page) -> str:
    """The text of report.html."""
    shared = page.context | {"laid": page, "warnings": [WARNINGS[mark] for mark in page.marks]}
    return _make_environment().get_template("report.html.j2").render(**shared)


def list_marks(study: Study) -> list[str]:
    """What must stand on every page and figure of this study, lest it be taken for an answer about people."""
    manifest = study.bundle.manifest
    people = study.bundle.participants["simulated"]
    is_simulated = bool(manifest.get("simulated")) or bool(people.fill_null(value=False).any())
    marks = {SIMULATED: is_simulated, STAND_IN: bool(manifest.get("stand_in_articles"))}
    return [mark for mark, holds in marks.items() if holds]


def tell_first(study: Study, sections: Sequence[Section]) -> list[str]:
    """The first page's sentences: at most five, each of its own test, the wider claim before the published one."""
    told = {section.name: section.sentences[0] for section in sections if section.sentences}
    answer = study.answer
    sentences = [
        wording.tell_control(answer),
        wording.tell_ends(answer),
        told.get("equivalence") or wording.tell_largest(answer),
        told.get("detection_model", ""),
        told.get("size_curve") or wording.tell_curve(answer),
    ]
    return [sentence for sentence in sentences if sentence][:MOST_SENTENCES]


def _name_own(study: Study) -> dict[str, tuple[str, str]]:
    """Title and status of the page's own chapters."""
    page = "a pair" if study.bundle.is_paired else "an article"
    return {
        "arms": ("By arm", "confirmatory"),
        "curve": ("Accuracy over size, as published", "descriptive"),
        "seconds": (f"Seconds {page}, as published", "exploratory"),
        "flow": ("How far participants came", "descriptive"),
        "registration": ("What was set beforehand", ""),
        "methods": ("How it was worked out", ""),
        "paper": ("For the paper: methods and datasheet", ""),
    }


def _continue(
    section: str, within: Mapping[str, str], own: Mapping[str, tuple[str, str]], bodies: Mapping[str, Markup]
) -> Markup:
    """What of the page's own stands at the end of a section that tells of the same thing."""
    name = within.get(section)
    return Markup("<h3>{}</h3>\n").format(own[name][0]) + bodies[name] if name else Markup("")


def _find_place(chapter: Chapter) -> tuple[int, int]:
    if chapter.name in ORDER:
        return ORDER.index(chapter.name), 0
    behind = AFTER[chapter.name]
    return ORDER.index(behind) if behind else -1, 1 + list(AFTER).index(chapter.name)


def _gather(study: Study, results: dict[str, Any], sections: Sequence[Section]) -> dict[str, Any]:
    """What the page's own chapters are written from."""
    answer, own = study.answer, _name_own(study)
    return {
        "manifest": study.bundle.manifest,
        "methods": results["methods"],
        "answer": answer,
        "results": results,
        "interval_of": wording.interval_of,
        "lacks_interval": any(arm.accuracy.n and arm.accuracy.low is None for arm in answer.arms),
        "has_cut_interval": any(arm.accuracy.is_cut for arm in answer.arms),
        "page": "a pair" if answer.is_paired else "an article",
        "has_curve": not isinstance(answer.power_law, NoFit),
        "has_line": not isinstance(answer.duration, NoFit),
        "statuses": [
            (title, status)
            for name, (title, status) in own.items()
            if status and not any(WITHIN.get(name) == section.name for section in sections)
        ]
        + [(section.title, section.status) for section in sections],
        "labels": study.labels,
        "flow_reasons": sorted({reason for arm in answer.arms for reason in arm.flow.reasons}),
        "left": count_leavers([arm.flow for arm in answer.arms]),
    }


def _make_environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(["html", "j2"]),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": wording.percent,
        "number": wording.number,
        "significant": wording.significant,
        "plain": wording.plain,
        "words": wording.words,
        "size": wording.size,
        "p_value": wording.p_value,
    }
    return environment


def _render(environment: Environment, name: str, context: dict[str, Any]) -> Markup:
    return Markup(environment.get_template(name).render(**context))  # noqa: S704 # nosec B704


def _render_section(environment: Environment, section: Section, shared: dict[str, Any]) -> Markup:
    """A section's own template, or the plain one, which shows what it says and its tables."""
    template = environment.select_template([f"sections/{section.name}.html.j2", "sections/plain.html.j2"])
    return Markup(template.render(**(shared | {"section": section} | section.context)))  # noqa: S704 # nosec B704


def _inline(picture: Picture) -> str:
    """The SVG element alone: its names made unique to the figure, and the report's colours left to the page's theme."""
    text = picture.svg.decode()
    element = text[text.index("<svg") :]
    for mark in ('id="', "url(#", 'href="#'):
        element = element.replace(mark, f"{mark}{picture.name}-")
    element = re.sub(r"<metadata>.*?</metadata>", "", element, count=1, flags=re.DOTALL)
    element = re.sub(
        r": (#[0-9a-f]{6})\b",
        lambda found: f": var(--{THEME[found[1]]}, {found[1]})" if found[1] in THEME else found[0],
        element,
    )
    return element.replace(
        "<svg ", f'<svg data-figure="{picture.name}" role="img" aria-label="{Markup.escape(picture.alt)}" ', 1
    )
