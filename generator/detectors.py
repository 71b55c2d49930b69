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

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from generator.checkpoint_files import Checkpoint
from generator.decoding import GPTDecoder
from generator.model import GPT
from generator.prompts import build_prompt
from generator.token_statistics import measure_positions

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
BATCH_TOKENS = {"cpu": 4096, "cuda": 32_768}
FULL_ENOUGH = {"cpu": 512, "cuda": 8192}  # tokens from which on a batch rather ends than is padded much
MOST_PADDED = 1.04  # tokens with padding over those without
LOGIT_BYTES = 2**29  # of a batch, where a model gives the logits of all positions at once
LOGITS_AT_ONCE = {"cpu": 6 * 2**20, "cuda": 2**28}  # on a CPU so few that the allocator keeps their memory

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

    @property
    def context(self) -> int:
        return self.checkpoint.decoder.context

    def encode(self, passage: Passage, *, given: Given) -> tuple[list[int], int]:
        """All tokens, and how many of them stand before the first that is scored."""
        first = [] if self.checkpoint.first_token is None else [self.checkpoint.first_token]
        text, encode = passage.cut(), self.checkpoint.codec.encode
        if given == "nothing":
            return [*first, *encode(text)], len(first)
        frame = [*first, *encode(build_prompt(context=(), title=passage.title, subtitle=passage.subtitle))]
        return [*frame, *encode(f" {text.lstrip()}")], len(frame)

    def read(self, tokens: Tensor) -> Callable[[Tensor], Tensor]:
        """One forward pass over (B, T) tokens; what it gives makes the logits (N, V) of chosen flat positions (N,)."""
        decoder = self.checkpoint.decoder
        if not isinstance(decoder, GPTDecoder):
            logits = decoder.model(input_ids=tokens, use_cache=False).logits.flatten(0, 1)
            return lambda places: logits[places].float()
        model, dtype = decoder.model, decoder.dtype
        in_bf16 = {"device_type": tokens.device.type, "dtype": torch.bfloat16, "enabled": dtype == torch.bfloat16}
        with torch.autocast(**in_bf16):
            states = model(tokens).flatten(0, 1)

        def project(places: Tensor) -> Tensor:
            with torch.autocast(**in_bf16):
                return model.project(states[places]).float()

        return project

    @property
    def device(self) -> torch.device:
        return self.checkpoint.decoder.device

    @property
    def vocabulary(self) -> int:
        model = self.checkpoint.decoder.model
        return model.spec.vocab_size if isinstance(model, GPT) else int(model.config.get_text_config().vocab_size)

    def count_batch_tokens(self) -> int:
        most = BATCH_TOKENS[self.device.type]
        if isinstance(self.checkpoint.decoder, GPTDecoder):
            return most
        return min(most, LOGIT_BYTES // (4 * self.vocabulary))


@dataclass(frozen=True)
class Scored:
    """A text's scores by detector, None where there is none, and the tokens that they are of."""

    tokens: int
    windows: int
    scores: dict[str, float | None]


@dataclass(frozen=True)
class Window:
    """Inputs of one forward pass of a text; the predictions from `first` on are scored."""

    passage: int
    tokens: tuple[int, ...]
    targets: tuple[int, ...]
    first: int


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
    windows = list(_list_windows(passages, scorers, given=given))
    sums = [[_Sums() for _ in passages] for _ in scorers]
    total = sum(len(window.tokens) for window in windows)
    done = 0
    with torch.inference_mode():
        most, enough = min(model.count_batch_tokens() for model in scorers), FULL_ENOUGH[scorer.device.type]
        for batch in _gather_batches(windows, most=most, enough=enough):
            for number, columns in enumerate(_read_batch(batch, scorers)):
                for window, measured in zip(batch, columns, strict=True):
                    sums[number][window.passage].add(measured, tokens=len(window.tokens) - window.first)
            done += sum(len(window.tokens) for window in batch)
            if on_progress:
                on_progress(done, total)
    return [
        [_finish(text, has_observer=number == 0 and observer is not None) for text in texts]
        for number, texts in enumerate(sums)
    ]


def _list_windows(passages: Sequence[Passage], scorers: Sequence[Scorer], *, given: Given) -> Iterator[Window]:
    context = min(scorer.context for scorer in scorers)
    for number, passage in enumerate(passages):
        tokens, before = scorers[0].encode(passage, given=given)
        for other in scorers[1:]:
            if other.encode(passage, given=given) != (tokens, before):
                raise DetectionError(
                    f"{scorers[0].name} and {other.name} cut texts into different tokens, so that their predictions "
                    "cannot be compared; for Binoculars take two models with one tokenizer, as two sizes of a ladder"
                )
        if len(tokens) - max(before, 1) >= LEAST_TOKENS:
            yield from cut_windows(tokens, before=before, context=context, passage=number)


def cut_windows(tokens: Sequence[int], *, before: int, context: int, passage: int) -> Iterator[Window]:
    """Windows of at most `context` inputs that score each token from the `before`-th on once (the first one never)."""
    n_inputs = len(tokens) - 1
    unscored = max(before, 1) - 1  # the prediction of token i is made at input i - 1
    end = 0
    while end < n_inputs:
        begin = 0 if end == 0 else min(end - context // 2, n_inputs - context)
        new, end = end, min(begin + context, n_inputs)
        first = max(new, unscored) - begin
        if first < end - begin:
            yield Window(passage, tuple(tokens[begin:end]), tuple(tokens[begin + 1 : end + 1]), first)


def _gather_batches(windows: Sequence[Window], *, most: int, enough: int) -> Iterator[list[Window]]:
    """The longest first, and like lengths together: a batch ends where it is full, or full enough to be worth no more
    padding.
    """
    batch: list[Window] = []
    filled = 0
    for window in sorted(windows, key=lambda window: -len(window.tokens)):
        if batch:
            padded = (len(batch) + 1) * len(batch[0].tokens)
            if padded > most or (filled >= enough and padded > MOST_PADDED * (filled + len(window.tokens))):
                yield batch
                batch, filled = [], 0
        batch.append(window)
        filled += len(window.tokens)
    if batch:
        yield batch


def _read_batch(batch: Sequence[Window], scorers: Sequence[Scorer]) -> list[list[dict[str, float]]]:
    """The sums of every window by model."""
    device = scorers[0].device
    at_once = max(1, LOGITS_AT_ONCE[device.type] // max(scorer.vocabulary for scorer in scorers))
    tokens = pad_sequence([torch.tensor(window.tokens) for window in batch], batch_first=True)
    length = tokens.shape[1]
    places = torch.cat([
        torch.arange(row * length + window.first, row * length + len(window.tokens)) for row, window in enumerate(batch)
    ]).to(device)  # fmt: skip
    targets = torch.cat([torch.tensor(window.targets[window.first :]) for window in batch]).to(device)
    projects = [scorer.read(tokens.to(device)) for scorer in scorers]
    measured: list[list[Tensor]] = [[] for _ in scorers]
    for chosen, wanted in zip(places.split(at_once), targets.split(at_once), strict=True):
        logits = [project(chosen) for project in projects]
        if len({part.shape[1] for part in logits}) > 1:
            sizes = " and ".join(f"{part.shape[1]:,}" for part in logits)
            raise DetectionError(f"{' and '.join(scorer.name for scorer in scorers)} have vocabularies of {sizes}")
        for number, part in enumerate(logits):
            beside = logits[1] if number == 0 and len(logits) > 1 else None
            measured[number].append(measure_positions(part, wanted, observer=beside))
    counts = [len(window.tokens) - window.first for window in batch]
    return [[_sum_columns(part) for part in torch.cat(parts).cpu().split(counts)] for parts in measured]


def _sum_columns(statistics: Tensor) -> dict[str, float]:
    """Sums over the tokens of a window, (n, 4) or (n, 5)."""
    ranks = statistics[:, 1]
    sums = {
        "log_probability": statistics[:, 0].sum(),
        "log_rank": ranks.log().sum(),
        "entropy": statistics[:, 2].sum(),
        "variance": statistics[:, 3].sum(),
        **{f"top_{most}": (ranks <= most).sum() for most in (10, 100, 1000)},
    }
    if statistics.shape[1] > 4:
        sums["cross_entropy"] = statistics[:, 4].sum()
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
        scores[BINOCULARS] = -s["log_probability"] / s["cross_entropy"] if s["cross_entropy"] else None
    return Scored(n, text.windows, scores)
