"""The texts of a preset in other languages than English: `presets/de/gpt3-short.toml` holds those of gpt3-short.

A study in German begins with the German ones, and `[texts.de]` of a study in another language is filled from them,
as far as the study says what the preset says.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studyapp.domain.languages import choose_language, find_base

PRESETS_DIR = Path(__file__).parent / "presets"
ENGLISH = "en"


def list_text_languages(preset: str) -> list[str]:
    """The languages in which a preset's texts are there, English first."""
    return [ENGLISH, *sorted(path.parent.name for path in PRESETS_DIR.glob(f"*/{preset}.toml"))]


def read_preset_texts(preset: str, language: str) -> dict[str, Any] | None:
    """The sections of a preset that are in a language; None where nobody has translated them."""
    offered = list_text_languages(preset)
    found = choose_language([language], offered=offered)
    if find_base(found) != find_base(language):
        return None
    path = PRESETS_DIR / f"{preset}.toml" if found == ENGLISH else PRESETS_DIR / found / f"{preset}.toml"
    said = tomllib.loads(path.read_text(encoding="utf-8"))
    return {name: said[name] for name in ("texts", "checks", "comprehension") if name in said}


def lay_texts(base: Mapping[str, Any], texts: Mapping[str, Any]) -> dict[str, Any]:
    """A preset's mapping with its texts in another language."""
    laid = {name: {**base.get(name, {}), **texts[name]} for name in ("texts", "checks") if name in texts}
    return {**base, **laid, **({"comprehension": texts["comprehension"]} if "comprehension" in texts else {})}


def fill_translations(mapping: Mapping[str, Any], *, preset: str) -> dict[str, Any]:
    """A study's mapping whose further languages say what the preset says, wherever its own language does.

    What the study says otherwise than the preset in its own language must be translated by whoever wrote it.
    """
    texts = mapping.get("texts")
    if not isinstance(texts, Mapping):
        return dict(mapping)
    filled = {
        key: {**offer_translation(mapping, preset=preset, language=key), **value}
        if isinstance(value, Mapping)
        else value
        for key, value in texts.items()
    }
    return {**mapping, "texts": filled}


def offer_translation(mapping: Mapping[str, Any], *, preset: str, language: str) -> dict[str, Any]:
    """`[texts.LANGUAGE]` as the preset has it, of what the mapping does not say itself."""
    said = read_preset_texts(preset, language)
    if said is None:
        return {}
    own_texts, own_checks = mapping.get("texts", {}), mapping.get("checks", {})
    offered = {key: text for key, text in said["texts"].items() if key not in own_texts}
    if isinstance(own_checks, Mapping) and "internet_check_question" not in own_checks:
        keys = ("internet_check_question", "internet_check_solutions")
        offered |= {key: said["checks"][key] for key in keys if key in said.get("checks", {})}
    if "comprehension" in said and "comprehension" not in mapping:
        offered["comprehension"] = [
            {"question": asked["question"], "choices": asked["choices"]} for asked in said["comprehension"]
        ]
    return offered
