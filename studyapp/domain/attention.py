"""Instructed attention checks: pages between the articles that say which answer to choose, and nothing else.

What panels allow (Prolific's policy on attention and comprehension checks): an *instructed* check tells in the question
itself which answer to choose; a *nonsensical* one states what nobody can mean. Neither may rest on memory, on small
print, or on a neutral answer, and in a study of five minutes or more one that is failed may count for nothing: it takes
two. A declared rule may then leave the answers out of the analysis; nobody's pay hangs on it here.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from studyapp.domain.judgment import LABELS, Judgment

MOST_CHECKS = 10
LONGEST_TEXT = 300  # characters: a longer one hides what it asks for
ANSWER_PLACE = "{answer}"  # in a text: the words of the right answer as the page shows them, in its language
LONG_STUDY_MINUTES = 5  # from which on two checks must be failed
KINDS = ("instructed", "nonsensical")
N_ANSWERS = len(LABELS)  # of the scale that articles are judged on

_MEMORY = re.compile(
    r"\b(remember|recall|memory|earlier|previous(?:ly)?|you (?:have )?(?:just )?(?:read|saw|seen)|"
    r"(?:first|last) (?:article|text|page)|in the (?:instructions|consent))\b",
    re.IGNORECASE,
)
_NEUTRAL = re.compile(
    r"\b(don['’]?t know|do not know|not sure|unsure|undecided|neutral|neither|no opinion|no answer|"
    r"weiß nicht|weder|no sé|ni de acuerdo|ne sais pas|ni d['’]accord)\b|不知道|不确定|中立",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class AttentionQuestion:
    """[[attention]]: one check. It comes after that many articles, and has the five answers or its own `choices`.

    `answer` is the right one: a number from 1 on, or the choice word for word.
    """

    text: str
    answer: int | str
    after: int
    choices: tuple[str, ...] = ()
    kind: str = "instructed"

    def __post_init__(self) -> None:
        for fault in _find_faults(self):
            raise ValueError(fault)

    @property
    def right(self) -> int:
        """The number of the right answer, from 1."""
        return self.answer if isinstance(self.answer, int) else self.choices.index(self.answer) + 1

    @property
    def n_answers(self) -> int:
        return len(self.choices) or N_ANSWERS

    def word(self, answers: Sequence[str]) -> str:
        """What is asked, with the right answer as the page words it."""
        return self.text.replace(ANSWER_PLACE, answers[self.right - 1])


def _find_faults(asked: AttentionQuestion) -> Iterator[str]:
    """What is wrong with a check, as "key: what, and which rule of the panels it breaks"."""
    yield from _find_shape_faults(asked)
    words = asked.choices[asked.right - 1] if asked.choices else LABELS[Judgment(asked.right)]
    is_told = ANSWER_PLACE in asked.text or words.casefold() in asked.text.casefold()
    if asked.kind == "instructed" and not is_told:
        yield (
            "text: does not say what to choose. Rule: the question itself tells exactly what to do; write "
            f"{words!r} in it, or {ANSWER_PLACE} where these words shall stand"
        )
    if asked.kind == "nonsensical" and not asked.choices:
        yield (
            "choices: are missing. Rule: a nonsensical item needs answers that can be plainly wrong; the five answers "
            "about an article's author cannot"
        )
    if _NEUTRAL.search(words) or (not asked.choices and asked.right == Judgment.DONT_KNOW):
        yield f"answer: {words!r} is neutral. Rule: a neutral answer is never the right one"
    if asked.kind == "nonsensical" and (neutral := [choice for choice in asked.choices if _NEUTRAL.search(choice)]):
        yield f"choices: {neutral[0]!r} is neutral. Rule: a nonsensical item offers no neutral answer"
    if memory := _MEMORY.search(asked.text):
        yield f"text: {memory[0]!r} asks for what stood elsewhere. Rule: a check never rests on memory"


def _find_shape_faults(asked: AttentionQuestion) -> Iterator[str]:
    if asked.kind not in KINDS:
        yield f"kind: there is no {asked.kind!r}. Rule: a check is one of {', '.join(KINDS)}, and nothing else"
    if not asked.text.strip():
        yield "text: must not be empty"
    if len(asked.text) > LONGEST_TEXT or re.search(r"[<>\n]", asked.text):
        yield (
            f"text: must be one plain line of {LONGEST_TEXT} characters at the most, without tags. Rule: nothing is "
            "hidden in small print or in a long text"
        )
    if asked.choices and (len(asked.choices) < 2 or not all(choice.strip() for choice in asked.choices)):
        yield "choices: must be at least two texts that are not empty; leave them out for the five answers"
    if len(set(asked.choices)) < len(asked.choices):
        yield "choices: each can stand there once"
    if isinstance(asked.answer, str) and asked.answer not in asked.choices:
        yield f"answer: is {asked.answer!r}; it must be one of the choices, word for word, or a number"
    if isinstance(asked.answer, int) and not 1 <= asked.answer <= asked.n_answers:
        yield f"answer: must be from 1 to {asked.n_answers}"
    if asked.after < 1:
        yield "after: must be at least 1: a check comes after that many articles"


def find_set_faults(questions: Sequence[AttentionQuestion]) -> list[tuple[int, str, str]]:
    """What is wrong with checks among themselves: the number of the check (from 0), its key, and why."""
    places = [asked.after for asked in questions]
    faults = [
        (number, "after", f"is {place}, behind a check after {before}; write them in the order of the pages")
        for number, (before, place) in enumerate(pairwise(places), start=1)
        if place <= before
    ]
    if len(questions) > MOST_CHECKS:
        faults.append((MOST_CHECKS, "", f"there can be {MOST_CHECKS} checks at most"))
    return faults


def find_fail_fault(*, fails_from: int, n_checks: int, minutes: int) -> str:
    """Why nobody may be said to have failed by that many wrong answers; "" where they may."""
    if fails_from > n_checks:
        return f"is {fails_from}, but there are {n_checks} checks under [[attention]]: nobody could fail them"
    if fails_from < 2 and minutes >= LONG_STUDY_MINUTES:
        return (
            f"is {fails_from}, and the study takes {minutes} minutes. Rule: in a study of {LONG_STUDY_MINUTES} minutes "
            "or more, two checks must be failed"
        )
    return ""


@dataclass(frozen=True)
class GivenAnswer:
    """What is stored of one check of one participant, as JSON: times as the server had them; None: not answered."""

    shown_at: str
    answer: int | None = None
    answered_at: str | None = None


@dataclass(frozen=True)
class AttentionRecord:
    """What a participant's checks come to so far."""

    asked: int
    failed: int


def judge_answers(questions: Sequence[AttentionQuestion], given: Sequence[GivenAnswer]) -> AttentionRecord:
    """Count what was answered, and wrongly; the checks are in the order in which they come."""
    answered = [(asked, own) for asked, own in zip(questions, given, strict=False) if own.answer is not None]
    return AttentionRecord(asked=len(answered), failed=sum(own.answer != asked.right for asked, own in answered))


def find_due(
    questions: Sequence[AttentionQuestion], given: Sequence[GivenAnswer], *, n_answered: int, n_articles: int
) -> int | None:
    """The number (from 1) of the check that comes next, once that many articles are answered; None: an article does.

    One that is set after more articles than there are comes after the last.
    """
    number = sum(own.answer is not None for own in given)
    if number >= len(questions) or n_answered < min(questions[number].after, n_articles):
        return None
    return number + 1
