"""What a study's own rows say of its plan: the assumptions that its page begins with, as the analysis reads them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from studyapp.domain.pay import parse_reward
from studyapp.domain.simulated_rater import plant_accuracy

DEFAULT_TITLES = 25
DEFAULT_SPREAD = {"participant": 0.5, "slope": 0.35, "title": 0.3, "item": 0.35, "model": 0.03}
DONT_KNOW, LOST = 0.07, 0.13  # of the published study: 7 % of answers, 97 of 713 participants
DEFAULT_RUNS = 1000
PLATFORM_FEES = {"prolific": 1 / 3}  # of the reward; ask the platform for one's own
MOST_TRIALS = 3_000_000_000  # simulated answers that one run of the page may ask for: some ten minutes


@dataclass(frozen=True)
class ArmFacts:
    """An arm, as far as a plan is concerned."""

    name: str
    n_params: int | None
    is_control: bool


def assume_plan(
    *, arms: Sequence[ArmFacts], n_items: int, per_arm: int, platform: str, reward: str, seed: int
) -> dict[str, Any]:
    """The plan that a study's page begins with: its own sizes, and half, twice and four times as much beside them."""
    ladder = [arm.n_params for arm in arms if arm.n_params and not arm.is_control]
    titles = n_items or DEFAULT_TITLES
    paid = parse_reward(reward)
    return {
        "arms": [
            {
                "name": arm.name,
                "n_params": arm.n_params,
                "is_control": arm.is_control,
                "accuracy": plant_accuracy(n_params=arm.n_params, is_control=arm.is_control, ladder=ladder),
            }
            for arm in arms
        ],
        "participants": sorted({max(4, round(per_arm * factor)) for factor in (0.25, 0.5, 1, 2)}),
        "titles": sorted({max(4, titles * factor) for factor in (1, 2, 4)}),
        "shown": max(2, titles),
        "spread": dict(DEFAULT_SPREAD),
        "dont_know": DONT_KNOW,
        "lost": LOST,
        "runs": DEFAULT_RUNS,
        "seed": seed,
        "reward": float(paid.value) if paid else 0.0,
        "currency": paid.currency if paid else "",
        "fee": round(PLATFORM_FEES.get(platform, 0.0), 3) if paid else 0.0,
    }


def count_trials(plan: dict[str, Any]) -> int:
    """Simulated answers that a plan asks for, with those under the null."""
    readers = sum(plan["participants"]) * len(plan["arms"])
    read = sum(min(plan["shown"], titles) for titles in plan["titles"])
    return int(2 * plan["runs"] * readers * read)
