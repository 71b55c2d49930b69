"""Tokens a second of the detectors against plain forward passes of the same models, in turns and in one process.

python -m benchmarks.detector_speed --size 10m [--size 30m …] [--vocab 50257] [--texts 24] [--words 200] [--rounds 5]
    [--device cpu|cuda]

Models of random weights: their speed is that of trained ones. The detectors' second holds everything from token numbers
to scores: windows, padding, passes, logits of the scored positions, every statistic of them. The plain passes read as
many tokens without padding, texts of like length in batches of the same size, with the logits of every position and
nothing done with them.
With Binoculars both models read the same texts, and stand against plain passes of both. On a CPU seconds are those of
the processor, in which other work of the machine counts for neither.
"""

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import torch

from generator.checkpoint_files import Checkpoint
from generator.decoding import GPTDecoder
from generator.detectors import Passage, Scorer, score_passages
from generator.devices import limit_threads, pick_device
from generator.model import GPT
from generator.reading import BATCH_TOKENS
from generator.specs import find_spec

TOKENS_PER_WORD = 1.3


class NumberCodec:
    """A text is token numbers with spaces between, so that no tokenizer is measured."""

    end_of_text = 0

    def encode(self, text: str) -> list[int]:
        return [int(word) for word in text.split()]

    def decode(self, tokens: list[int]) -> str:
        return " ".join(map(str, tokens))


def make_scorer(size: str, *, vocab: int, device: torch.device) -> Scorer:
    spec = replace(find_spec(size), vocab_size=vocab)
    model = GPT(spec)
    model.initialise(seed=1)
    return Scorer(size, Checkpoint(GPTDecoder(model.to(device)), NumberCodec(), card=None, first_token=0))


def make_passages(count: int, *, words: int, vocab: int) -> list[Passage]:
    """Texts of the lengths that news has: a fifth of spread around the mean."""
    rng = random.Random(1)
    lengths = [max(2, round(rng.gauss(words, words / 5) * TOKENS_PER_WORD)) for _ in range(count)]
    return [Passage(" ".join(str(rng.randrange(vocab)) for _ in range(length))) for length in lengths]


def read_plainly(scorer: Scorer, lengths: list[int]) -> float:
    """Seconds for as many tokens in batches of like lengths, each row of its batch's mean, logits of all included."""
    decoder = scorer.checkpoint.decoder
    left = sorted(lengths, reverse=True)
    read_clock = _choose_clock(decoder.device)
    began = read_clock()
    with torch.inference_mode():
        while left:
            rows = max(1, BATCH_TOKENS[decoder.device.type] // left[0])
            length = round(statistics.mean(left[:rows]))
            tokens = torch.randint(200, (len(left[:rows]), length), device=decoder.device)
            left = left[rows:]
            with torch.autocast(decoder.device.type, torch.bfloat16, enabled=decoder.dtype == torch.bfloat16):
                decoder.model.project(decoder.model(tokens))
        _wait(decoder.device)
    return read_clock() - began


def score(scorer: Scorer, passages: list[Passage], *, observer: Scorer | None = None) -> float:
    """Seconds of the detectors."""
    read_clock = _choose_clock(scorer.checkpoint.decoder.device)
    began = read_clock()
    score_passages(passages, scorer=scorer, observer=observer)
    _wait(scorer.checkpoint.decoder.device)
    return read_clock() - began


def _choose_clock(device: torch.device) -> Callable[[], float]:
    return time.process_time if device.type == "cpu" else time.perf_counter


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def measure(scorers: list[Scorer], passages: list[Passage], *, rounds: int) -> str:
    """A line: both speeds, and the median, least and most of the rounds' ratios."""
    scorer, observer = scorers[0], scorers[1] if len(scorers) > 1 else None
    lengths = [len(passage.text.split()) for passage in passages]
    score(scorer, passages, observer=observer)  # warms up
    for one in scorers:
        read_plainly(one, lengths)
    own, plain = [], []
    for _ in range(rounds):
        own.append(score(scorer, passages, observer=observer))
        plain.append(sum(read_plainly(one, lengths) for one in scorers))
    ratios = [other / mine for mine, other in zip(own, plain, strict=True)]
    n = sum(lengths)
    return (
        f"{' + '.join(one.name for one in scorers)}: detectors {n / statistics.median(own):,.0f} tokens/s, plain "
        f"passes {n / statistics.median(plain):,.0f}; the detectors reach {statistics.median(ratios):.2f} of it "
        f"({min(ratios):.2f}-{max(ratios):.2f})"
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detector_speed", description="The detectors' speed.")
    parser.add_argument("--size", action="append", required=True)
    parser.add_argument("--vocab", type=int, default=50_257)
    parser.add_argument("--texts", type=int, default=24)
    parser.add_argument("--words", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device")
    options = parser.parse_args(arguments)
    limit_threads()
    device = pick_device(options.device)
    scorers = [make_scorer(size, vocab=options.vocab, device=device) for size in options.size]
    passages = make_passages(options.texts, words=options.words, vocab=options.vocab)
    for each in scorers:
        print(measure([each], passages, rounds=options.rounds), flush=True)
    if len(scorers) > 1:
        print(measure(scorers[:2], passages, rounds=options.rounds), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
