"""Tokens a second of a curve against plain forward passes of the same model, in turns and in one process.

python -m benchmarks.curve_speed --model DIR --articles FILE [--rounds 5] [--limit 40] [--most-words N] [--shots 0,1,2]
    [--device cpu|cuda]

A curve's second holds everything from articles to losses: encoding, padding, the passes, the losses; its tokens are the
articles' and their prompts' own, without the padding. The plain passes read as many tokens in full sequences of the
model's context, in batches of the same size, once with the logits of every position (what calling the model gives),
and for models of ours once without any.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from generator.corpus import read_articles
from generator.curve_plan import CurvePlan, draw_targets
from generator.curve_tables import bin_positions
from generator.curves import leave_out, make_plan, measure_model, open_model, parse_shots
from generator.decoding import GPTDecoder
from generator.progress import SilentBoard
from generator.reading import BATCH_TOKENS
from generator.writer import Writer


def read_plainly(writer: Writer, n_tokens: int, *, with_logits: bool) -> float:
    """Tokens a second over at least so many tokens."""
    decoder = writer.checkpoint.decoder
    rows = max(1, BATCH_TOKENS[decoder.device.type] // decoder.context)
    tokens = torch.randint(200, (rows, decoder.context), device=decoder.device)
    n_batches = max(1, n_tokens // tokens.numel())
    is_ours = isinstance(decoder, GPTDecoder)
    began = time.perf_counter()
    with torch.inference_mode():
        for _ in range(n_batches):
            if is_ours:
                with torch.autocast(decoder.device.type, torch.bfloat16, enabled=decoder.dtype == torch.bfloat16):
                    states = decoder.model(tokens)
                    if with_logits:
                        decoder.model.project(states)
            else:
                decoder.model(input_ids=tokens, use_cache=False)
        if decoder.device.type == "cuda":
            torch.cuda.synchronize()
    return n_batches * tokens.numel() / (time.perf_counter() - began)


def measure_curve(writer: Writer, plan: CurvePlan) -> tuple[float, int]:
    """Tokens a second, and tokens."""
    ranges = bin_positions(writer.checkpoint.decoder.context)
    curve = measure_model(writer, plan, ranges=ranges, board=SilentBoard())
    return curve.tokens_read / curve.seconds, curve.tokens_read


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.curve_speed", description="A curve's speed.")
    parser.add_argument("--model", required=True)
    parser.add_argument("--articles", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--limit", type=int, default=40)
    parser.add_argument("--most-words", type=int)
    parser.add_argument("--shots", type=parse_shots)
    parser.add_argument("--device")
    options = parser.parse_args(arguments)
    writer = open_model(options.model, device=options.device)
    kept, left_out = leave_out(read_articles(options.articles), writers=[writer], most_words=options.most_words)
    targets = draw_targets(kept, seed=0, limit=options.limit)
    plan = make_plan([writer], targets, shots=options.shots, left_out=left_out)
    _, n_tokens = measure_curve(writer, plan)  # warms up
    plain: dict[str, Callable[[], float]] = {
        "with all logits": lambda: read_plainly(writer, n_tokens, with_logits=True),
    }
    if isinstance(writer.checkpoint.decoder, GPTDecoder):
        plain["without logits"] = lambda: read_plainly(writer, n_tokens, with_logits=False)
    speeds: dict[str, list[float]] = {"curve": [], **{name: [] for name in plain}}
    for measure in plain.values():
        measure()
    for _ in range(options.rounds):
        speeds["curve"].append(measure_curve(writer, plan)[0])
        for name, measure in plain.items():
            speeds[name].append(measure())
    print(f"{writer.name}: {len(plan.targets)} articles, K {plan.shots}, {n_tokens:,} tokens, {options.rounds} rounds")
    print(f"curve: {statistics.median(speeds['curve']):,.0f} tokens/s")
    for name in plain:
        ratios = [own / other for own, other in zip(speeds["curve"], speeds[name], strict=True)]
        print(
            f"plain passes {name}: {statistics.median(speeds[name]):,.0f} tokens/s; the curve reaches "
            f"{statistics.median(ratios):.2f} of it ({min(ratios):.2f}-{max(ratios):.2f})"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
