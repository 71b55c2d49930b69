"""The sizes of the model family: one table, exact parameter counts, no torch.

The eight published sizes are those of PROTOCOL §4 with its two misprints mended; the control's 160M and the sizes for
small machines follow the same rules (d_ff = 4·d_model, heads of 32 to 64 numbers for the small ones).
"""

from dataclasses import dataclass, replace
from typing import Literal, get_args

Attention = Literal["alternating", "alternating-banded-first", "dense"]
LayerKind = Literal["dense", "banded"]
ATTENTIONS: tuple[Attention, ...] = get_args(Attention)


class SpecError(ValueError):
    """No such size, or a shape that cannot be; the message says what to choose from."""


@dataclass(frozen=True)
class GPTSpec:
    """The shape of one model and the batch and rate it is trained with.

    `context` and `vocab_size` are in tokens, `band` is how many keys (its own included) a query of a banded layer
    sees, `batch_tokens` the tokens of one optimiser step, `peak_lr` the highest learning rate.
    """

    name: str
    n_layers: int
    d_model: int
    n_heads: int
    context: int
    vocab_size: int
    band: int
    attention: Attention
    batch_tokens: int
    peak_lr: float

    def __post_init__(self) -> None:
        for field in ("n_layers", "d_model", "n_heads", "context", "vocab_size", "band", "batch_tokens"):
            number = getattr(self, field)
            if not isinstance(number, int) or isinstance(number, bool) or number < 1:
                raise SpecError(f"{field} must be a whole number above 0, not {number!r}")
        if self.d_model % self.n_heads:
            raise SpecError(f"d_model {self.d_model} cannot be parted among {self.n_heads} heads")
        if self.attention not in ATTENTIONS:
            raise SpecError(f"attention must be one of {', '.join(ATTENTIONS)}, not {self.attention!r}")
        if not 0 < self.peak_lr < 1:
            raise SpecError(f"peak_lr must lie between 0 and 1, not {self.peak_lr!r}")

    @property
    def d_head(self) -> int:
        return self.d_model // self.n_heads

    @property
    def d_ff(self) -> int:
        return 4 * self.d_model

    @property
    def n_params(self) -> int:
        """Every trained number: tied embeddings, learned positions, biases and LayerNorms included.

        A layer has 4·d² + 4·d (attention), 8·d² + 5·d (feed-forward) and 4·d (two LayerNorms); the model adds
        (vocabulary + context)·d and a final LayerNorm of 2·d.
        """
        d = self.d_model
        layer = 12 * d * d + 13 * d
        return (self.vocab_size + self.context) * d + self.n_layers * layer + 2 * d

    def layer_kinds(self) -> tuple[LayerKind, ...]:
        """The kind of each layer, first to last; alternating begins with a dense one unless it says otherwise."""
        pair: tuple[LayerKind, LayerKind] = ("dense", "dense" if self.attention == "dense" else "banded")
        first = 1 if self.attention == "alternating-banded-first" else 0
        return tuple(pair[(first + index) % 2] for index in range(self.n_layers))

    def count_training_flops(self) -> float:
        """Floating-point operations of one token's forward and backward pass, a multiplication and an addition as two.

        Six for every parameter of a matrix that the token is multiplied with (Kaplan et al. 2020, §2.1; the tied
        embedding once, as the output's), and 12·d for every key that it sees: (context + 1)/2 on average in a dense
        layer; in a banded one the band, less what the sequence's beginning lacks.
        """
        matrices = 12 * self.d_model**2 * self.n_layers + self.vocab_size * self.d_model
        band = min(self.band, self.context)
        keys = {"dense": (self.context + 1) / 2, "banded": band - band * (band - 1) / (2 * self.context)}
        return 6 * matrices + 12 * self.d_model * sum(keys[kind] for kind in self.layer_kinds())


def _published(name: str, *, layers: int, width: int, heads: int, batch: float, lr: float) -> GPTSpec:
    return GPTSpec(name, layers, width, heads, 2048, 50257, 256, "alternating", int(batch * 1_000_000), lr)


def _small(name: str, *, layers: int, width: int, heads: int, vocab: int, lr: float) -> GPTSpec:
    return GPTSpec(name, layers, width, heads, 1024, vocab, 256, "alternating", 16_384, lr)


SIZES: dict[str, GPTSpec] = {
    spec.name: spec
    for spec in (
        # for small machines; the name is nominal, for the small vocabulary that the size is trained with
        _small("demo-control", layers=2, width=32, heads=1, vocab=2048, lr=6e-3),
        _small("0.3m", layers=2, width=64, heads=2, vocab=2048, lr=5e-3),
        _small("1m", layers=3, width=128, heads=4, vocab=2048, lr=3e-3),
        _small("3m", layers=5, width=192, heads=4, vocab=4096, lr=2e-3),
        _small("10m", layers=6, width=320, heads=5, vocab=8192, lr=1.5e-3),
        _small("30m", layers=8, width=512, heads=8, vocab=8192, lr=1.2e-3),
        _small("60m", layers=10, width=640, heads=10, vocab=16_384, lr=1e-3),
        # as published (PROTOCOL §4); of the control only the number of parameters is
        _published("control", layers=12, width=896, heads=14, batch=0.5, lr=6.0e-4),
        _published("small", layers=12, width=768, heads=12, batch=0.5, lr=6.0e-4),
        _published("medium", layers=24, width=1024, heads=16, batch=0.5, lr=3.0e-4),
        _published("large", layers=24, width=1536, heads=16, batch=0.5, lr=2.5e-4),
        _published("xl", layers=24, width=2048, heads=16, batch=1, lr=2.0e-4),
        _published("2.7b", layers=32, width=2560, heads=32, batch=1, lr=1.6e-4),
        _published("6.7b", layers=32, width=4096, heads=32, batch=2, lr=1.2e-4),
        _published("13b", layers=40, width=5120, heads=40, batch=2, lr=1.0e-4),
        _published("175b", layers=96, width=12288, heads=96, batch=3.2, lr=0.6e-4),
    )
}
ALIASES = {"160m": "control", "125m": "small", "350m": "medium", "760m": "large", "1.3b": "xl"}


def find_spec(
    name: str,
    *,
    vocab_size: int | None = None,
    context: int | None = None,
    attention: Attention | None = None,
    band: int | None = None,
) -> GPTSpec:
    """The size of that name (or of its number of parameters, as in "125m"), with what is given put in its place.

    Raises:
        SpecError: no such size, or a changed number that cannot be.
    """
    key = name.lower()
    spec = SIZES.get(ALIASES.get(key, key))
    if spec is None:
        raise SpecError(f"there is no size {name!r}; the sizes are {', '.join(SIZES)}")
    return replace(
        spec,
        vocab_size=spec.vocab_size if vocab_size is None else vocab_size,
        context=spec.context if context is None else context,
        attention=spec.attention if attention is None else attention,
        band=spec.band if band is None else band,
    )
