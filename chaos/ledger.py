"""What the bots sent and what the server acknowledged: the one account that no fault can touch."""

import threading
from collections import defaultdict
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Account:
    """The ledger at one moment. `sent`: the first judgment of each trial; `order`: a bot's trials as it first sent."""

    sent: dict[str, int]
    acknowledged: frozenset[str]
    order: dict[str, tuple[str, ...]]
    agreed: frozenset[str]
    finished: frozenset[str]
    refused: frozenset[str]
    asked_again: tuple[str, ...]


@dataclass
class Ledger:
    """Written by many bots at once. A trial is named by its code, a bot by its name."""

    cuts: int = 0  # how often a bot was cut off and had to come back
    _sent: dict[str, int] = field(default_factory=dict)
    _acknowledged: set[str] = field(default_factory=set)
    _order: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _agreed: set[str] = field(default_factory=set)
    _finished: set[str] = field(default_factory=set)
    _refused: set[str] = field(default_factory=set)
    _asked_again: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def choose(self, trial: str, judgment: int) -> int:
        """The judgment to send: who was cut off says again what they said first, as a browser that kept it does."""
        with self._lock:
            return self._sent.get(trial, judgment)

    def send(self, bot: str, trial: str, judgment: int) -> None:
        """An answer is on its way; only a trial's first one counts."""
        with self._lock:
            if trial not in self._sent:
                self._sent[trial] = judgment
                self._order[bot].append(trial)

    def acknowledge(self, trial: str) -> None:
        """The server has led on from a trial, so it says that the answer is stored."""
        with self._lock:
            self._acknowledged.add(trial)

    def show(self, bot: str, trial: str) -> None:
        """A bot sees a trial's question. One that was acknowledged must not be asked again."""
        with self._lock:
            if trial in self._acknowledged:
                self._asked_again.append(f"{bot} was asked {trial} again")

    def agree(self, bot: str) -> None:
        with self._lock:
            self._agreed.add(bot)

    def finish(self, bot: str) -> None:
        with self._lock:
            self._finished.add(bot)

    def refuse(self, bot: str) -> None:
        """There was no place for a bot."""
        with self._lock:
            self._refused.add(bot)

    def cut_off(self) -> None:
        with self._lock:
            self.cuts += 1

    def count_acknowledged(self) -> int:
        with self._lock:
            return len(self._acknowledged)

    def close(self) -> Account:
        """The account as it stands now."""
        with self._lock:
            return Account(
                sent=dict(self._sent),
                acknowledged=frozenset(self._acknowledged),
                order={bot: tuple(trials) for bot, trials in self._order.items()},
                agreed=frozenset(self._agreed),
                finished=frozenset(self._finished),
                refused=frozenset(self._refused),
                asked_again=tuple(self._asked_again),
            )
