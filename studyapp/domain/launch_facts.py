"""What the launch checklist looks at, and what it says: facts in, findings out."""

import hashlib
from dataclasses import dataclass
from typing import Literal

from studyapp.domain.study_texts import SpokenTexts

Level = Literal["refuse", "warn", "pass"]


@dataclass(frozen=True)
class TextPair:
    """The two versions of an item in an arm, exactly as they would be shown, and what was measured of the model's."""

    human: str
    model: str
    human_run: int | None = None  # most words in a row that the model's text shares with the human article
    training_run: int | None = None  # … with the text that the model was trained on


@dataclass(frozen=True)
class ArmFacts:
    """What is stored for an arm when its launch is asked for: `flags` of all its texts, `pairs` of all its items."""

    name: str
    is_control: bool
    n_params: int | None
    generator: str
    stimuli: int
    jobs_unfinished: int
    flags: tuple[str, ...]
    pairs: tuple[TextPair, ...]
    shots: int | None = None  # context articles that its prompts were to hold
    short_of_shots: int = 0  # texts whose prompt held fewer, for want of room


@dataclass(frozen=True)
class StudyFacts:
    """What is stored for a study when its launch is asked for."""

    state: str
    language: str
    n_items: int
    n_context: int
    human_stimuli: int
    forms_balanced: bool
    stand_in_items: int
    items_looked_at: int
    items_flagged: int
    consent: str
    instructions: str
    question: str
    debriefing: str
    participants_per_cell: int
    platform: str
    estimated_minutes: int
    reward: str
    contact: str
    site_url: str
    arms: tuple[ArmFacts, ...]
    stimuli_of_older_rules: int = 0  # levelled by an earlier version of the rules of normalisation
    further_texts: tuple[SpokenTexts, ...] = ()  # in each language beside the study's own
    languages_unspoken: tuple[str, ...] = ()  # those of the study that the site's own sentences are not in
    minutes_needed: float | None = None  # by the texts' words and the questions; None while there are no items
    protection_missing: tuple[str, ...] = ()  # what the page on data protection cannot tell, in words
    platform_gaps: tuple[str, ...] = ()  # what nobody could enter or finish without, on the study's platform


def count(number: int, noun: str) -> str:
    """`1 item`, `3 items`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


@dataclass(frozen=True)
class Finding:
    """One line of the checklist. Whoever launches acknowledges a warning by its `key`, which changes with its words."""

    level: Level
    topic: str
    message: str

    @property
    def key(self) -> str:
        return hashlib.sha256(f"{self.topic}\x1f{self.message}".encode()).hexdigest()[:16]
