"""What a change of a draft's design comes to: the new design, which keys it changed, and whose texts it outdates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from studyapp.domain.study_design import LISTS, StudyDesign, describe_design, parse_design
from studyapp.domain.study_sections import describe_section
from studyapp.domain.text_design import USE_KEYS

# A text was written under these; once they say something else, it is not the text of this design any more.
ARM_KEYS_OF_TEXTS = ("generator", "conditioned", "sampling", *USE_KEYS)
KEYS_OF_ALL_TEXTS = ("study.language", "fitness")
CONTEXT_KEY = "articles.context"
TRANSLATED = {"attention": "text", "comprehension": "question"}  # what is said of an entry in another language
KEYS_OF_FORMS = ("study.seed", "articles.items")


@dataclass(frozen=True)
class ArmEntry:
    """An arm as it shall be; `was` is its name so far, None for a new one."""

    was: str | None
    says: Mapping[str, Any]


@dataclass(frozen=True)
class DesignChange:
    """What shall be different: keys of sections, whole lists of entries but the arms, and the arms, all in order.

    `lists` are those of a study file's [[name]], each an entry a mapping; arms that are None stay as they are.
    """

    sections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    lists: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    arms: Sequence[ArmEntry] | None = None


@dataclass(frozen=True)
class ChangedDesign:
    """A design after a change. `keys` are those that differ, as texts.consent or arms.small.sampling."""

    design: StudyDesign
    was_named: tuple[str | None, ...]  # of each arm of `design`
    keys: tuple[str, ...]
    outdated_arms: tuple[str, ...]  # by the name before the change: their texts were written under other settings

    @property
    def outdates_forms(self) -> bool:
        return any(_is_below(key, KEYS_OF_FORMS) for key in self.keys)


def apply_change(before: StudyDesign, change: DesignChange) -> ChangedDesign:
    """The design that a change makes.

    A section's keys are laid over what it says; a key whose value is None is left out, as if the file did not have it.

    Raises:
        DesignError: the outcome cannot be; every fault is named with its key.
    """
    mapping = describe_design(before)
    for name, values in change.sections.items():
        merged = {**mapping.get(name, {}), **values}
        mapping[name] = {key: value for key, value in merged.items() if value is not None}
    mapping |= {name: list(entries) for name, entries in change.lists.items()}
    was_named: tuple[str | None, ...] = tuple(arm.name for arm in before.arms)
    if change.arms is not None:
        was_named = tuple(entry.was for entry in change.arms)
        mapping["arms"] = [
            {key: value for key, value in entry.says.items() if value is not None} for entry in change.arms
        ]
    design = parse_design(mapping)
    keys = (*_list_section_keys(before, design), *_list_arm_keys(before, design, was_named))
    return ChangedDesign(design, was_named, keys, _find_outdated(before, keys))


def rearrange_translated(
    before: StudyDesign, name: str, entries: Sequence[tuple[int | None, Mapping[str, Any]]]
) -> DesignChange:
    """The attention checks or comprehension questions as they shall be, each with its number before (None: new).

    Numbers go from 0. Translations go by their order, so they are moved along.
    """
    tables = {}
    for tag, translation in before.texts.languages.items():
        said = describe_section(translation)
        if said[name]:
            tables[tag] = {**said, name: [_find_translation(said[name], was, of=name) for was, _ in entries]}
    lists = {name: [entry for _, entry in entries]}
    return DesignChange(sections={"texts": tables} if tables else {}, lists=lists)


def _find_translation(there: Sequence[Any], was: int | None, *, of: str) -> Any:
    return there[was] if was is not None and was < len(there) else {TRANSLATED[of]: "", "choices": []}


def _list_section_keys(before: StudyDesign, after: StudyDesign) -> list[str]:
    old, new = describe_design(before), describe_design(after)
    lists = [name for name in LISTS if name != "arms" and old[name] != new[name]]
    return lists + [
        f"{section}.{key}"
        for section in new
        if section not in LISTS
        for key in dict.fromkeys([*old[section], *new[section]])
        if old[section].get(key) != new[section].get(key)
    ]


def _list_arm_keys(before: StudyDesign, after: StudyDesign, was_named: Sequence[str | None]) -> list[str]:
    old = {arm["name"]: arm for arm in describe_design(before)["arms"]}
    keys = [f"arms.{name} removed" for name in old if name not in was_named]
    for was, arm in zip(was_named, describe_design(after)["arms"], strict=True):
        if was is None:
            keys.append(f"arms.{arm['name']} added")
            continue
        named = dict.fromkeys([*old[was], *arm])
        keys += [f"arms.{was}.{key}" for key in named if old[was].get(key) != arm.get(key)]
    kept = [name for name in was_named if name is not None]
    if kept != [name for name in old if name in kept]:
        keys.append("arms order")
    return keys


def _find_outdated(before: StudyDesign, keys: Sequence[str]) -> tuple[str, ...]:
    if any(_is_below(key, KEYS_OF_ALL_TEXTS) for key in keys):
        return tuple(arm.name for arm in before.arms)
    return tuple(
        arm.name
        for arm in before.arms
        if (arm.conditioned and CONTEXT_KEY in keys)
        or any(f"arms.{arm.name}.{key}" in keys for key in ARM_KEYS_OF_TEXTS)
    )


def _is_below(key: str, roots: Sequence[str]) -> bool:
    return any(key == root or key.startswith(f"{root}.") for root in roots)
