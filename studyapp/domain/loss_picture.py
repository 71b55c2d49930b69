"""The curves of a ladder's losses as lines in a picture: loss against tokens seen, on a logarithmic axis."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

WIDTH, HEIGHT = 760, 340
LEFT, RIGHT, TOP, BOTTOM = 64, 150, 14, 50  # margins; the names stand in the right one
LABEL_GAP = 17


@dataclass(frozen=True)
class Curve:
    """One model's losses, points of (tokens, nats a token), in the order of tokens."""

    name: str
    train: Sequence[tuple[int, float]]
    held_out: Sequence[tuple[int, float]]


@dataclass(frozen=True)
class Line:
    """A curve in the picture's units; `shade` goes from 0 to 1 over the ladder; `label_y` is where its name stands."""

    name: str
    shade: float
    train: str
    held_out: str
    dots: tuple[tuple[float, float], ...]
    end: tuple[float, float]
    label_y: float


@dataclass(frozen=True)
class Tick:
    place: float
    text: str


@dataclass(frozen=True)
class LossPicture:
    lines: tuple[Line, ...]
    token_ticks: tuple[Tick, ...]
    loss_ticks: tuple[Tick, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


def draw_losses(curves: Sequence[Curve]) -> LossPicture | None:
    """The picture, or None while there are not two points to draw."""
    last = max(1, len(curves) - 1)
    drawn = [(place / last, curve) for place, curve in enumerate(curves) if curve.train or curve.held_out]
    points = [point for _, curve in drawn for point in (*curve.train, *curve.held_out)]
    if len({tokens for tokens, _ in points}) < 2:
        return None
    tokens, losses = [tokens for tokens, _ in points], [loss for _, loss in points]
    ticks = _list_loss_ticks(min(losses), max(losses))
    scale = _Scale(min(tokens), max(tokens), ticks[0], ticks[-1])
    return LossPicture(
        lines=_spread_labels([_draw_line(curve, shade, scale) for shade, curve in drawn]),
        token_ticks=tuple(Tick(scale.x(at), format_tokens(at)) for at in _list_token_ticks(min(tokens), max(tokens))),
        loss_ticks=tuple(Tick(scale.y(at), f"{at:g}") for at in ticks),
    )


def format_tokens(tokens: float) -> str:
    """`800`, `20k`, `1.5M`, `300B`, `2T`."""
    for unit, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if tokens >= unit:
            return f"{tokens / unit:.3g}{letter}"
    return f"{tokens:.3g}"


@dataclass(frozen=True)
class _Scale:
    first: float
    last: float
    lowest: float
    highest: float

    def x(self, tokens: float) -> float:
        share = math.log(tokens / self.first) / math.log(self.last / self.first)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(self, loss: float) -> float:
        share = (loss - self.lowest) / (self.highest - self.lowest)
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)


def _draw_line(curve: Curve, shade: float, scale: _Scale) -> Line:
    train = [(scale.x(tokens), scale.y(loss)) for tokens, loss in curve.train]
    held_out = [(scale.x(tokens), scale.y(loss)) for tokens, loss in curve.held_out]
    end = (held_out or train)[-1]
    return Line(
        name=curve.name,
        shade=round(shade, 3),
        train=_join(train),
        held_out=_join(held_out),
        dots=tuple(held_out),
        end=end,
        label_y=end[1],
    )


def _join(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)


def _spread_labels(lines: list[Line]) -> tuple[Line, ...]:
    """Names apart from each other, each as near to its line's end as the others let it."""
    ordered = sorted(lines, key=lambda line: line.end[1])
    places: list[float] = []
    for line in ordered:
        places.append(max(line.end[1], places[-1] + LABEL_GAP) if places else line.end[1])
    floor = float(HEIGHT - BOTTOM)
    for index in reversed(range(len(places))):  # what has come to stand below the edge is pushed up again
        places[index] = min(places[index], floor)
        floor = places[index] - LABEL_GAP
    moved = {line.name: replace(line, label_y=round(y, 1)) for line, y in zip(ordered, places, strict=True)}
    return tuple(moved[line.name] for line in lines)


def _list_loss_ticks(lowest: float, highest: float) -> list[float]:
    """Round losses, four to eight of them, from below the lowest to above the highest."""
    span = max(highest - lowest, 0.1)
    step = next(base * 10.0**power for power in range(-3, 4) for base in (1, 2, 5) if span / (base * 10.0**power) <= 6)
    first, last = math.floor(lowest / step), math.ceil(highest / step)
    return [round(step * number, 6) for number in range(first, max(last, first + 1) + 1)]


def _list_token_ticks(first: int, last: int) -> list[float]:
    """Powers of ten within the axis, or rounder numbers between where it spans less than two of them."""
    for bases in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9)):
        ticks = [
            base * 10.0**power
            for power in range(math.floor(math.log10(first)), math.ceil(math.log10(last)) + 1)
            for base in bases
            if first <= base * 10.0**power <= last
        ]
        if len(ticks) >= 3:
            return ticks[:: math.ceil(len(ticks) / 8)]
    return [float(first), float(last)]
