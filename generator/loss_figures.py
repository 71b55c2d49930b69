"""Pictures of losses: a run's curve, and a ladder's losses against parameters and compute."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from generator.model_card import ModelCard
from generator.training_state import CurvePoint

_TRAIN_COLOUR, _HELD_OUT_COLOUR = "#9db7d5", "#1f4e79"
_LOSS = "held-out loss (nats a token)"


def draw_curve(curve: Sequence[CurvePoint], *, title: str, out: Path) -> None:
    """loss.png: training and held-out loss against tokens."""
    figure, axes = _begin(width=6, panels=1)
    axes[0].plot([p.tokens for p in curve], [p.train_loss for p in curve], color=_TRAIN_COLOUR, lw=1, label="training")
    held_out = [(p.tokens, p.held_out_loss) for p in curve if p.held_out_loss is not None]
    axes[0].plot(*zip(*held_out, strict=True), "o-", color=_HELD_OUT_COLOUR, ms=3, label="held out")
    axes[0].set(title=title, xlabel="tokens", ylabel="loss (nats a token)")
    axes[0].legend(frameon=False)
    figure.savefig(out / "loss.png", dpi=150)


def draw_ladder(cards: Mapping[str, ModelCard], *, out: Path) -> None:
    """ladder.svg and ladder.png: held-out loss against parameters and against training FLOPs, logarithmic axes."""
    has_flops = all(card.train_flops for card in cards.values())
    figure, axes = _begin(width=10 if has_flops else 6, panels=2 if has_flops else 1)
    _draw_losses(axes[0], {name: (card.n_params, card.held_out_loss) for name, card in cards.items()})
    axes[0].set(xlabel="parameters", ylabel=_LOSS)
    if has_flops:
        _draw_losses(axes[1], {name: (card.train_flops, card.held_out_loss) for name, card in cards.items()})
        axes[1].set(xlabel="training compute (FLOPs)", ylabel=_LOSS)
    for suffix in ("svg", "png"):
        figure.savefig(out / f"ladder.{suffix}", dpi=150)


def _draw_losses(axes: Any, points: Mapping[str, tuple[float, float]]) -> None:
    ordered = sorted((x, loss, name) for name, (x, loss) in points.items())
    axes.plot([x for x, _, _ in ordered], [loss for _, loss, _ in ordered], "o-", color=_HELD_OUT_COLOUR)
    for x, loss, name in ordered:
        axes.annotate(name, (x, loss), xytext=(6, 6), textcoords="offset points", fontsize=9)
    axes.set(xscale="log")
    axes.margins(x=0.15)


def _begin(*, width: float, panels: int) -> tuple[Any, list[Any]]:
    """A figure of its own, outside pyplot, so that nothing is left open in a worker."""
    from matplotlib.figure import Figure  # only here: it takes a second to import

    figure = Figure(figsize=(width, 4), layout="constrained")
    axes = list(figure.subplots(1, panels, squeeze=False)[0])
    for one in axes:
        one.grid(alpha=0.3)
    return figure, axes
