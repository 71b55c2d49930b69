"""Fine-tuning as staff set it: what may be said, and the arguments of `python -m generator.finetune` that say it.

The web process may not load the generator, so that its defaults stand here again; tests/test_fine_tuning_contract.py
holds both to the same.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from studyapp.domain.ladder_file import TAKEN_NAMES

Method = Literal["full", "lora"]
METHODS: dict[Method, str] = {"lora": "an adapter (LoRA)", "full": "all weights"}
RANK, EPOCHS, BATCH_TOKENS, PROBES, LONGEST = 8, 3.0, 8192, 20, 1024
RATES: dict[Method, float] = {"full": 5e-5, "lora": 3e-4}
MAX_MODELS = 20  # of one fine-tuning
NAME_LENGTH = 60
_ODD = re.compile(r"[^a-z0-9._]+")


@dataclass(frozen=True)
class TunableModel:
    """A model that can be tuned; `generator` as an arm says it."""

    generator: str
    size: str
    n_params: int | None

    @property
    def place(self) -> str:
        """FOLDER of the shelf, or ORG/NAME of the cache."""
        return self.generator.partition(":")[2]


@dataclass(frozen=True)
class FineTuning:
    """How models are tuned; what is None is left to the command. `others` are names of corpus files.

    Raises:
        ValueError: as "field: reason".
    """

    method: Method = "lora"
    rank: int = RANK
    alpha: float | None = None
    epochs: float = EPOCHS
    tokens: int | None = None
    rate: float | None = None
    batch_tokens: int = BATCH_TOKENS
    context: int | None = None
    sections: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    probes: int = PROBES
    seed: int = 0

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ValueError(f"method: must be one of {', '.join(METHODS)}")
        if self.context is not None and self.context < 2:
            raise ValueError("context: must be at least 2 tokens")
        for key in ("rank", "alpha", "epochs", "tokens", "rate", "batch_tokens", "probes"):
            value = getattr(self, key)
            if value is not None and not value > 0:
                raise ValueError(f"{key}: must be above 0")
        if self.rate is not None and self.rate >= 1:
            raise ValueError("rate: must lie between 0 and 1")
        if self.seed < 0:
            raise ValueError("seed: must be a whole number from 0")

    def to_row(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "FineTuning":
        lists = {key: tuple(row.get(key, ())) for key in ("sections", "others")}
        return cls(**{**row, **lists})

    def list_arguments(
        self, *, model: str, corpus: Sequence[str], exclude: Sequence[str], others: Sequence[str], out: str
    ) -> list[str]:
        """As the command is typed; files and folders are the caller's."""
        said: list[tuple[str, object]] = [("--model", model), ("--out", out)]
        said += [("--corpus", file) for file in corpus]
        if self.method == "lora":
            said.append(("--lora", self.rank))
            said += [("--alpha", self.alpha)] if self.alpha is not None else []
        said.append(("--epochs", self.epochs) if self.tokens is None else ("--tokens", self.tokens))
        said += [("--lr", self.rate)] if self.rate is not None else []
        said.append(("--batch-tokens", self.batch_tokens))
        said += [("--context", self.context)] if self.context is not None else []
        said += [("--exclude", file) for file in exclude]
        said += [("--section", section) for section in self.sections]
        said += [("--other", file) for file in others]
        said += [("--probes", self.probes), ("--seed", self.seed)]
        return [f"{option}={value}" for option, value in said]  # one word each: a section may begin with a hyphen

    def describe(self) -> str:
        """`an adapter (LoRA) of rank 8, 3 epochs, rate 0.0003, on Health alone`"""
        parts = [METHODS[self.method] + (f" of rank {self.rank}" if self.method == "lora" else "")]
        parts.append(f"{self.tokens:,} tokens" if self.tokens is not None else f"{self.epochs:g} epochs")
        parts.append(f"rate {self.rate or RATES[self.method]:g}")
        if self.sections:
            parts.append(f"on the sections {', '.join(self.sections)} alone")
        return ", ".join(parts)


def name_tuned(generators: Sequence[str]) -> list[str]:
    """A folder's name for what each model becomes: the last word of its own, behind the one before where two agree."""
    names: list[str] = []
    for generator in generators:
        words = [_ODD.sub("-", word.casefold()) for word in generator.partition(":")[2].split("/")]
        wanted = ["-".join(words[-n:]) for n in range(1, len(words) + 1)]
        wanted += [f"{words[-1]}-{number}" for number in range(2, len(generators) + 2)]
        trimmed = (name[-NAME_LENGTH:].strip("-._") or "model" for name in wanted)
        names.append(next(name for name in trimmed if name not in (*names, *TAKEN_NAMES)))
    return names
