"""Pay an hour by hand, and what was measured on the pages by arm."""

import json

import pytest

from analysis.data_quality import measure_quality, parse_reward
from analysis.load import load_bundle
from analysis.study import Study
from tests.analysis.bundles import answer_with, make_rows


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("USD 6", (6.0, "USD")),
        ("£4.50", (4.5, "£")),
        ("6,50 €", (6.5, "€")),
        ("$12 an hour", None),
        ("a voucher", None),
    ],
)
def test_rewards_are_read(text, found):
    assert parse_reward(text) == found


def write(folder, *, reward=None):
    rows = make_rows({"control": [answer_with(3, 1)] * 4, "small": [answer_with(2, 2)] * 2})
    for minutes, person in zip((20, 30, 40, 50, 30, 30), rows.participants, strict=True):
        person |= {"enrolled_at": "2026-05-04T12:00:00.000000Z", "completed_at": f"2026-05-04T12:{minutes}:00.000000Z"}
        person["looked_up"] = int(person["participant"] == "small-0000")
    rows.participants[3]["excluded"] = 1
    for number, trial in enumerate(rows.trials):
        if trial["arm"] == "control":
            trial |= {"seconds": 40, "active_seconds": 30, "focus_losses": number % 2, "seen_before": int(number == 0)}
    folder = rows.write(folder)
    if reward:
        design = {"recruitment": {"reward": reward}}
        (folder / "manifest.json").write_text(json.dumps({"schema_version": "1", "design": design}))
    return measure_quality(Study(load_bundle(folder)))


def test_pay_an_hour_at_the_quartiles_of_all_who_completed(tmp_path):
    found = write(tmp_path, reward="USD 6")
    assert (found.completed, found.minutes) == (6, pytest.approx((30.0, 30.0, 37.5)))
    assert (found.pay.median, found.pay.slow_quarter, found.pay.fast_quarter) == pytest.approx((12.0, 9.6, 12.0))


def test_without_a_reward_there_is_a_reason(tmp_path):
    assert write(tmp_path).no_pay_because == "the bundle names no reward"
    assert "no amount" in write(tmp_path, reward="credit points").no_pay_because


def test_what_happened_on_the_pages(tmp_path):
    control, small = write(tmp_path).arms
    assert (control.minutes, control.active_share, control.left_page) == (35.0, 0.75, 0.5)
    assert control.seen_before == pytest.approx(1 / 12)
    assert (small.active_share, small.focus_losses, small.pastes) == (None, None, None)
    assert (control.looked_up, small.looked_up) == (0.0, 0.5)
