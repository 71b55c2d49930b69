"""What a study says of its texts: the models that write them, what makes one unfit, and how all are levelled."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from studyapp.domain.context_choice import (
    CONTEXT_CHOICES,
    CONTEXT_ORDERS,
    MOST_SHOTS,
    ContextRule,
    check_context_names,
)
from studyapp.domain.normalisation import RULES
from studyapp.domain.study_sections import SLUG, describe_section, suggest
from studyapp.generators import CHAT, SCHEMES

SAMPLING_RANGES: dict[str, tuple[float, float]] = {
    # name: smallest and largest value taken; the generator checks its own again when it runs
    "temperature": (0.01, 10.0),
    "top_p": (0.01, 1.0),
    "top_k": (0, 1_000_000),
    "repetition_penalty": (1.0, 5.0),
    "length_ratio": (0.2, 5.0),
    "max_tokens": (1, 100_000),
}

FITNESS_RANGES: dict[str, tuple[float, float]] = {
    # threshold: smallest and largest value taken; the generator checks its own again when it runs
    "min_words": (1, 10_000),
    "least_ratio": (0.0, 1.0),
    "most_ratio": (1.0, 10.0),
    "max_repeated_share": (0.0, 1.0),
    "context_run": (2, 10_000),
    "human_run": (2, 10_000),
    "training_run": (8, 10_000),
    "language_confidence": (0.0, 1.0),
}
FLAG_MEANINGS = {  # what each flag says of a text, wherever a person reads it
    "empty": "empty",
    "cut_at_limit": "cut off at the limit of tokens",
    "unprintable": "holds characters that cannot be shown",
    "too_short": "too short",
    "off_length": "much shorter or longer than the human article",
    "repetition": "repeats itself",
    "unfinished": "ends in the middle of a sentence",
    "leaked_prompt": "repeats the prompt's own words, as “Title:”",
    "wrong_language": "in another language",
    "copied": "copied from a context article",
    "copied_human": "copied from the human article",
    "copied_training": "copied from a training text",
}
FITNESS_FLAGS = tuple(FLAG_MEANINGS)
USE_KEYS = ("shots", "context_choice", "context_order", "context_seed", "instruction")  # how an arm uses its model
STOP_MARKS = "stop"  # the setting that is a list of texts: a candidate ends before the first that it comes to
MOST_STOP_MARKS = 4


@dataclass(frozen=True)
class Fitness:
    """[fitness]: what makes a candidate unfit to be shown. What is not given is as the generator has it."""

    min_words: int | None = None
    least_ratio: float | None = None
    most_ratio: float | None = None
    max_repeated_share: float | None = None
    context_run: int | None = None
    human_run: int | None = None
    training_run: int | None = None
    language_confidence: float | None = None
    disqualifying: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        for name, (low, high) in FITNESS_RANGES.items():
            number = getattr(self, name)
            if number is not None and not low <= number <= high:
                raise ValueError(f"{name}: is {number!r}; it must be from {low:g} to {high:g}")
        if unknown := sorted(set(self.disqualifying or ()) - set(FITNESS_FLAGS)):
            known = ", ".join(FITNESS_FLAGS)
            raise ValueError(f"disqualifying: there is no flag {', '.join(unknown)}; choose from {known}")

    @classmethod
    def from_given(cls, given: Mapping[str, Any]) -> "Fitness":
        """The section that `list_given` describes."""
        flags = given.get("disqualifying")
        return cls(**{**given, "disqualifying": None if flags is None else tuple(flags)})

    def list_given(self) -> dict[str, Any]:
        """What the study sets itself, as it is stored and handed to the generator."""
        return describe_section(self)


@dataclass(frozen=True)
class Normalisation:
    """[normalisation]: the rules by which human and model texts are levelled alike before they are shown."""

    rules: tuple[str, ...] = tuple(RULES)

    def __post_init__(self) -> None:
        for rule in self.rules:
            if rule not in RULES:
                raise ValueError(f"rules: there is no {rule!r}{suggest(rule, RULES, otherwise='choose from')}")
        if len(set(self.rules)) < len(self.rules):
            raise ValueError("rules: names a rule twice")


@dataclass(frozen=True)
class ArmDesign:
    """[[arms]]: one model in one use. An unconditioned arm sees neither context nor title (the published control).

    `shots` of the study's context articles stand before the title, all that fit unless it is said; `instruction` stands
    before them. How they are chosen and ordered says `studyapp.domain.context_choice`. An arm's own
    `participants_per_cell` takes the place of that of [targets].
    """

    name: str
    label: str = ""
    n_params: int | None = None
    control: bool = False
    generator: str = ""
    conditioned: bool = True
    sampling: dict[str, float | int | list[str]] = field(default_factory=dict)
    participants_per_cell: int | None = None
    shots: int | None = None
    context_choice: str | None = None
    context_order: str | None = None
    context_seed: int | None = None
    instruction: str | None = None

    def list_use(self) -> dict[str, Any]:
        """What the arm says of its context and instruction, as it is stored; nothing where all is as usual."""
        return {key: getattr(self, key) for key in USE_KEYS if getattr(self, key) is not None}

    @property
    def context_rule(self) -> ContextRule:
        return ContextRule(
            shots=self.shots,
            choice=next((name for name in CONTEXT_CHOICES if name == self.context_choice), "fixed"),
            order=next((name for name in CONTEXT_ORDERS if name == self.context_order), "listed"),
            seed=self.context_seed or 0,
        )

    def __post_init__(self) -> None:
        if not SLUG.fullmatch(self.name.replace(".", "-")) or len(self.name) > 60:
            raise ValueError(f"name: {self.name!r} must be small letters, digits, dots and hyphens, at most 60")
        if self.n_params is not None and self.n_params < 1:
            raise ValueError("n_params: must be the model's number of parameters")
        if self.participants_per_cell is not None and not 1 <= self.participants_per_cell <= 100_000:
            raise ValueError("participants_per_cell: must be from 1 to 100000")
        self._check_use()
        scheme, _, place = self.generator.partition(":")
        if self.generator and (scheme.removesuffix(CHAT) not in SCHEMES or not place or ".." in place.split("/")):
            raise ValueError(
                f"generator: {self.generator!r} must be 'checkpoint:FOLDER', inside the models folder, "
                "'huggingface:ORG/NAME' or 'huggingface:ORG/NAME@REVISION' of the Hugging Face cache, "
                "or 'openai:MODEL' of the server at BYLINE_OPENAI_URL; a model made to answer is asked with -chat "
                f"before the colon; all words before it are {', '.join(SCHEMES)}"
            )
        for key, value in self.sampling.items():
            if key == STOP_MARKS:
                _check_stop_marks(value)
                continue
            if key not in SAMPLING_RANGES:
                meant = suggest(key, [*SAMPLING_RANGES, STOP_MARKS], otherwise="its keys are")
                raise ValueError(f"sampling.{key}: there is no such key{meant}")
            low, high = SAMPLING_RANGES[key]
            if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
                raise ValueError(f"sampling.{key}: is {value!r}; it must be a number from {low:g} to {high:g}")

    def _check_use(self) -> None:
        if self.shots is not None and not 0 <= self.shots <= MOST_SHOTS:
            raise ValueError(f"shots: must be from 0 to {MOST_SHOTS}; leave it out for all that fit")
        check_context_names(self.context_choice, self.context_order)
        if self.context_seed is not None and not 0 <= self.context_seed < 2**31:
            raise ValueError("context_seed: must be from 0 to 2147483647")
        for key in USE_KEYS:
            if not self.conditioned and getattr(self, key) is not None:
                raise ValueError(f"{key}: an arm that is not conditioned is given nothing; leave one of the two out")


def _check_stop_marks(marks: object) -> None:
    if not isinstance(marks, list | tuple) or not all(isinstance(mark, str) and mark for mark in marks):
        raise ValueError(f"sampling.stop: is {marks!r}; it must be a list of texts that are not empty")
    if len(marks) > MOST_STOP_MARKS:
        raise ValueError(f"sampling.stop: can have {MOST_STOP_MARKS} marks, not {len(marks)}")
