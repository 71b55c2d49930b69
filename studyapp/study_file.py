"""A study as code: reading and writing the TOML file of DESIGN §4.

A file names a preset and says what differs from it. Conveniences are resolved when it is read: [articles] may
name a `file` whose articles are to be imported first, and `items` and `context` may be numbers, which take that many
articles of the file from its beginning (the context first). A third: an arm with a `ladder` stands for the models of
a known one. What is written back names every article and every arm.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from studyapp.domain.shot_arms import cross_shots
from studyapp.domain.study_design import DesignError, StudyDesign, describe_design, parse_design
from studyapp.domain.study_sections import Fault, Place
from studyapp.domain.toml_lines import find_line, find_lines
from studyapp.model_files.known_models import expand_ladder_arms
from studyapp.preset_texts import PRESETS_DIR, fill_translations, lay_texts, read_preset_texts

DEFAULT_PRESET = "gpt3-short"


class StudyFileError(ValueError):
    """A study file that cannot be used; `faults` are sentences that name file, line and key."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True)
class StudyFile:
    """A study file as it was read: the mapping merged over its preset, and the article file that it names.

    `lines` says where in the file's text its places stand; what the preset says stands nowhere in it. `arm_entries`
    are the entries under [[arms]], from 0, that the mapping's arms come from: one of a ladder makes several.
    """

    name: str
    mapping: dict[str, Any]
    article_file: Path | None
    lines: Mapping[Place, int] = field(default_factory=dict)
    arm_entries: tuple[int, ...] = ()

    def resolve(self, refs_in_file: list[str]) -> StudyDesign:
        """The design, with numbers of items and context articles turned into the refs of the article file.

        Raises:
            StudyFileError: the file says something that cannot be; every fault is named.
        """
        mapping = {**self.mapping}
        faults: list[str] = []
        if isinstance(mapping.get("articles", {}), Mapping):
            mapping["articles"] = dict(mapping.get("articles", {}))
            faults = _resolve_counts(mapping["articles"], refs_in_file)
        try:
            design = parse_design(mapping)
        except DesignError as error:
            faults = [*error.faults, *faults]
        if faults:
            raise self.refuse(faults)
        return design

    def refuse(self, faults: Iterable[str]) -> StudyFileError:
        """The error that names each fault with this file and, in the order of the file, its line."""
        found = [self._locate(fault) for fault in faults]
        return StudyFileError(
            [
                f"{self.name}, line {line}: {fault}" if line else f"{self.name}: {fault}"
                for line, fault in sorted(found, key=lambda entry: entry[0] or 0)
            ]
        )

    def _locate(self, fault: str) -> tuple[int | None, str]:
        """The line of a fault that knows its place, and the fault as the file counts its arms.

        A key that is missing is looked for in its section.
        """
        if not isinstance(fault, Fault):
            return None, fault
        match fault.place:
            case ("arms", int(number), *inner) if number < len(self.arm_entries):
                fault = Fault(("arms", self.arm_entries[number], *inner), fault.reason)
        return find_line(self.lines, fault.place), fault


def list_presets() -> list[str]:
    return sorted(path.stem for path in PRESETS_DIR.glob("*.toml"))


def describe_preset(name: str) -> str:
    """What a preset is, in a line: the first of its file."""
    text = (PRESETS_DIR / f"{name}.toml").read_text(encoding="utf-8")
    return text.partition("\n")[0].removeprefix("#").strip()


def read_preset(name: str, *, language: str = "en") -> dict[str, Any]:
    """The mapping of a preset, its texts in a language where it has them, else in English.

    Raises:
        StudyFileError: there is no such preset.
    """
    if name not in list_presets():
        known = ", ".join(list_presets())
        raise StudyFileError([Fault(("study", "preset"), f"there is no {name!r}; choose from {known}")])
    base = tomllib.loads((PRESETS_DIR / f"{name}.toml").read_text(encoding="utf-8"))
    return lay_texts(base, read_preset_texts(name, language) or {})


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
    except TOMLKitError as error:
        raise StudyFileError([_tell_syntax_fault(error, text=text, name=name)]) from None
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, or a very deep list
        raise StudyFileError([f"{name}: no study file: {error}"]) from None
    lines = find_lines(text)
    study = mapping.get("study", {})
    preset = study.get("preset", DEFAULT_PRESET) if isinstance(study, Mapping) else DEFAULT_PRESET
    try:
        merged = merge_over_preset(mapping, preset=preset)
    except StudyFileError as error:
        raise StudyFile(name=name, mapping=mapping, article_file=None, lines=lines).refuse(error.faults) from None
    faults: list[str] = []
    arm_entries: tuple[int, ...] = ()
    if isinstance(merged.get("arms"), list):
        expanded = expand_ladder_arms(merged["arms"])
        crossed = cross_shots(expanded.arms, origins=expanded.origins)
        merged["arms"], faults = crossed.arms, [*expanded.faults, *crossed.faults]
        arm_entries = () if faults else tuple(crossed.origins)
    articles = merged.get("articles")
    file_name = articles.pop("file", None) if isinstance(articles, dict) else None
    if file_name is not None and (folder is None or not isinstance(file_name, str)):
        faults.append(Fault(("articles", "file"), "import the articles first, then leave this key out"))
    article_file = folder / file_name if folder and file_name and not faults else None
    file = StudyFile(name=name, mapping=merged, article_file=article_file, lines=lines, arm_entries=arm_entries)
    if faults:
        raise file.refuse(faults)
    return file


def _tell_syntax_fault(error: TOMLKitError, *, text: str, name: str) -> str:
    """What is no TOML, with its line; where the one library says none, the other is asked."""
    reason, line = re.sub(r" at line \d+ col \d+$", "", str(error)), getattr(error, "line", None)
    if "'\\x00'" in reason and "\x00" not in text:  # how it calls the end of the text
        reason = "it ends where more must follow"
    if line is None:
        try:
            tomllib.loads(text)
        except (ValueError, RecursionError) as other:
            found = re.search(r"at line (\d+)", str(other))
            line = int(found.group(1)) if found else text.count("\n") + 1  # "at end of document"
    return f"{name}{'' if line is None else f', line {line}'}: no TOML: {reason}"


def merge_over_preset(mapping: Mapping[str, Any], *, preset: str) -> dict[str, Any]:
    """A study's mapping over that of its preset: section by section, key by key; arms replace the preset's whole.

    The preset's texts are those of the study's language, and of each [texts.LANGUAGE], where it has them.
    """
    study = mapping.get("study", {})
    language = study.get("language") if isinstance(study, Mapping) else None
    base = read_preset(preset, language=language if isinstance(language, str) else "en")
    mapping = fill_translations(mapping, preset=preset)
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
    for name in [name for name, values in described.items() if not values and isinstance(values, list)]:
        document.add(name, [])  # said outright, so that nothing of the preset's takes its place
        del described[name]
    for name, values in described.items():
        if isinstance(values, list):
            tables = tomlkit.aot()
            for entry in values:
                tables.append(_to_table(entry))
            document.add(name, tables)
        else:
            document.add(name, _to_table(values, with_tables=name == "texts"))
    return tomlkit.dumps(document)


def _to_table(values: Mapping[str, Any], *, with_tables: bool = False) -> tomlkit.items.Table:
    """A table of the file; `with_tables`: tables in it are written as such, not in one line."""
    table = tomlkit.table()
    for key, value in values.items():
        if with_tables and isinstance(value, Mapping):
            table.add(key, _to_table(value, with_tables=True))
        elif with_tables and isinstance(value, list) and value and all(isinstance(part, Mapping) for part in value):
            entries = tomlkit.aot()
            for part in value:
                entries.append(_to_table(part))
            table.add(key, entries)
        else:
            table.add(key, _to_toml(value))
    return table


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
    counts = {key: articles[key] for key in ("context", "items") if type(articles.get(key)) is int}
    if negative := [key for key, count in counts.items() if count < 0]:
        return [Fault(("articles", key), f"is {counts[key]}; there cannot be fewer than none") for key in negative]
    named = [ref for key in ("context", "items") if key not in counts for ref in _list_refs(articles.get(key))]
    free = [ref for ref in refs if ref not in named]
    needed = sum(counts.values())
    faults: list[str] = []
    if needed > len(free):
        there = f"there are {len(free)}" if refs else "no article file is named ([articles] file)"
        place = ("articles", "items" if "items" in counts else "context")
        faults.append(Fault(place, f"{needed} articles are wanted beside those named, but {there}"))
    for key, count in counts.items():
        articles[key], free = free[:count], free[count:]
    return faults


def _list_refs(named: Any) -> list[Any]:
    return named if isinstance(named, list) else []
