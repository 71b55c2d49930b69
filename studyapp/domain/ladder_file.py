"""A ladder file (TOML, as `python -m generator.ladder` reads it): what is wrong with it, its sizes, its budget.

The web process may not load the generator, so that the sizes stand here again; tests/test_ladder_contract.py holds
both to the same.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import tomlkit

from studyapp.domain.study_sections import read_section, suggest

NAME = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
TAKEN_NAMES = ("corpus", "lock")  # folders and files of the ladder itself
MIN_VOCABULARY = 257
MAX_TOKENS = 10**15
MAX_RUNGS = 20
ATTENTIONS = ("alternating", "alternating-banded-first", "dense")


@dataclass(frozen=True)
class Shape:
    """Of a size of the family; `vocab` and `context` in tokens, where the ladder says nothing else."""

    n_layers: int
    d_model: int
    context: int = 2048

    def count_params(self, *, vocab: int, context: int | None) -> int:
        """As `generator.specs.GPTSpec.n_params`."""
        d = self.d_model
        return (vocab + (context or self.context)) * d + self.n_layers * (12 * d * d + 13 * d) + 2 * d


SHAPES = {
    "demo-control": Shape(2, 32, 1024),
    "0.3m": Shape(2, 64, 1024),
    "1m": Shape(3, 128, 1024),
    "3m": Shape(5, 192, 1024),
    "10m": Shape(6, 320, 1024),
    "30m": Shape(8, 512, 1024),
    "60m": Shape(10, 640, 1024),
    "control": Shape(12, 896),
    "small": Shape(12, 768),
    "medium": Shape(24, 1024),
    "large": Shape(24, 1536),
    "xl": Shape(24, 2048),
    "2.7b": Shape(32, 2560),
    "6.7b": Shape(32, 4096),
    "13b": Shape(40, 5120),
    "175b": Shape(96, 12288),
}
ALIASES = {"160m": "control", "125m": "small", "350m": "medium", "760m": "large", "1.3b": "xl"}


class LadderFileError(ValueError):
    """A ladder that cannot be: `faults` names every key with what is wrong."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


@dataclass(frozen=True)
class _Common:
    """[ladder]"""

    vocab: int
    corpus: tuple[str, ...] = ()
    context: int | None = None
    seed: int = 0
    attention: str = ATTENTIONS[0]
    band: int | None = None
    patience: int | None = None
    tokenizer: str = ""

    def __post_init__(self) -> None:
        if self.vocab < MIN_VOCABULARY:
            raise ValueError(f"vocab: must be at least {MIN_VOCABULARY}, which every byte takes, not {self.vocab}")
        for key in ("context", "band", "patience"):
            value = getattr(self, key)
            if value is not None and value < 1:
                raise ValueError(f"{key}: must be a whole number above 0")
        if self.seed < 0:
            raise ValueError("seed: must be a whole number from 0")
        if self.attention not in ATTENTIONS:
            raise ValueError(f"attention: must be one of {', '.join(ATTENTIONS)}, not {self.attention!r}")
        if self.tokenizer:
            raise ValueError("tokenizer: a ladder of the queue trains its own on its corpus; leave this key out")


@dataclass(frozen=True)
class _Model:
    """[[model]]"""

    name: str
    size: str
    tokens: int
    batch_tokens: int = 1
    lr: float = 1e-3

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name) or len(self.name) > 60 or self.name in TAKEN_NAMES:
            raise ValueError(
                f"name: {self.name!r} becomes a folder; take small letters and digits, parted by . - or _, at most 60"
            )
        if self.size.lower() not in {**SHAPES, **ALIASES}:
            raise ValueError(f"size: there is no {self.size!r}{suggest(self.size, SHAPES, otherwise='the sizes are')}")
        if not 1 <= self.tokens <= MAX_TOKENS:
            raise ValueError("tokens: must be a whole number above 0, and at most 10^15")
        if self.batch_tokens < 1:
            raise ValueError("batch_tokens: must be a whole number above 0")
        if not 0 < self.lr < 1:
            raise ValueError("lr: must lie between 0 and 1")


@dataclass(frozen=True)
class LadderRung:
    """A model of the ladder; `tokens` is its budget. A small corpus may fill less of the vocabulary than is counted."""

    name: str
    size: str
    n_params: int
    tokens: int


class BudgetKind(StrEnum):
    """What the amount of a budget is counted in."""

    FILE = "file"
    TIMES = "times"
    PER_PARAMETER = "per_parameter"
    TOKENS = "tokens"


@dataclass(frozen=True)
class Budget:
    """How many tokens each model is trained on; the amount means nothing where the file's own are taken."""

    kind: BudgetKind
    amount: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.amount <= MAX_TOKENS:
            raise ValueError("the amount must be a number above 0")

    def count_tokens(self, rung: LadderRung) -> int:
        exact = {
            BudgetKind.FILE: rung.tokens,
            BudgetKind.TIMES: self.amount * rung.tokens,
            BudgetKind.PER_PARAMETER: self.amount * rung.n_params,
            BudgetKind.TOKENS: self.amount,
        }[self.kind]
        return min(max(1, round(exact)), MAX_TOKENS)


def read_rungs(text: str) -> tuple[LadderRung, ...]:
    """The models that a ladder file asks for, in its order.

    Raises:
        LadderFileError: it is no TOML, or says what cannot be; every fault is named.
    """
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # no TOML, a number of thousands of digits, or a very deep list
        raise LadderFileError([f"This is no TOML: {error}"]) from None
    faults = [f"{key}: there is no such part; the parts are [ladder] and [[model]]" for key in _list_unknown(content)]
    common = read_section(_Common, content.get("ladder", {}), place=("ladder",), faults=faults)
    models = content.get("model", [])
    if not isinstance(models, list) or not 1 <= len(models) <= MAX_RUNGS:
        raise LadderFileError([*faults, f"[[model]]: a table for each model is needed, 1 to {MAX_RUNGS} of them"])
    read = [read_section(_Model, model, place=("model", number), faults=faults) for number, model in enumerate(models)]
    names = [model.name for model in read if model]
    faults += [f"[[model]] name: {name!r} stands twice" for name in sorted({n for n in names if names.count(n) > 1})]
    if faults:
        raise LadderFileError(faults)
    return tuple(_read_rung(model, common) for model in read)


def set_budget(text: str, budget: Budget) -> str:
    """The same ladder file with each model's tokens as the budget says, and without a corpus of its own.

    Raises:
        LadderFileError: the file cannot be used.
    """
    rungs = read_rungs(text)
    document: Any = tomlkit.parse(text)
    document["ladder"].pop("corpus", None)
    for model, rung in zip(document["model"], rungs, strict=True):
        model["tokens"] = budget.count_tokens(rung)
    return tomlkit.dumps(document)


def _list_unknown(content: Mapping[str, Any]) -> list[str]:
    return sorted(content.keys() - {"ladder", "model"})


def _read_rung(model: _Model, common: _Common) -> LadderRung:
    size = model.size.lower()
    shape = SHAPES[ALIASES.get(size, size)]
    n_params = shape.count_params(vocab=common.vocab, context=common.context)
    return LadderRung(name=model.name, size=model.size, n_params=n_params, tokens=model.tokens)
