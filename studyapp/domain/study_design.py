"""A whole study as values: what a study file says, what the staff pages can set, and what `launch` freezes.

`parse_design` checks a mapping (a study file merged over its preset) and reports every fault at once, each with its
key; `describe_design` gives the mapping back, and the two agree exactly.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, get_type_hints

from studyapp.domain.attention import AttentionQuestion, find_fail_fault, find_set_faults
from studyapp.domain.attention_standard import expand_standard
from studyapp.domain.comprehension import MOST_QUESTIONS, MOST_TRIES, ComprehensionQuestion
from studyapp.domain.data_protection import DataProtection
from studyapp.domain.debriefing import Debriefing
from studyapp.domain.exclusion import RULES, Bounds
from studyapp.domain.questions import Question, check_questions, take_ready_made
from studyapp.domain.reading_time import FASTEST_WPM, MOST_SECONDS, SLOWEST_WPM
from studyapp.domain.study_sections import SLUG, Fault, describe_section, read_section, suggest
from studyapp.domain.study_texts import (
    Texts,
    check_own_language,
    check_translated_questions,
    describe_texts,
    read_texts,
)
from studyapp.domain.text_design import ArmDesign, Fitness, Normalisation
from studyapp.recruitment import MAKERS, Adapter, Terms, make_adapter

PLATFORMS = tuple(MAKERS)
PRESENTATIONS = ("single", "paired")  # one text a page, or the human and the model's version of a title side by side
MOST_STAGES = 10
PLATFORM_KEYS = ("outcomes", "hosts", "secure_link", "settings")  # of [recruitment], in one column of the row


class DesignError(ValueError):
    """A study that cannot be: `faults` names every key with what is wrong and what was meant."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


@dataclass(frozen=True)
class Identity:
    """[study]"""

    slug: str
    title: str
    preset: str = "gpt3-short"
    language: str = "en"
    seed: int = 0

    def __post_init__(self) -> None:
        if not SLUG.fullmatch(self.slug) or len(self.slug) > 60:
            raise ValueError(f"slug: {self.slug!r} must be small letters, digits and single hyphens, at most 60")
        if not self.title.strip():
            raise ValueError("title: must not be empty")
        if self.seed < 0 or self.seed >= 2**62:
            raise ValueError("seed: must be a whole number from 0 to 2^62")


@dataclass(frozen=True)
class Checks:
    """[checks]: how texts are shown, what is asked and measured beside the judgment, and who is excluded for what."""

    presentation: str = "single"
    reveal_stages: int = 1
    reveal_seconds: int = 30
    comprehension_tries: int = 2
    seen_before: bool = True
    comment: bool = True
    looked_up: bool = True
    behaviour: bool = True
    internet_check_question: str = ""
    internet_check_solutions: tuple[str, ...] = ()
    exclusion_rules: tuple[str, ...] = ()
    min_reading_seconds: int = 0
    max_reading_wpm: int = 0

    def __post_init__(self) -> None:
        if self.presentation not in PRESENTATIONS:
            meant = suggest(self.presentation, PRESENTATIONS, otherwise="choose from")
            raise ValueError(f"presentation: there is no {self.presentation!r}{meant}")
        if not 1 <= self.reveal_stages <= MOST_STAGES:
            raise ValueError(f"reveal_stages: must be from 1 to {MOST_STAGES}")
        if self.presentation == "paired" and self.reveal_stages > 1:
            raise ValueError("reveal_stages: two texts side by side are shown at once; it must be 1")
        if not 0 <= self.reveal_seconds <= 600:
            raise ValueError("reveal_seconds: must be from 0 to 600")
        if not 1 <= self.comprehension_tries <= MOST_TRIES:
            raise ValueError(f"comprehension_tries: must be from 1 to {MOST_TRIES}")
        if not 0 <= self.min_reading_seconds <= MOST_SECONDS:
            raise ValueError(f"min_reading_seconds: must be from 0 (none) to {MOST_SECONDS}")
        if self.max_reading_wpm and not SLOWEST_WPM <= self.max_reading_wpm <= FASTEST_WPM:
            raise ValueError(f"max_reading_wpm: must be 0 (none), or from {SLOWEST_WPM} to {FASTEST_WPM}")
        self._check_rules()

    def _check_rules(self) -> None:
        for rule in self.exclusion_rules:
            if rule not in RULES:
                raise ValueError(f"exclusion_rules: there is no rule {rule!r}; choose from {', '.join(RULES)}")
        if "internet_check" in self.exclusion_rules and not (
            self.internet_check_question and self.internet_check_solutions
        ):
            raise ValueError("exclusion_rules: 'internet_check' needs internet_check_question and its solutions")
        if "looked_up" in self.exclusion_rules and not self.looked_up:
            raise ValueError("exclusion_rules: 'looked_up' needs looked_up = true")


@dataclass(frozen=True)
class Targets:
    """[targets]: participants an arm x form, who counts as dropped out, and whose place goes to somebody else."""

    participants_per_cell: int = 40
    dropout_minutes: int = 90
    give_back_after_minutes: int = 0
    replace_excluded: bool = True
    replace_withdrawn: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.participants_per_cell <= 100_000:
            raise ValueError("participants_per_cell: must be from 1 to 100000")
        if not 1 <= self.dropout_minutes <= 60 * 24 * 30:
            raise ValueError("dropout_minutes: must be from 1 minute to 30 days")
        if not 0 <= self.give_back_after_minutes <= 60 * 24 * 30:
            raise ValueError("give_back_after_minutes: must be from 0 (at once) to 30 days")


@dataclass(frozen=True)
class Recruitment:
    """[recruitment]: where participants come from, how each end is told there, what they are told of time and pay, and
    who may not come.

    `outcomes` gives a code or a link to each end (`studyapp.recruitment.Outcome`), `hosts` where such links may lead
    beside the platform's own hosts, and `settings` what the platform alone has. Nobody takes part who took part in a
    study of `excludes`, or in one that excludes this one.
    """

    platform: str = "anonymous"
    completion_code: str = ""
    estimated_minutes: int = 30
    reward: str = ""
    contact: str = ""
    excludes: tuple[str, ...] = ()
    outcomes: dict[str, str] = field(default_factory=dict)
    hosts: tuple[str, ...] = ()
    secure_link: bool = False
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if wrong := [slug for slug in self.excludes if not SLUG.fullmatch(slug)]:
            raise ValueError(f"excludes: {wrong[0]!r} is no slug of a study (small letters, digits, single hyphens)")
        if len(set(self.excludes)) < len(self.excludes):
            raise ValueError("excludes: names a study twice")
        self.make_adapter()

    def make_adapter(self) -> Adapter:
        """The platform in the words of this study.

        Raises:
            ValueError: the study says what the platform cannot have.
        """
        terms = Terms(
            completion_code=self.completion_code,
            outcomes=self.outcomes,
            hosts=self.hosts,
            secure_link=self.secure_link,
            settings=self.settings,
        )
        return make_adapter(self.platform, terms)

    def list_platform_settings(self) -> dict[str, Any]:
        """What `platform_settings` of the study's row holds: the keys that only platforms know."""
        return {key: list(v) if isinstance(v := getattr(self, key), tuple) else v for key in PLATFORM_KEYS}

    @staticmethod
    def read_platform_settings(stored: Mapping[str, Any]) -> dict[str, Any]:
        """The inverse of `list_platform_settings`; what is not stored is as nobody had said it."""
        given = {key: stored[key] for key in PLATFORM_KEYS if key in stored}
        return {key: tuple(value) if key == "hosts" else value for key, value in given.items()}


@dataclass(frozen=True)
class Selection:
    """[articles]: the study's items and its context articles, by the `id` of the article.

    A participant is shown `shown` of the items, or all of them where it is not given.
    """

    items: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    candidates: int = 5
    shown: int | None = None

    def __post_init__(self) -> None:
        chosen = [*self.items, *self.context]
        doubled = sorted({ref for ref in chosen if chosen.count(ref) > 1}) if len(set(chosen)) < len(chosen) else []
        if doubled:
            raise ValueError(
                f"items: an article serves once, as an item or in the context; twice: {', '.join(doubled)}"
            )
        if not 1 <= self.candidates <= 100:
            raise ValueError("candidates: must be from 1 to 100")
        if self.shown is not None and not 2 <= self.shown <= 10_000:
            raise ValueError("shown: must be from 2 to 10000 items, half of them human; leave it out to show all")


@dataclass(frozen=True)
class StudyDesign:
    """Everything a study file says."""

    study: Identity
    texts: Texts
    checks: Checks
    exclusion: Bounds
    debriefing: Debriefing
    data_protection: DataProtection
    targets: Targets
    recruitment: Recruitment
    articles: Selection
    fitness: Fitness
    normalisation: Normalisation
    comprehension: tuple[ComprehensionQuestion, ...]
    attention: tuple[AttentionQuestion, ...]
    questions: tuple[Question, ...]
    arms: tuple[ArmDesign, ...]

    def __post_init__(self) -> None:
        names = [arm.name for arm in self.arms]
        doubled = [place for place, name in enumerate(names) if name in names[:place]]
        controls = [place for place, arm in enumerate(self.arms) if arm.control]
        faults: list[str] = [
            Fault(("arms", place, "name"), f"each needs a name of its own; twice: {names[place]}") for place in doubled
        ]
        faults += [Fault(("arms", place, "control"), "only one arm can be the control") for place in controls[1:]]
        faults += check_questions(self.questions)
        if len(self.comprehension) > MOST_QUESTIONS:
            faults.append(Fault(("comprehension", MOST_QUESTIONS), f"there can be {MOST_QUESTIONS} questions at most"))
        if "comprehension" in self.checks.exclusion_rules and not self.comprehension:
            faults.append(
                Fault(("checks", "exclusion_rules"), "'comprehension' needs questions, each under [[comprehension]]")
            )
        faults += self._find_attention_faults()
        if "too_fast" in self.checks.exclusion_rules and not (
            self.exclusion.too_fast_seconds or self.exclusion.too_fast_wpm
        ):
            reason = "is 0, as is too_fast_seconds: the rule 'too_fast' needs one of the two"
            faults.append(Fault(("exclusion", "too_fast_wpm"), reason))
        if self.study.slug in self.recruitment.excludes:
            own = "names this study itself; nobody takes part twice in one study anyway"
            faults.append(Fault(("recruitment", "excludes"), own))
        faults += check_translated_questions(self.texts, questions=self.questions)
        faults += check_own_language(self.texts, language=self.study.language)
        if faults:
            raise DesignError(faults)

    def _find_attention_faults(self) -> Iterator[Fault]:
        for number, key, reason in find_set_faults(self.attention):
            yield Fault(("attention", number, key) if key else ("attention", number), reason)
        if "attention" not in self.checks.exclusion_rules:
            return
        if not self.attention:
            yield Fault(("checks", "exclusion_rules"), "'attention' needs checks, each under [[attention]]")
        elif reason := find_fail_fault(
            fails_from=self.exclusion.attention_failed,
            n_checks=len(self.attention),
            minutes=self.recruitment.estimated_minutes,
        ):
            yield Fault(("exclusion", "attention_failed"), reason)


LISTS: dict[str, type] = {  # [[name]], an entry a table
    "comprehension": ComprehensionQuestion,
    "attention": AttentionQuestion,
    "questions": Question,
    "arms": ArmDesign,
}
_SECTIONS: dict[str, type] = {
    name: kind for name, kind in get_type_hints(StudyDesign).items() if name not in LISTS
}  # section name -> its dataclass, in the order of the file


def parse_design(mapping: Mapping[str, Any]) -> StudyDesign:
    """The design that a study file means.

    Raises:
        DesignError: with every fault found, as "[section] key: what is wrong".
    """
    known = [*_SECTIONS, *LISTS]
    faults: list[str] = [
        Fault((name,), f"there is no such section{suggest(name, known, otherwise='the sections are')}")
        for name in mapping
        if name not in known
    ]
    sections: dict[str, Any] = {
        name: read_section(kind, mapping.get(name, {}), place=(name,), faults=faults)
        for name, kind in _SECTIONS.items()
        if name != "texts"
    }
    sections["texts"] = read_texts(mapping.get("texts", {}), place=("texts",), faults=faults)
    for name, kind in LISTS.items():
        entries = mapping.get(name, [])
        if name == "attention":
            entries = _expand_attention(entries, study=mapping.get("study", {}), faults=faults)
        sections[name] = _read_list(kind, entries, name=name, faults=faults)
    if faults:
        raise DesignError(faults)
    try:
        return StudyDesign(**sections)
    except DesignError:
        raise
    except ValueError as error:
        raise DesignError([str(error)]) from None


def _read_list(kind: type, entries: Any, *, name: str, faults: list[str]) -> tuple[Any, ...]:
    if not isinstance(entries, list):
        faults.append(Fault((name,), f"write each as a table of its own, under [[{name}]]"))
        return ()
    if kind is Question:
        entries = [take_ready_made(e, place=(name, number), faults=faults) for number, e in enumerate(entries)]
    return tuple(read_section(kind, entry, place=(name, number), faults=faults) for number, entry in enumerate(entries))


def _expand_attention(entries: Any, *, study: Any, faults: list[str]) -> Any:
    """The entries of [[attention]] with their ready-made checks (`standard`) written out, in the study's language."""
    if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
        return entries
    language = str(study.get("language", "en")) if isinstance(study, Mapping) else "en"
    expanded = []
    for number, entry in enumerate(entries):
        try:
            expanded.append(expand_standard(entry, language=language))
        except ValueError as error:
            key, _, reason = str(error).partition(": ")
            faults.append(Fault(("attention", number, key), reason))
    return expanded


def describe_design(design: StudyDesign) -> dict[str, Any]:
    """The mapping from which `parse_design` makes the same design; unknown values (None) are left out."""
    described: dict[str, Any] = {
        name: describe_texts(design.texts) if name == "texts" else describe_section(getattr(design, name))
        for name in _SECTIONS
    }
    for name in LISTS:
        described[name] = [describe_section(entry) for entry in getattr(design, name)]
    return described


def hash_design(frozen: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of a frozen design in canonical JSON."""
    canonical = json.dumps(frozen, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
