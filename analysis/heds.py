"""heds.json: the Human Evaluation Datasheet 3.0 (Belz & Thomson 2025), filled in as far as a bundle knows its answers.

The file uploads into the form of 2024-12-12: one object by element id. What the bundle states is `filled`; what follows
from how such studies are made, and a person must confirm, is `suggested`; the rest is for a person and left empty.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from analysis.data_quality import parse_reward
from analysis.methods_text import PLATFORMS, read_part
from analysis.study import Study
from analysis.took_part import PREFERS_NOT, Asked, describe_people

FIELDS = Path(__file__).with_name("heds_fields.json")
CRITERION = "Perceived authorship"
NOT_MEASURED = "Not measured: no participant judged a text twice."
State = Literal["filled", "suggested"]


@dataclass(frozen=True)
class Entry:
    """The answer to one question: a text or the chosen options, with what the form asks to be explained beside them."""

    state: State
    value: str | int | tuple[int, ...]
    explanation: str = ""


@dataclass(frozen=True)
class Datasheet:
    """The form's content, and which questions (by number) are filled, suggested, or left for a person."""

    form: dict[str, Any]
    filled: list[str]
    suggested: list[str]
    human: list[str]


def fill_datasheet(study: Study, methods: Mapping[str, str], *, agreement: Any = None) -> Datasheet:
    """Fill in what is known; `methods` are the paragraphs of the methods, `agreement` that section's results."""
    design = study.bundle.manifest.get("design")
    known = design if isinstance(design, Mapping) else {}
    entries = {
        **_describe_systems(study, known),
        **_describe_sample(study, known, methods),
        **_describe_design(study, known, methods),
        **_describe_criterion(study, known, methods),
        **_describe_agreement(study, agreement),
    }
    if read_part(known, "recruitment").get("platform") in PLATFORMS:
        kept = "A platform’s ids are kept apart from the answers and left out of every bundle."
        entries["5.2"] = Entry("suggested", (2,), kept)
    form: dict[str, Any] = {_read_fields()["criterion"]: {"data": {}, "control": {CRITERION: True}, "text": {}}}
    for field in _read_fields()["fields"]:
        if entry := entries.get(field["number"]):
            form |= _encode(field, entry)
    numbers = [field["number"] for field in _read_fields()["fields"]]
    by_state = {
        state: [n for n in numbers if n in entries and entries[n].state == state] for state in ("filled", "suggested")
    }
    return Datasheet(form, **by_state, human=[number for number in numbers if number not in entries])


@cache
def _read_fields() -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(FIELDS.read_text(encoding="utf-8"))
    return fields


def _encode(field: Mapping[str, Any], entry: Entry) -> dict[str, Any]:
    """As the form saves it: section 4 under the criterion's name, all else under an empty one."""
    key = CRITERION if field["number"].startswith("4.") else ""
    group, number = field["id"], field["number"]
    if not isinstance(entry.value, tuple):
        return {group: {"data": {key: str(entry.value)}, "control": {}, "number": number}}
    found: dict[str, Any] = {
        f"{group}-{option}": {
            "data": {key: True}, "control": {}, "text": {key: field["options"][str(option)]}, "number": number,
        }
        for option in entry.value
    }  # fmt: skip
    if entry.explanation:
        found[f"{group}-other_text"] = {"data": {key: entry.explanation}, "control": {}, "number": number}
    return found


def _describe_systems(study: Study, design: Mapping[str, Any]) -> dict[str, Entry]:
    manifest = study.bundle.manifest
    entries = {
        "2.1": Entry("suggested", (4, 7) if read_part(design, "articles").get("context") else (4,)),
        "2.2": Entry("filled", (7,)),
        "2.3": Entry("suggested", (20,), "Writing of a news article from a title and a subtitle."),
    }
    if name := manifest.get("title") or manifest.get("study"):
        entries["1.1.2"] = Entry("filled", str(name))
    language = str(read_part(design, "study").get("language", "")).split("-")[0]
    languages = next(field["languages"] for field in _read_fields()["fields"] if field["number"] == "2.4")
    if option := languages.get(language):
        entries |= {"2.4": Entry("filled", (option,)), "2.5": Entry("filled", (option,))}
    return entries


def _describe_sample(study: Study, design: Mapping[str, Any], methods: Mapping[str, str]) -> dict[str, Entry]:
    titles = study.bundle.trials["item"].n_unique()
    people = sum(arm.accuracy.n for arm in study.answer.arms)
    entries = {
        "3.1.1": Entry("filled", str(titles)),
        "3.1.2": Entry("suggested", (6,), methods["Materials"]),
        "3.2.1": Entry("filled", people),
        "3.2.3": Entry("suggested", methods["Participants"]),
        "3.2.5": Entry("filled", _count_groups(study)),
    }
    if not design:
        return entries
    recruitment, checks = read_part(design, "recruitment"), read_part(design, "checks")
    training = "Participants read written instructions; no text was judged for practice."
    if asked := len(design.get("comprehension") or []):
        tries = checks.get("comprehension_tries")
        training += f" They answered {asked} questions about the instructions, in at most {tries} tries."
    entries["3.2.4"] = Entry("filled", training)
    if (paid := _find_payment(recruitment)) is not None:
        entries["3.2.2.2"] = Entry("suggested", (paid,), str(recruitment.get("reward") or ""))
    if recruitment.get("platform") in PLATFORMS and recruitment.get("platform") != "personal":
        entries |= {f"3.2.2.{n}": Entry("suggested", (2,)) for n in (1, 3, 4)}
    return entries


def _describe_design(study: Study, design: Mapping[str, Any], methods: Mapping[str, str]) -> dict[str, Entry]:
    shown = "two texts side by side, one of a model and one of a person" if study.bundle.is_paired else "one text"
    entries = {
        "3.3.2": Entry("filled", "Web pages of the software Byline, in the participant’s own browser."),
        "3.3.4.2": Entry("filled", f"A page shows the title, {shown}, the question, and the five answers."),
        "3.3.7": Entry("filled", (1,)),
        "3.3.8": Entry("filled", _count_windows(study)),
    }
    if not design:
        return entries
    checks, targets = read_part(design, "checks"), read_part(design, "targets")
    checked = bool(checks.get("exclusion_rules") or design.get("attention") or design.get("comprehension"))
    excluded = (4,) if checks.get("exclusion_rules") else ()
    entries["3.3.3.1"] = Entry("filled", (2, *excluded) if checked else (7,))
    entries["3.3.3.2"] = Entry("filled", methods["Exclusions"])
    freedom = "No limit on the time of a text; a place is kept, so that one can go on later"
    if minutes := targets.get("dropout_minutes"):
        freedom += f", and given to another after {minutes} minutes without an answer"
    entries["3.3.5"] = Entry("filled", (5,), f"{freedom}.")
    contact = bool(read_part(design, "recruitment").get("contact"))
    entries["3.3.6"] = Entry(
        "suggested", (4,) if contact else (5,), "A contact was named on the pages." if contact else ""
    )
    return entries


def _describe_criterion(study: Study, design: Mapping[str, Any], methods: Mapping[str, str]) -> dict[str, Entry]:
    is_paired = study.bundle.is_paired
    values = "very likely human, more likely human, I don’t know, more likely machine, very likely machine"
    entries = {
        **{f"4.1.{n}": Entry("suggested", (3,)) for n in (1, 2, 3)},
        "4.2.1": Entry("suggested", (2,)),
        "4.2.2": Entry("suggested", (2 if is_paired else 1,)),
        "4.2.3": Entry("suggested", (1,)),
        "4.3.1.1": Entry("suggested", "None; participants were asked who wrote the text."),
        "4.3.1.2": Entry("suggested", "Human-likeness"),
        "4.3.2": Entry("suggested", "No definition beyond the question and the instructions."),
        "4.3.3": Entry("filled", "5"),
        "4.3.4": Entry("filled", values),
        "4.3.5": Entry("filled", (1,)),
        "4.3.6": Entry("filled", "N/A"),
        "4.3.8": Entry("filled", (3 if is_paired else 7,)),
        "4.3.9": Entry(
            "filled",
            "Share of right answers among those that are not “I don’t know”, for each participant; then the mean over "
            "the participants of an arm.",
        ),
        "4.3.10": Entry("filled", methods["Analysis"]),
    }
    if question := str(read_part(design, "texts").get("question", "")).strip():
        entries["4.3.7"] = Entry("filled", " ".join(question.split()))
    return entries


def _describe_agreement(study: Study, agreement: Any) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    judged = study.judgments.group_by("participant", "title", "item").len()["len"]
    if not (judged > 1).any():
        entries |= {f"4.3.12.{n}": Entry("filled", NOT_MEASURED) for n in (1, 2)}
    told = _tell_agreement(agreement)
    if told:
        entries["4.3.11.1"] = Entry("filled", "Krippendorff’s alpha of the five ordered answers, by arm.")
        entries["4.3.11.2"] = Entry("filled", told)
    return entries


def _tell_agreement(agreement: Any) -> str:
    """`small .21, large .03` from the section's results; empty where it was not run or has no number."""
    arms = agreement.get("arms", []) if isinstance(agreement, Mapping) else agreement or []
    found = []
    for arm in arms:
        ordinal = arm.get("ordinal")
        value = ordinal.get("value") if isinstance(ordinal, Mapping) else ordinal
        if isinstance(value, float):
            found.append(f"{arm['arm']} {value:.2f}")
    return ", ".join(found)


def _find_payment(recruitment: Mapping[str, Any]) -> int | None:
    """The option of 3.2.2.2: money, course credits, nothing; None where the words of the reward leave it open."""
    text = str(recruitment.get("reward") or "").strip()
    if not text:
        return 3
    if recruitment.get("platform") == "sona":
        return 2
    reward = parse_reward(text)
    return 1 if reward is not None and reward[0] > 0 else None


def _count_groups(study: Study) -> str:
    """How many gave which answer to the study's own questions; small groups are not told."""
    told = [text for asked in describe_people(study).questions if (text := _tell_asked(asked))]
    if not told:
        return "No characteristics of participants were asked, or none are in the bundle."
    return f"{'; '.join(told)}. Groups of fewer than five are left out."


def _tell_asked(asked: Asked) -> str:
    if asked.total is not None and asked.total.median is not None:
        part = asked.total
        return f"{asked.name}: median {part.median:g} (quartiles {part.low:g} and {part.high:g})"
    named = {PREFERS_NOT: "prefer not to say"}
    rows = [f"{named.get(row.answer, row.answer)} {row.total.n}" for row in asked.rows if row.total.n]
    return f"{asked.name}: {', '.join(rows)}" if rows else ""


def _count_windows(study: Study) -> str:
    counts = study.bundle.trials["viewport"].drop_nulls().value_counts().sort("viewport")
    total = counts["count"].sum() or 0
    if not total:
        return "A device and a place of their own choosing; widths of windows were not measured."
    shares = ", ".join(f"{width} {100 * n / total:.0f} %" for width, n in counts.iter_rows())
    return f"A device and a place of their own choosing. Width of the window, share of texts: {shares}."
