"""The account of the bots against the rows of the database, and the texts against those of an undisturbed run."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from chaos.ledger import Account

TextKey = tuple[str, str, int]  # arm, article, number of the candidate


@dataclass(frozen=True)
class StoredAnswer:
    bot: str
    trial: str
    position: int  # from 1
    judgment: int


@dataclass(frozen=True)
class StoredCell:
    name: str
    target: int
    held: int


@dataclass(frozen=True)
class StoredStudy:
    """What the database says of a launched study. `people`: a name for each participant, two where one is two."""

    answers: Sequence[StoredAnswer]
    cells: Sequence[StoredCell]
    people: Sequence[str]
    completed: frozenset[str]


@dataclass(frozen=True)
class Verdict:
    """What was found, and what is wrong: a sentence for each fault, none where all is well."""

    found: int = 0
    lost: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    others: tuple[str, ...] = field(default=())

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.doubled or self.others)

    @property
    def faults(self) -> tuple[str, ...]:
        return (*self.lost, *self.doubled, *self.others)


def judge_answers(before: Account, stored: StoredStudy, after: Account) -> Verdict:
    """Every acknowledged answer is there once, as it was first sent, in its place, and nothing else is.

    `before` and `after` are the account around the moment at which the rows were read: what was acknowledged before
    must be there, and what is there must have been sent by then.
    """
    judgments = {answer.trial: answer.judgment for answer in stored.answers}
    lost = [f"the answer to {trial} was acknowledged, and is lost" for trial in before.acknowledged - judgments.keys()]
    lost += [f"{bot} has agreed, and is no participant" for bot in before.agreed - set(stored.people)]
    lost += [f"{bot} has seen the debriefing, and is not completed" for bot in before.finished - stored.completed]
    doubled = [
        f"{n} answers to {trial}" for trial, n in Counter(answer.trial for answer in stored.answers).items() if n > 1
    ]
    doubled += [f"{bot} is {n} participants" for bot, n in Counter(stored.people).items() if n > 1]
    others = [f"nobody sent the answer to {trial}" for trial in judgments.keys() - after.sent.keys()]
    others += [
        f"{trial}: sent {after.sent[trial]} first, stored {judgment}"
        for trial, judgment in judgments.items()
        if judgment != after.sent.get(trial, judgment)
    ]
    others += [f"{cell.held} in {cell.name}, whose target is {cell.target}" for cell in stored.cells if _is_over(cell)]
    others += list(after.asked_again)
    others += _find_gaps(stored.answers, after)
    found = len(before.acknowledged & judgments.keys())
    return Verdict(found=found, lost=tuple(lost), doubled=tuple(doubled), others=tuple(others))


def judge_texts(expected: Mapping[TextKey, str], written: Iterable[tuple[TextKey, str]], *, is_done: bool) -> Verdict:
    """Every candidate is there once, with the text of the undisturbed run; all of them once the jobs are done."""
    rows = list(written)
    counts = Counter(key for key, _ in rows)
    lost = [f"{_name(key)} was never written" for key in expected.keys() - counts.keys()] if is_done else []
    doubled = [f"{_name(key)} was written {n} times" for key, n in counts.items() if n > 1]
    others = [f"nobody ordered {_name(key)}" for key in counts.keys() - expected.keys()]
    others += [
        f"{_name(key)} is another text than without faults" for key, text in rows if expected.get(key, text) != text
    ]
    found = sum(expected.get(key) == text for key, text in rows)
    return Verdict(found=found, lost=tuple(lost), doubled=tuple(doubled), others=tuple(others))


def _find_gaps(answers: Sequence[StoredAnswer], account: Account) -> list[str]:
    """Bots that were not led on where they were: the nth trial that one sent is the nth of their order."""
    found = []
    for answer in answers:
        sent = account.order.get(answer.bot, ())
        number = sent.index(answer.trial) + 1 if answer.trial in sent else answer.position
        if number != answer.position:
            found.append(f"{answer.bot} sent {answer.trial} as number {number}, not {answer.position}")
    return found


def _is_over(cell: StoredCell) -> bool:
    return cell.held > cell.target


def _name(key: TextKey) -> str:
    arm, article, number = key
    return f"candidate {number + 1} of {article} in {arm}"
