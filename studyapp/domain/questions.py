"""The study's own questions: what each asks, when, and of whom; which page comes next; and what an answer may be.

Questions are asked in the order in which they are declared, before the first article or after the last. One that
depends on another's answer (`show_if`) never stands on the same page, so that no script is needed: the server looks at
what was answered, and leaves out what is not to be asked.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from studyapp.domain.codebook import COLUMNS
from studyapp.domain.question_types import BUILT_IN, FURTHER
from studyapp.domain.ready_made_questions import READY_MADE, SENTENCES
from studyapp.domain.study_sections import Fault, suggest

TYPES = (*BUILT_IN, *FURTHER)
OF_CHOICES = ("choice", "choices")
OF_TEXT = ("short_text", "long_text")
OF_NUMBERS = ("number", "scale")
WHEN = ("before", "after")
MOST_QUESTIONS = 60
MOST_CHOICES = 100
MOST_CHOICE_CHARACTERS = 200
MOST_CHARACTERS = {"short_text": 200, "long_text": 4000}
MOST_NUMBER = 10**9
SCALE = (1, 7)  # where a question says nothing else
MOST_SCALE_POINTS = 11
PREFER_NOT = "prefer_not_to_say"  # the stored answer of who would rather not give one
OTHER = "other"  # of a list of languages: none of them

Answer = str | int | list[str] | None  # None: it was asked, and left empty
Answers = Mapping[str, Answer]  # by the question's name; one that was not asked has none

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_CODE = {"country": re.compile(r"[A-Z]{2}"), "language": re.compile(rf"[a-z]{{2,3}}|{OTHER}")}
# A question becomes a column of participants.csv, which is read together with these tables
_TAKEN = frozenset(
    {*COLUMNS["participants.csv"], *COLUMNS["trials.csv"], *COLUMNS["arms.csv"]}
    | {"completed_after", "shown_after", "answered_after"}
)


@dataclass(frozen=True)
class Question:
    """[[questions]]: one question. `name` is its column in participants.csv.

    `demographic`: it asks who somebody is, so they may prefer not to say. `alone`: those of its choices that go with no
    other, as “None of these”. `ordered`: its choices go up or down, and neighbours are joined where a public version
    must tell less. `show_if`: only asked where that question was answered
    with one of these. What it says in other languages stands with the study's other texts (`domain.study_texts`).
    """

    name: str
    text: str
    type: str = "choice"
    help: str = ""
    choices: tuple[str, ...] = ()
    alone: tuple[str, ...] = ()
    ordered: bool = False
    least: int | None = None
    most: int | None = None
    low_label: str = ""
    high_label: str = ""
    required: bool = True
    demographic: bool = False
    when: str = "after"
    show_if: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                f"name: {self.name!r} must begin with a small letter, then small letters, digits and underscores, "
                "at most 40 in all: it becomes a column"
            )
        if self.name in _TAKEN:
            raise ValueError(f"name: {self.name!r} is a column that every bundle has; choose another")
        if not self.text.strip():
            raise ValueError("text: must not be empty")
        for key, known in (("type", TYPES), ("when", WHEN)):
            if getattr(self, key) not in known:
                meant = suggest(getattr(self, key), known, otherwise="choose from")
                raise ValueError(f"{key}: there is no {getattr(self, key)!r}{meant}")
        self._check_choices()
        self._check_range()
        self._check_condition()

    @property
    def kind(self) -> str:
        """The built-in type that it is answered like; most are their own."""
        return FURTHER[self.type].kind if self.type in FURTHER else self.type

    @property
    def low(self) -> int:
        """The lowest number that can be answered."""
        given = FURTHER[self.type].least if self.least is None and self.type in FURTHER else self.least
        return (SCALE[0] if self.kind == "scale" else 0) if given is None else given

    @property
    def high(self) -> int:
        """The highest number that can be answered."""
        given = FURTHER[self.type].most if self.most is None and self.type in FURTHER else self.most
        return (SCALE[1] if self.kind == "scale" else MOST_NUMBER) if given is None else given

    @property
    def is_ready_made(self) -> bool:
        """Its text is one of Byline's own, which the catalogues translate."""
        return self.text in SENTENCES

    @property
    def condition(self) -> str:
        """The question that this one depends on; empty where it is asked of everybody."""
        return str(self.show_if.get("question", ""))

    @property
    def is_typed(self) -> bool:
        """It is answered in words of one's own."""
        return self.kind in OF_TEXT

    def mixes_alone(self, chosen: Sequence[str]) -> bool:
        """Whether a choice that goes with no other was chosen with another."""
        return len(chosen) > 1 and any(choice in self.alone for choice in chosen)

    def is_asked(self, answers: Answers) -> bool:
        """Whether it is asked of somebody who has given these answers."""
        if not self.show_if:
            return True
        given = answers.get(self.condition)
        said = given if isinstance(given, list) else [] if given is None else [str(given)]
        return bool({str(value) for value in self.show_if["is"]} & set(said))

    def _check_choices(self) -> None:
        if self.kind not in OF_CHOICES:
            if self.choices:
                raise ValueError(f"choices: a question of type {self.type!r} has none; leave them out")
            if self.ordered:
                raise ValueError(f"ordered: a question of type {self.type!r} has no choices that could be")
            return
        if not 2 <= len(self.choices) <= MOST_CHOICES or not all(choice.strip() for choice in self.choices):
            raise ValueError(f"choices: must be from 2 to {MOST_CHOICES} texts that are not empty")
        for choice in self.choices:
            if self.choices.count(choice) > 1:
                raise ValueError(f"choices: each can stand there once; twice: {choice}")
            if ";" in choice or "\n" in choice or len(choice) > MOST_CHOICE_CHARACTERS:
                raise ValueError(
                    f"choices: {choice!r} must be one line of at most {MOST_CHOICE_CHARACTERS} characters without a ; "
                    "(which parts several answers in the bundle)"
                )
            if choice == PREFER_NOT:
                raise ValueError(f"choices: {PREFER_NOT!r} is offered by demographic = true; leave it out")

        if self.alone and self.kind != "choices":
            raise ValueError(f"alone: only where several can be chosen, and this is of type {self.type!r}")
        if unknown := [choice for choice in self.alone if choice not in self.choices]:
            raise ValueError(f"alone: {unknown[0]!r} must be one of the choices, word for word")

    def _check_range(self) -> None:
        if self.kind not in OF_NUMBERS:
            for key in ("least", "most"):
                if getattr(self, key) is not None:
                    raise ValueError(f"{key}: only a number or a scale has one, and this is of type {self.type!r}")
        if self.kind != "scale":
            for key in ("low_label", "high_label"):
                if getattr(self, key):
                    raise ValueError(f"{key}: only a scale has one, and this is of type {self.type!r}")
        if self.low >= self.high or max(abs(self.low), abs(self.high)) > MOST_NUMBER:
            raise ValueError(f"most: must be more than least ({self.low}), and at most {MOST_NUMBER}")
        if self.kind == "scale" and self.high - self.low >= MOST_SCALE_POINTS:
            raise ValueError(
                f"most: a scale has {MOST_SCALE_POINTS} points at the most; leave 7 of them where in doubt"
            )

    def _check_condition(self) -> None:
        if not self.show_if:
            return
        if set(self.show_if) != {"question", "is"}:
            raise ValueError('show_if: write it as { question = "NAME", is = ["an answer"] }')
        values = self.show_if["is"]
        is_list = isinstance(values, list) and bool(values)
        if not is_list or not all(isinstance(value, str | int) and not isinstance(value, bool) for value in values):
            raise ValueError("show_if.is: must be a list of answers, each as the question's choices have it")


@dataclass(frozen=True)
class QuestionPage:
    """What is asked at once. `number` counts the pages before the articles, or those after them, from 1."""

    number: int
    questions: tuple[Question, ...]


def read_question(stored: Mapping[str, Any]) -> Question:
    """The question that `describe_section` has described."""
    return Question(**{**stored, **{key: tuple(stored.get(key, ())) for key in ("choices", "alone")}})


def take_ready_made(entry: Any, *, place: tuple[str | int, ...], faults: list[str]) -> Any:
    """An entry of [[questions]] with what `use` stands for written out; what the entry says itself counts first."""
    if not isinstance(entry, Mapping) or "use" not in entry:
        return entry
    used = entry["use"]
    if not isinstance(used, str) or used not in READY_MADE:
        meant = suggest(str(used), READY_MADE, otherwise="the ready-made ones are")
        faults.append(Fault((*place, "use"), f"there is no ready-made question {used!r}{meant}"))
        return {"name": "unknown", "text": "?", "type": "short_text"}  # its other keys cannot be judged without it
    own = {key: value for key, value in entry.items() if key != "use"}
    ready_made = READY_MADE[used]
    if "choices" in own:  # with others, those of them that are still there
        ready_made = {**ready_made, "alone": [c for c in ready_made.get("alone", ()) if c in own["choices"]]}
    return {"name": used, **ready_made, **own}


def check_questions(questions: Sequence[Question]) -> list[Fault]:
    """What is wrong with them together: a name twice, or a condition on what is not asked before."""
    if len(questions) > MOST_QUESTIONS:
        return [Fault(("questions", MOST_QUESTIONS), f"there can be {MOST_QUESTIONS} questions at most")]
    names = [question.name for question in questions]
    faults = [
        Fault(("questions", place, "name"), f"each needs a name of its own; twice: {name}")
        for place, name in enumerate(names)
        if name in names[:place]
    ]
    for place, question in enumerate(questions):
        if question.show_if and (reason := _find_condition_fault(question, questions, place=place)):
            faults.append(Fault(("questions", place, "show_if"), reason))
    return faults


def _find_condition_fault(question: Question, questions: Sequence[Question], *, place: int) -> str:
    before = {
        other.name: other
        for number, other in enumerate(questions)
        if (WHEN.index(other.when), number) < (WHEN.index(question.when), place)
    }
    asked = before.get(question.condition)
    if asked is None:
        otherwise = "there is none" if not before else "asked before it are"
        meant = suggest(question.condition, before, otherwise=otherwise)
        return f"no question {question.condition!r} is asked before this one{meant}"
    if asked.kind in OF_TEXT:
        return f"{asked.name!r} is answered in free words, which no condition can be about"
    for value in question.show_if["is"]:
        single = [str(value)] if asked.kind == "choices" else _as_number(value) if asked.kind in OF_NUMBERS else value
        if (value != PREFER_NOT or not asked.demographic) and find_answer_fault(asked, single):
            meant = suggest(str(value), asked.choices, otherwise="they are") if asked.choices else ""
            return f"{value!r} is no answer to {asked.name!r}{meant}"
    return ""


def _as_number(value: str | int) -> str | int:
    return int(value) if isinstance(value, str) and re.fullmatch(r"-?\d{1,10}", value, flags=re.ASCII) else value


def find_answer_fault(question: Question, answer: object) -> str:
    """Why a value cannot be an answer to the question; empty where it can. Codes are only looked at by their form."""
    if answer is None or (answer == PREFER_NOT and question.demographic):
        return ""
    match question.kind:
        case "choice":
            fits = answer in question.choices
        case "choices":
            fits = (
                isinstance(answer, list)
                and bool(answer)
                and answer == [c for c in question.choices if c in answer]
                and not question.mixes_alone(answer)
            )
        case "number" | "scale":
            fits = isinstance(answer, int) and not isinstance(answer, bool) and question.low <= answer <= question.high
        case "short_text" | "long_text":
            fits = isinstance(answer, str) and len(answer) <= 2 * MOST_CHARACTERS[question.kind]  # ids may be taken out
        case _:
            fits = isinstance(answer, str) and bool(_CODE[question.kind].fullmatch(answer))
    return "" if fits else f"is no answer to {question.name!r}"


def split_pages(questions: Sequence[Question], *, when: str) -> list[QuestionPage]:
    """The pages before the articles, or after them; a question never stands on the page of what it depends on."""
    pages: list[list[Question]] = []
    for question in questions:
        if question.when != when:
            continue
        if not pages or question.condition in {other.name for other in pages[-1]}:
            pages.append([])
        pages[-1].append(question)
    return [QuestionPage(number, tuple(page)) for number, page in enumerate(pages, start=1)]


def find_page(questions: Sequence[Question], answers: Answers, *, when: str) -> QuestionPage | None:
    """The first page with something that is still to be asked, with nothing else on it; None where all is answered."""
    for page in split_pages(questions, when=when):
        open_ones = [q for q in page.questions if q.name not in answers and q.is_asked(answers)]
        if open_ones:
            return QuestionPage(page.number, tuple(open_ones))
    return None
