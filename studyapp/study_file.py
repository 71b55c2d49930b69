"""A study as code: reading and writing the TOML file of DESIGN §4.

A file names a preset and says what differs from it. Conveniences are resolved when it is read: [articles] may
name a `file` whose articles are to be imported first, and `items` and `context` may be numbers, which take that many
articles of the file from its beginning (the context first). A third: an arm with a `ladder` stands for the models of
a known one. What is written back names every article and every arm.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import ParseError

from studyapp.domain.study_design import DesignError, StudyDesign, describe_design, parse_design
from studyapp.known_models import expand_ladder_arms

PRESETS_DIR = Path(__file__).parent / "presets"
DEFAULT_PRESET = "gpt3-short"


class StudyFileError(ValueError):
    """A study file that cannot be used; `faults` are sentences that name file and key."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True)
class StudyFile:
    """A study file as it was read: the mapping merged over its preset, and the article file that it names."""

    name: str
    mapping: dict[str, Any]
    article_file: Path | None

    def resolve(self, refs_in_file: list[str]) -> StudyDesign:
        """The design, with numbers of items and context articles turned into the refs of the article file.

        Raises:
            StudyFileError: the file says something that cannot be; every fault is named.
        """
        mapping = {**self.mapping, "articles": dict(self.mapping.get("articles", {}))}
        faults = _resolve_counts(mapping["articles"], refs_in_file)
        try:
            design = parse_design(mapping)
        except DesignError as error:
            faults = [*error.faults, *faults]
        if faults:
            raise StudyFileError([f"{self.name}: {fault}" for fault in faults])
        return design


def list_presets() -> list[str]:
    return sorted(path.stem for path in PRESETS_DIR.glob("*.toml"))


def read_preset(name: str) -> dict[str, Any]:
    """The mapping of a preset.

    Raises:
        StudyFileError: there is no such preset.
    """
    if name not in list_presets():
        raise StudyFileError([f"[study] preset: there is no {name!r}; choose from {', '.join(list_presets())}"])
    return tomlkit.parse((PRESETS_DIR / f"{name}.toml").read_text(encoding="utf-8")).unwrap()


def read_study_file(path: Path) -> StudyFile:
    """Read a study file from disk.

    Raises:
        StudyFileError: it cannot be read, is no TOML, or names an unknown preset.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise StudyFileError([f"{path}: cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError as error:
        raise StudyFileError([f"{path}: is not UTF-8 ({error.reason}); save it as UTF-8 and try again"]) from None
    return parse_study_file(text, name=path.name, folder=path.parent)


def parse_study_file(text: str, *, name: str, folder: Path | None) -> StudyFile:
    """Read a study file's text; `folder` is where its article file is looked for (None: it may name none).

    Raises:
        StudyFileError: no TOML, or an unknown preset.
    """
    try:
        mapping = tomlkit.parse(text).unwrap()
    except ParseError as error:
        raise StudyFileError([f"{name}: no TOML: {error}"]) from None
    study = mapping.get("study", {})
    preset = study.get("preset", DEFAULT_PRESET) if isinstance(study, Mapping) else DEFAULT_PRESET
    merged = merge_over_preset(mapping, preset=preset)
    if isinstance(merged.get("arms"), list):
        merged["arms"], faults = expand_ladder_arms(merged["arms"])
        if faults:
            raise StudyFileError([f"{name}: {fault}" for fault in faults])
    articles = merged.get("articles")
    file_name = articles.pop("file", None) if isinstance(articles, dict) else None
    if file_name is not None and (folder is None or not isinstance(file_name, str)):
        raise StudyFileError([f"{name}: [articles] file: import the articles first, then leave this key out"])
    return StudyFile(name=name, mapping=merged, article_file=folder / file_name if folder and file_name else None)


def merge_over_preset(mapping: Mapping[str, Any], *, preset: str) -> dict[str, Any]:
    """A study's mapping over that of its preset: section by section, key by key; arms replace the preset's whole."""
    base = read_preset(preset)
    merged: dict[str, Any] = {**base, **mapping}
    for section, values in mapping.items():
        if isinstance(values, Mapping) and isinstance(base.get(section), Mapping):
            merged[section] = {**base[section], **values}
    if isinstance(merged.get("study"), Mapping):
        merged["study"] = {**merged["study"], "preset": preset}
    return merged


def write_study_file(design: StudyDesign) -> str:
    """The study file of a design; reading it again gives the same design."""
    document = tomlkit.document()
    described = describe_design(design)
    arms = described.pop("arms")
    for name, values in described.items():
        section = tomlkit.table()
        for key, value in values.items():
            section.add(key, _to_toml(value))
        document.add(name, section)
    tables = tomlkit.aot()
    for arm in arms:
        table = tomlkit.table()
        for key, value in arm.items():
            table.add(key, _to_toml(value))
        tables.append(table)
    document.add("arms", tables)
    return tomlkit.dumps(document)


def _to_toml(value: Any) -> Any:
    if isinstance(value, str) and "\n" in value:
        return tomlkit.string(value, multiline="\r" not in value and '"""' not in value)
    if isinstance(value, list) and len(value) > 4:
        array = tomlkit.array()
        array.extend(value)
        return array.multiline(True)
    if isinstance(value, dict):
        table = tomlkit.inline_table()
        table.update(value)
        return table
    return tomlkit.item(value)


def _resolve_counts(articles: dict[str, Any], refs: list[str]) -> list[str]:
    """Numbers of articles become names, from the beginning of the file: first the context, then the items.

    What is wrong with them is returned, each fault with its key; the names are then as many as there are.
    """
    counts = {key: articles[key] for key in ("context", "items") if isinstance(articles.get(key), int)}
    named = [ref for key in ("context", "items") if key not in counts for ref in articles.get(key, ())]
    free = [ref for ref in refs if ref not in named]
    needed = sum(counts.values())
    faults = []
    if needed > len(free):
        there = f"there are {len(free)}" if refs else "no article file is named ([articles] file)"
        faults.append(f"[articles] items: {needed} articles are wanted beside those named, but {there}")
    for key, count in counts.items():
        articles[key], free = free[:count], free[count:]
    return faults
