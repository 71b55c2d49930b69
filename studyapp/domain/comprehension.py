"""Questions about the instructions, asked before the first article: whether somebody has understood what to do.

There is more than one try, and what comes of them never touches anybody's pay: a study may declare the exclusion rule
`comprehension`, which leaves those who did not pass out of the analysis and does nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass

MOST_QUESTIONS = 20
MOST_TRIES = 10


@dataclass(frozen=True)
class ComprehensionQuestion:
    """[[comprehension]]: one question, its choices in their order, and which of them is right."""

    question: str
    choices: tuple[str, ...]
    answer: str

    def __post_init__(self) -> None:
        if not self.question.strip():
            raise ValueError("question: must not be empty")
        if len(self.choices) < 2 or not all(choice.strip() for choice in self.choices):
            raise ValueError("choices: must be at least two texts that are not empty")
        if doubled := sorted({choice for choice in self.choices if self.choices.count(choice) > 1}):
            raise ValueError(f"choices: each can stand there once; twice: {', '.join(doubled)}")
        if self.answer not in self.choices:
            raise ValueError(f"answer: is {self.answer!r}; it must be one of the choices, word for word")

    @property
    def right(self) -> int:
        """The number of the right choice, from 0."""
        return self.choices.index(self.answer)


@dataclass(frozen=True)
class Attempt:
    """One try at all questions: `wrong` are the numbers of those not answered rightly, from 0."""

    wrong: tuple[int, ...]
    tries_left: int

    @property
    def passed(self) -> bool:
        return not self.wrong

    @property
    def is_last(self) -> bool:
        return self.passed or self.tries_left <= 0


def judge_attempt(
    *, questions: Sequence[ComprehensionQuestion], chosen: Sequence[int], tries_before: int, tries: int
) -> Attempt:
    """What a try comes to, with the chosen choice of each question, counted from 0."""
    wrong = tuple(
        number
        for number, (question, choice) in enumerate(zip(questions, chosen, strict=True))
        if choice != question.right
    )
    return Attempt(wrong=wrong, tries_left=max(0, tries - tries_before - 1))
