"""Machine detectors: how machine-like a text looks to a language model, from one forward pass of it.

Of a text's scored tokens t_1 … t_n, with p_i the model's prediction at the i-th, r_i the rank of t_i in it (1 the
likeliest), H_i = -Σ p_i ln p_i its entropy, and σ_i² = Σ p_i (ln p_i)² - (Σ p_i ln p_i)²:

- `log_likelihood`: (1/n) Σ ln p_i(t_i). Machine when high. Solaiman et al. 2019, "Release strategies"; GLTR.
- `log_rank`: (1/n) Σ ln r_i. Machine when low. Mitchell et al. 2023 (DetectGPT), §5, with its sign turned.
- `entropy`: (1/n) Σ H_i. Machine when high, as Mitchell et al. 2023 found it "more often than not": the weakest claim
  of all, and where it fails the AUC is below one half.
- `gltr_top_10`, `gltr_top_100`, `gltr_top_1000`: the share of tokens with r_i ≤ 10, 100, 1000. Machine when high.
  Gehrmann, Strobelt & Rush 2019 (GLTR), whose coloured bands these are, cumulated.
- `lrr`: -Σ ln p_i(t_i) / Σ ln r_i. Machine when high. Su et al. 2023 (DetectLLM), eq. 1. Unknown where every token is
  of rank 1.
- `fast_detect_gpt`: [Σ ln p_i(t_i) + Σ H_i] / √(Σ σ_i²). Machine when high. Bao et al. 2024 (Fast-DetectGPT), the
  conditional probability curvature in closed form, the sampling model being the scoring one. Unknown where all σ are 0.
- `binoculars`: -Σ ln p_i(t_i) / -ΣΣ_v q_i(v) ln p_i(v), p the performer's and q the observer's prediction: the log
  perplexity over the cross log perplexity. Machine when low. Hans et al. 2024, as their code has it (the paper names
  the two models the other way round). Their thresholds hold for Falcon 7B alone, and are not used.

The sign of each is declared here, before any text is seen, and is never fitted to a study.

A token is scored where something stands before it: the model's first mark, the frame with the title (`given="title"`,
itself not scored), or, for models without a mark, the text's own first token. A text of fewer than two scored tokens
has no scores. A text beyond the context is read in windows of the context's length that overlap by half: the first
scores all its tokens, each later one those that are new, so that every token is scored once, with at least half a
context before it unless it stands in the first.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from torch import Tensor

from generator.checkpoint_files import Checkpoint
from generator.prompts import build_prompt
from generator.reading import Window, count_vocabulary, read_windows
from generator.token_statistics import COLUMNS, CROSS, PositionMeter

Given = Literal["nothing", "title"]
GIVEN: tuple[Given, ...] = get_args(Given)
MachineWhen = Literal["high", "low"]
SCORES: dict[str, MachineWhen] = {
    "log_likelihood": "high",
    "log_rank": "low",
    "entropy": "high",
    "gltr_top_10": "high",
    "gltr_top_100": "high",
    "gltr_top_1000": "high",
    "lrr": "high",
    "fast_detect_gpt": "high",
}
BINOCULARS = "binoculars"
MACHINE_WHEN: dict[str, MachineWhen] = {**SCORES, BINOCULARS: "low"}
LEAST_TOKENS = 2

ProgressCallback = Callable[[int, int], None]


class DetectionError(ValueError):
    """Models that cannot be used together, or texts that cannot be scored; the message says why."""


@dataclass(frozen=True)
class Passage:
    """A text to score. Of a text only the first `most_words` are read, where that is given."""

    text: str
    title: str = ""
    subtitle: str = ""
    most_words: int | None = None

    def cut(self) -> str:
        """The text as it is read; paragraphs stay."""
        if self.most_words is None:
            return self.text
        if self.most_words < 1:
            return ""
        found = re.match(rf"\s*\S+(?:\s+\S+){{0,{self.most_words - 1}}}", self.text)
        return found[0] if found else ""


@dataclass(frozen=True)
class Scorer:
    """A model that reads. `name` is what its scores are kept under."""

    name: str
    checkpoint: Checkpoint

    def encode(self, passage: Passage, *, given: Given) -> tuple[list[int], int]:
        """All tokens, and how many of them stand before the first that is scored."""
        first = [] if self.checkpoint.first_token is None else [self.checkpoint.first_token]
        text, encode = passage.cut(), self.checkpoint.codec.encode
        if given == "nothing":
            return [*first, *encode(text)], len(first)
        frame = [*first, *encode(build_prompt(context=(), title=passage.title, subtitle=passage.subtitle))]
        return [*frame, *encode(f" {text.lstrip()}")], len(frame)


@dataclass(frozen=True)
class Scored:
    """A text's scores by detector, None where there is none, and the tokens that they are of."""

    tokens: int
    windows: int
    scores: dict[str, float | None]


@dataclass
class _Sums:
    """Σ over a text's scored tokens."""

    tokens: int = 0
    windows: int = 0
    columns: dict[str, float] = field(default_factory=dict)

    def add(self, sums: dict[str, float], *, tokens: int) -> None:
        self.tokens += tokens
        self.windows += 1
        for name, amount in sums.items():
            self.columns[name] = self.columns.get(name, 0.0) + amount


def score_passages(
    passages: Sequence[Passage],
    *,
    scorer: Scorer,
    observer: Scorer | None = None,
    given: Given = "nothing",
    on_progress: ProgressCallback | None = None,
) -> list[list[Scored]]:
    """Every passage's scores by `scorer`; with an `observer`, that one's too, and Binoculars among the first ones'.

    Each model makes one forward pass of each window. What a text gets does not hang on the texts beside it but for
    rounding: texts are padded at their ends, which no earlier position sees, and padding is not scored.

    Returns:
        A list by model (scorer, then observer), each with an entry by passage.

    Raises:
        DetectionError: scorer and observer cut a text into other tokens, or have other vocabularies.
    """
    scorers = (scorer, observer) if observer else (scorer,)
    _check_vocabularies(scorers)
    owners, windows = _list_windows(passages, scorers, given=given)
    sums = [[_Sums() for _ in passages] for _ in scorers]
    total = sum(window.n_read for window in windows)
    done, meter = 0, PositionMeter()
    for batch in read_windows(windows, [one.checkpoint for one in scorers], measure=meter.measure):
        for number, rows in batch.items():
            for texts, part in zip(sums, meter.finish(rows), strict=True):
                texts[owners[number]].add(_sum_columns(part), tokens=windows[number].n_predicted)
        done += sum(windows[number].n_read for number in batch)
        if on_progress:
            on_progress(done, total)
    return [
        [_finish(text, has_observer=number == 0 and observer is not None) for text in texts]
        for number, texts in enumerate(sums)
    ]


def _check_vocabularies(scorers: Sequence[Scorer]) -> None:
    sizes = [count_vocabulary(scorer.checkpoint) for scorer in scorers]
    if len(set(sizes)) > 1:
        names = " and ".join(scorer.name for scorer in scorers)
        raise DetectionError(f"{names} have vocabularies of {' and '.join(f'{size:,}' for size in sizes)}")


def _list_windows(
    passages: Sequence[Passage], scorers: Sequence[Scorer], *, given: Given
) -> tuple[list[int], list[Window]]:
    """All windows of all texts, and of which text each is."""
    context = min(scorer.checkpoint.decoder.context for scorer in scorers)
    owners: list[int] = []
    windows: list[Window] = []
    for number, passage in enumerate(passages):
        tokens, before = scorers[0].encode(passage, given=given)
        for other in scorers[1:]:
            if other.encode(passage, given=given) != (tokens, before):
                raise DetectionError(
                    f"{scorers[0].name} and {other.name} cut texts into different tokens, so that their predictions "
                    "cannot be compared; for Binoculars take two models with one tokenizer, as two sizes of a ladder"
                )
        if len(tokens) - max(before, 1) >= LEAST_TOKENS:
            windows += cut_windows(tokens, before=before, context=context)
            owners += [number] * (len(windows) - len(owners))
    return owners, windows


def cut_windows(tokens: Sequence[int], *, before: int, context: int) -> Iterator[Window]:
    """Windows that read at most `context` tokens and predict each from the `before`-th on once, the first never."""
    n_read = len(tokens) - 1
    unscored = max(before, 1) - 1  # the prediction of token i is made where token i - 1 is read
    end = 0
    while end < n_read:
        begin = 0 if end == 0 else min(end - context // 2, n_read - context)
        new, end = end, min(begin + context, n_read)
        first = max(new, unscored) - begin
        if first < end - begin:
            yield Window(tuple(tokens[begin : end + 1]), begin=first + 1)


def _sum_columns(statistics: Tensor) -> dict[str, float]:
    """Sums over the tokens of a window, (n, 4) or, with the cross-entropy, (n, 5)."""
    ranks = statistics[:, 1]
    sums = {
        "log_probability": statistics[:, 0].sum(),
        "log_rank": ranks.log().sum(),
        "entropy": statistics[:, 2].sum(),
        "variance": statistics[:, 3].sum(),
        **{f"top_{most}": (ranks <= most).sum() for most in (10, 100, 1000)},
    }
    if statistics.shape[1] > len(COLUMNS):
        sums[CROSS] = statistics[:, len(COLUMNS)].sum()
    return {name: float(amount) for name, amount in sums.items()}


def _finish(text: _Sums, *, has_observer: bool) -> Scored:
    """The scores that the sums of a text come to."""
    names = MACHINE_WHEN if has_observer else SCORES
    if text.tokens < LEAST_TOKENS:
        return Scored(text.tokens, text.windows, dict.fromkeys(names))
    n, s = text.tokens, text.columns
    scores: dict[str, float | None] = {
        "log_likelihood": s["log_probability"] / n,
        "log_rank": s["log_rank"] / n,
        "entropy": s["entropy"] / n,
        **{f"gltr_top_{most}": s[f"top_{most}"] / n for most in (10, 100, 1000)},
        "lrr": -s["log_probability"] / s["log_rank"] if s["log_rank"] else None,
        "fast_detect_gpt": (s["log_probability"] + s["entropy"]) / s["variance"] ** 0.5 if s["variance"] else None,
    }
    if has_observer:
        scores[BINOCULARS] = -s["log_probability"] / s[CROSS] if s[CROSS] else None
    return Scored(n, text.windows, scores)
