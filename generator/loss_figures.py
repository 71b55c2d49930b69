"""Pictures of losses: a run's curve, a ladder's losses against parameters and compute, and losses given K articles."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from generator.curve_tables import CurveTables, ShotsRow, group_by_model
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


def draw_shots(tables: CurveTables, *, out: Path, a_word: bool) -> None:
    """curves.svg and curves.png: loss given K articles a model, what the articles save by size, loss by position.

    Losses are a word where the models' tokens are not the same, `a_word`. Whiskers and bands are 95 % intervals.
    """
    figure, axes = _begin(width=14, panels=3)
    models = sorted(group_by_model(tables.shots).items(), key=lambda item: item[1][0].n_params)
    ticks = sorted({row.shots for row in tables.shots})
    for place, (name, rows) in enumerate(models):
        colour = _pick_colour(place, len(models))
        points = [_read_point(row, a_word=a_word) for row in rows]
        x = [ticks.index(row.shots) + _shift(place, len(models)) for row in rows]
        _draw_interval(axes[0], x, points, label=f"{name} ({rows[0].n_params:,})", colour=colour)
        ranges = group_by_model(tables.positions)[name]
        middles = [(row.first * row.last) ** 0.5 for row in ranges]
        axes[2].plot(middles, [row.loss for row in ranges], color=colour, lw=1.2)
        axes[2].fill_between(middles, [r.ci_low for r in ranges], [r.ci_high for r in ranges], color=colour, alpha=0.2)
    axes[0].set_xticks(range(len(ticks)), [str(tick) for tick in ticks])
    axes[0].set(xlabel="articles before", ylabel=f"loss (nats a {'word' if a_word else 'token'})")
    axes[0].legend(frameon=False, fontsize=8)
    _draw_gaps(axes[1], tables)
    axes[2].set(xscale="log", xlabel="tokens before, in a full context", ylabel="loss (nats a token)")
    for suffix in ("svg", "png"):
        figure.savefig(out / f"curves.{suffix}", dpi=150)


def _draw_gaps(axes: Any, tables: CurveTables) -> None:
    kinds = sorted({(row.from_shots, row.to_shots) for row in tables.gaps})
    for place, kind in enumerate(kinds):
        rows = sorted(
            (row for row in tables.gaps if (row.from_shots, row.to_shots) == kind), key=lambda row: row.n_params
        )
        points = [(row.gap, row.ci_low, row.ci_high) for row in rows]
        x = [row.n_params * 10 ** (0.3 * _shift(place, len(kinds))) for row in rows]
        label = f"{kind[0]} to {kind[1]} before"
        _draw_interval(axes, x, points, label=label, colour=_pick_colour(place, len(kinds)))
    axes.axhline(0, color="0.6", lw=1)
    axes.set(xscale="log", xlabel="parameters", ylabel="what the articles before save (nats a token)")
    axes.legend(frameon=False, fontsize=8)


def _shift(place: int, count: int) -> float:
    """How far beside its tick a point stands, so that the intervals of several can be told apart."""
    return 0.0 if count < 2 else 0.2 * (place / (count - 1) - 0.5)


def _read_point(row: ShotsRow, *, a_word: bool) -> tuple[float, float, float]:
    """The loss and its interval."""
    return (row.loss_a_word, row.word_ci_low, row.word_ci_high) if a_word else (row.loss, row.ci_low, row.ci_high)


def _draw_interval(
    axes: Any, x: Sequence[float], points: Sequence[tuple[float, float, float]], *, label: str, colour: Any
) -> None:
    values = [value for value, _, _ in points]
    below = [max(0.0, value - low) for value, low, _ in points]
    above = [max(0.0, high - value) for value, _, high in points]
    axes.errorbar(x, values, yerr=(below, above), fmt="o-", ms=4, capsize=2, lw=1.2, color=colour, label=label)


def _pick_colour(place: int, count: int) -> Any:
    from matplotlib import colormaps

    return colormaps["viridis"](0.85 * place / max(1, count - 1))


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
