"""The run: studies are written and answered without a pause, faults fall between, and everything is compared."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from benchmarks.load_byline import find_site
from chaos import studies
from chaos.bots import Crowd, Sending
from chaos.faults import inject
from chaos.ledger import Ledger
from chaos.plan import Fault
from chaos.processes import wait_until
from chaos.stack import OURS, Stack
from chaos.verdict import TextKey, Verdict, judge_answers, judge_texts

ANSWER_SECONDS = 600  # from a fault until the next answer is acknowledged
FINISH_SECONDS = 3600  # for the work that is left after the last fault


@dataclass
class Answering:
    """A launched study and those who answer it."""

    study: Any
    ledger: Ledger
    sending: Sending


@dataclass
class Tally:
    """What a run came to."""

    injected: Counter = field(default_factory=Counter)
    acknowledged: int = 0
    found: int = 0
    stored: int = 0
    texts: int = 0
    completed: int = 0
    refused: int = 0
    cuts: int = 0
    checks: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    falls: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.doubled or self.others)

    def add(self, verdict: Verdict) -> None:
        """Take what is wrong over; a fault that stays is named once."""
        self.checks += 1
        for mine, theirs in ((self.lost, verdict.lost), (self.doubled, verdict.doubled), (self.others, verdict.others)):
            mine += [fault for fault in theirs if fault not in mine]


class Run:
    """One study is answered while the next is written; `say` prints a line."""

    def __init__(self, stack: Stack, *, seed: int, say: Callable[[str], None]) -> None:
        self._stack = stack
        self._rng = random.Random(seed)
        self._seed = seed
        self._say = say
        self._expected: dict[TextKey, str] = {}
        self._drafts: list[Any] = []
        self._answering: list[Answering] = []
        self.tally = Tally()

    def begin(self) -> None:
        """The first study is written without any fault: its texts are what all others must have."""
        draft = self._begin_draft()
        wait_until(lambda: self._is_written(draft), seconds=FINISH_SECONDS, what="the undisturbed texts are written")
        self._expected = dict(studies.read_texts(draft))
        self._launch(draft)
        self._begin_draft()

    def disturb(self, fault: Fault, number: int) -> None:
        """One fault; then everything comes back by itself, an answer is taken, and nothing is lost."""
        began = time.monotonic()
        hit = inject(fault, self._stack, self._rng)
        self._stack.wait_until_up()
        self._wait_for_answer()
        self._check()
        self.tally.injected[fault] += 1
        after = f" ({hit})" if hit else ""
        n = sum(each.ledger.count_acknowledged() for each in self._answering)
        self._say(f"{number:4d}  {time.monotonic() - began:5.1f} s  {n:6d} answers  {fault}{after}")
        self._go_on()

    def finish(self) -> None:
        """No more faults: what is begun comes to its end, and all of it is compared once more."""
        draft = self._drafts[-1]
        deadline = time.monotonic() + FINISH_SECONDS
        while not (self._is_written(draft) and self._answering[-1].sending.is_done()):
            if time.monotonic() > deadline:
                self.tally.others.append(f"stuck: jobs are {studies.count_states(draft)}")
                break
            time.sleep(1)
        for each in self._answering:
            each.sending.stop()
        self._sum_up()

    def close(self) -> None:
        for each in self._answering:
            each.sending.stop()

    def _begin_draft(self) -> Any:
        draft = studies.make_draft(f"study-{len(self._drafts) + 1}")
        self._drafts.append(draft)
        return draft

    def _launch(self, draft: Any) -> None:
        study = studies.launch(draft)
        ledger = Ledger()
        crowd = Crowd(
            site=find_site(study, self._stack.url),
            ledger=ledger,
            seed=self._seed + study.pk,
            n_items=studies.ITEMS,
            places=studies.PLACES,
        )
        sending = Sending(crowd)
        sending.start()
        self._answering.append(Answering(study, ledger, sending))

    def _go_on(self) -> None:
        """The next draft once one is written, the next crowd once one is through."""
        with fresh_connection():
            if self._is_written(self._drafts[-1]):
                self._begin_draft()
            if self._answering[-1].sending.is_done():
                launched = {each.study.pk for each in self._answering}
                written = (each for each in self._drafts[:-1] if each.pk not in launched)
                if (draft := next(written, None)) is not None:
                    self._launch(draft)

    def _wait_for_answer(self) -> None:
        """Until a bot has been answered again; where they are all through, nobody is waited for."""
        newest = self._answering[-1]
        before = newest.ledger.count_acknowledged()

        def is_answered() -> bool:
            return newest.ledger.count_acknowledged() > before or newest.sending.is_done()

        wait_until(is_answered, seconds=ANSWER_SECONDS, what="an answer is taken after the fault")

    def _check(self) -> None:
        """The study that is answered, and the one that is written, as they are now."""
        with fresh_connection():
            self.tally.add(self._judge(self._answering[-1]))
            written = studies.read_texts(self._drafts[-1])
            self.tally.add(judge_texts(self._expected, written, is_done=False))

    def _judge(self, each: Answering) -> Verdict:
        before = each.ledger.close()
        stored = studies.read_study(each.study)
        return judge_answers(before, stored, each.ledger.close())

    def _is_written(self, draft: Any) -> bool:
        """Whether its jobs are done.

        Raises:
            RuntimeError: one has failed, so that somebody would have to ask for it again.
        """
        with fresh_connection():
            states = studies.count_states(draft)
        if states.get("failed"):
            raise RuntimeError(f"{draft.slug}: {'; '.join(studies.list_errors(draft))}")
        return set(states) == {"done"}

    def _sum_up(self) -> None:
        tally = self.tally
        with fresh_connection():
            for each in self._answering:
                verdict = self._judge(each)
                account = each.ledger.close()
                tally.add(verdict)
                tally.acknowledged += len(account.acknowledged)
                tally.found += verdict.found
                tally.stored += len(studies.read_study(each.study).answers)
                tally.completed += len(account.finished)
                tally.refused += len(account.refused)
                tally.cuts += each.ledger.cuts
            for draft in self._drafts:
                verdict = judge_texts(self._expected, studies.read_texts(draft), is_done=True)
                tally.add(verdict)
                tally.texts += verdict.found
        tally.falls = self._stack.count_falls()


@contextmanager
def fresh_connection() -> Iterator[None]:
    """The database through a new connection: the last one may be to a server that was killed since."""
    from django.db import connection

    connection.close()
    try:
        yield
    finally:
        connection.close()


def describe(tally: Tally, *, left_out: list[Fault]) -> list[str]:
    """The lines that are printed at the end."""
    lines = [f"Faults injected: {tally.injected.total()}, in {tally.seconds / 60:.0f} minutes"]
    lines += [f"  {n:4d}  {fault}" for fault, n in sorted(tally.injected.items(), key=lambda each: -each[1])]
    lines += [f"     -  {fault}: left out, see docs/chaos.md" for fault in left_out]
    lines += [
        f"Answers acknowledged: {tally.acknowledged}",
        f"Answers found:        {tally.found}",
        f"Stored besides:       {tally.stored - tally.found}, cut off before their bot heard of it",
        f"Texts written:        {tally.texts}, the same bytes as without faults",
        f"Participants: {tally.completed} came to the end, cut off and back again {tally.cuts} times; "
        f"{tally.refused} found no place, as it should be",
        f"Ended by themselves, and started again: {_list_falls(tally.falls)}",
        f"Comparisons: {tally.checks}. Lost: {len(tally.lost)}. Doubled: {len(tally.doubled)}. "
        f"Otherwise wrong: {len(tally.others)}.",
    ]
    return [*lines, *(f"  {fault}" for fault in (*tally.lost, *tally.doubled, *tally.others))]


def _list_falls(falls: dict[str, int]) -> str:
    return ", ".join(f"{name} {n} times" for name, n in falls.items() if name in (*OURS, "redis", "postgres")) or "none"
