"""What is asked of a writer, and what it hands back."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from generator.fitness import FitnessRules, Measures, References, TrainingText
from generator.prompts import Story


class SamplingError(ValueError):
    """A setting that is unknown or cannot be; the message says what is allowed."""


_RANGES = (("temperature", 0.01, 10), ("top_p", 0.01, 1), ("repetition_penalty", 1, 5), ("length_ratio", 0.2, 5))
MOST_STOP_MARKS = 4  # no server takes more


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn.

    `top_p` 1 and `top_k` 0 take all tokens. A `repetition_penalty` above 1 makes tokens that the text has already less
    likely. `length_ratio` is how much longer than the human article a text may run before it is cut at a sentence;
    `max_tokens` bounds it besides. A text ends before the first of the marks of `stop` that it comes to.
    """

    temperature: float = 1.0
    top_p: float = 0.9
    top_k: int = 0
    repetition_penalty: float = 1.0
    length_ratio: float = 1.15
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, low, high in _RANGES:
            number = getattr(self, name)
            if isinstance(number, bool) or not isinstance(number, int | float) or not low <= number <= high:
                raise SamplingError(f"{name} must be a number from {low:g} to {high:g}, not {number!r}")
        for name, low in (("top_k", 0), ("max_tokens", 1)):
            number = getattr(self, name)
            if name == "max_tokens" and number is None:
                continue
            if isinstance(number, bool) or not isinstance(number, int) or number < low:
                raise SamplingError(f"{name} must be a whole number of at least {low}, not {number!r}")
        marks = self.stop
        if not isinstance(marks, tuple) or not all(isinstance(mark, str) and mark for mark in marks):
            raise SamplingError(f"stop must be a list of texts that are not empty, not {marks!r}")
        if len(marks) > MOST_STOP_MARKS:
            raise SamplingError(f"stop can have {MOST_STOP_MARKS} marks, not {len(marks)}")

    @classmethod
    def from_mapping(cls, settings: Mapping[str, object]) -> "Sampling":
        """The settings as a study file or a row of the database keeps them; what is not given is as by default.

        Raises:
            SamplingError: an unknown name, or a value that cannot be.
        """
        names = [field.name for field in fields(cls)]
        if unknown := sorted(settings.keys() - set(names)):
            raise SamplingError(f"sampling has no {', '.join(unknown)}; choose from {', '.join(names)}")
        # JSON has no whole numbers of its own: 40.0 means 40
        whole = {
            name: int(value)
            for name, value in settings.items()
            if name in ("top_k", "max_tokens") and isinstance(value, float) and value.is_integer()
        }
        stop = settings.get("stop", ())
        return cls(**{**settings, **whole, "stop": tuple(stop) if isinstance(stop, list | tuple) else stop})


@dataclass(frozen=True)
class ArticleRequest:
    """An article to write. `context` is in the order of reading; `target_words` is the length of the human article.

    `instruction` stands before all else in the prompt, where it is not empty. Not `conditioned` is the published
    control: the model sees neither instruction, context nor title. `human_body` and `language` (ISO 639, empty for any)
    are never shown to the model: its texts are held against them by the `rules`.
    """

    title: str
    subtitle: str
    context: tuple[Story, ...]
    conditioned: bool
    target_words: int
    sampling: Sampling
    human_body: str = ""
    language: str = ""
    rules: FitnessRules = field(default_factory=FitnessRules)
    instruction: str = ""

    def list_references(self, training: TrainingText | None = None) -> References:
        """What the texts are held against; of the context what stands in the prompt, so nothing for the control."""
        return References(
            title=self.title,
            human_body=self.human_body,
            context=tuple(story.body for story in self.context) if self.conditioned else (),
            language=self.language,
            training=training,
        )

    def __post_init__(self) -> None:
        if self.target_words < 1:
            raise ValueError(f"target_words must be at least 1, not {self.target_words}")


@dataclass(frozen=True)
class ArticleOrder:
    """An article to write, with a candidate for each seed."""

    request: ArticleRequest
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class Draft:
    """A candidate's text.

    `measures`, `flags` and `is_fit` come from `generator.fitness`; `seconds` is the time until it was finished,
    `n_tokens` what was drawn for it (before any cut), `prompt_sha256` of the prompt's text in UTF-8,
    `n_context` how many of the request's context stories stood in it: the last ones, where not all had room.
    """

    seed: int
    text: str
    flags: tuple[str, ...]
    is_fit: bool
    measures: Measures
    n_tokens: int
    seconds: float
    prompt_sha256: str
    prompt_tokens: int | None = None  # as a server counted them
    # a commit of a Hugging Face repository, a checkpoint's settings, or the model that a server says has answered;
    # and for models on this machine what has computed the text
    model_version: str = ""
    n_context: int = 0
