"""The study's own questions in its bundle: each a column of participants.csv, and how it is told to everybody."""

from collections.abc import Sequence

from studyapp.domain.anonymity import Step, band, keep, take_out
from studyapp.domain.continents import find_continent
from studyapp.domain.question_types import FURTHER
from studyapp.domain.questions import OF_CHOICES, OF_NUMBERS, OF_TEXT, PREFER_NOT, Answer, Question

FILE = "participants.csv"
Entry = tuple[str, str, str, str, str, str]
_CODES = {"country": "ISO 3166-1 alpha-2 codes", "language": "ISO 639 codes, or other"}


def format_answer(question: Question, answer: Answer) -> str:
    """The cell of an answer. A number that somebody would rather not say is empty, as one that was not given."""
    if answer is None or (answer == PREFER_NOT and question.kind in OF_NUMBERS):
        return ""
    return ";".join(answer) if isinstance(answer, list) else str(answer)


def list_question_entries(questions: Sequence[Question]) -> list[Entry]:
    """The codebook's rows of the columns, from what the questions say of themselves."""
    return [
        (FILE, q.name, _name_kind(q), "", _list_values(q), f"{' '.join(q.text.split())} ({_explain(q)})")
        for q in questions
    ]


def list_coarsening(question: Question) -> tuple[Step, ...]:
    """How answers are read ever coarser in a public version: `domain.anonymity` takes as few steps as it can."""
    if question.type in FURTHER and (steps := FURTHER[question.type].coarsening):
        return steps
    match question.kind:
        case "choice" if question.ordered:
            return (keep, _join_neighbours(question, 2), _join_neighbours(question, 4), take_out)
        case "number":
            return (band(5), band(10), band(20))
        case "scale":
            return (keep, band(2), band(4), take_out)
        case "country":
            return (keep, find_continent, take_out)
        case "short_text" | "long_text":
            return (take_out,)
        case _:
            return (keep,)


def _name_kind(question: Question) -> str:
    if question.kind in OF_NUMBERS:
        return "integer"
    return "list" if question.kind == "choices" else "text"


def _list_values(question: Question) -> str:
    if question.kind == "number":
        return f">= {question.low};<= {question.high}"
    if question.kind == "scale":
        return ";".join(map(str, range(question.low, question.high + 1)))
    if question.kind in OF_TEXT:
        return ""
    listed = question.choices if question.kind in OF_CHOICES else (_CODES[question.kind],)
    return ";".join((*listed, *([PREFER_NOT] if question.demographic else ())))


def _explain(question: Question) -> str:
    """What one must know to read the column: when it was asked, of whom, and what an empty cell is."""
    parts = ["before the articles" if question.when == "before" else "after the articles"]
    if question.kind == "scale" and (question.low_label or question.high_label):
        parts.append(f"{question.low} {question.low_label}, {question.high} {question.high_label}")
    if question.kind == "choices":
        parts.append("several, parted by ;")
    if question.show_if:
        parts.append(f"only where {question.condition} is {' or '.join(map(str, question.show_if['is']))}")
    declined = ", or not said" if question.demographic and question.kind in OF_NUMBERS else ""
    return "; ".join([*parts, f"empty = not asked, or not answered{declined}"])


def _join_neighbours(question: Question, width: int) -> Step:
    """Choices read as the run of `width` that holds them, from the first to the last of the run."""

    def read(value: str) -> str:
        if value not in question.choices:
            return value  # who would rather not say
        low = question.choices.index(value) // width * width
        run = question.choices[low : low + width]
        return run[0] if len(run) == 1 else f"{run[0]} to {run[-1]}"

    return read
