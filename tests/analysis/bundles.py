"""Bundles for the tests of the analysis, written as CSV text as any laboratory could write them."""

import csv
import random
from dataclasses import dataclass
from pathlib import Path

ARM_HEADER = ("arm", "label", "n_params", "is_control", "generator", "sampling")
PARTICIPANT_HEADER = (
    "participant", "arm", "form", "status", "excluded", "exclusion_reasons", "simulated", "enrolled_at",
    "completed_at", "looked_up",
)  # fmt: skip
TRIAL_HEADER = (
    "participant", "arm", "form", "item", "stimulus", "source", "position", "judgment", "seen_before", "shown_at",
    "answered_at", "seconds", "active_seconds", "focus_losses", "comment",
)  # fmt: skip


@dataclass
class Rows:
    """The rows of the three files that a report needs, each a dict by column."""

    arms: list[dict]
    participants: list[dict]
    trials: list[dict]
    added_to_trials: tuple[str, ...] = ()  # columns that the format got later
    added_to_arms: tuple[str, ...] = ()

    def write(self, folder: Path) -> Path:
        """Write the bundle into `folder`; unnamed columns are empty."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, header, rows in (
            ("arms.csv", (*ARM_HEADER, *self.added_to_arms), self.arms),
            ("participants.csv", PARTICIPANT_HEADER, self.participants),
            ("trials.csv", (*TRIAL_HEADER, *self.added_to_trials), self.trials),
        ):
            with (folder / name).open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, header, restval="")
                writer.writeheader()
                writer.writerows(rows)
        return folder


def make_rows(people_by_arm, *, sizes=None, control="control"):
    """Rows of completed participants from their answers.

    `people_by_arm`: {arm: [[(source, judgment), ...] a participant]}; a judgment of "" is unanswered.
    """
    sizes = sizes or {arm: 10 ** (6 + number) for number, arm in enumerate(people_by_arm)}
    rows = Rows([], [], [])
    for arm, people in people_by_arm.items():
        rows.arms.append({"arm": arm, "label": arm.title(), "n_params": sizes[arm], "is_control": int(arm == control)})
        for number, answers in enumerate(people):
            name = f"{arm}-{number:04}"
            shared = {"participant": name, "arm": arm, "form": "AB"[number % 2]}
            rows.participants.append({**shared, "status": "completed", "excluded": 0})
            rows.trials += [
                {**shared, "item": f"item-{place:02}", "source": source, "position": place, "judgment": judgment,
                 "seconds": 30 + place}
                for place, (source, judgment) in enumerate(answers, start=1)
            ]  # fmt: skip
    return rows


def make_pairs(rows):
    """The same answers as choices between two texts: right stays right, and each source stands first by turns."""
    trials = [
        {
            **trial,
            "source": "model",
            "judgment": 6 - int(trial["judgment"]) if trial["source"] == "human" else trial["judgment"],
            "stimulus": f"{trial['item']}-model",
            "beside": f"{trial['item']}-human",
            "first": ("model", "human")[number % 2],
        }
        for number, trial in enumerate(rows.trials)
    ]
    return Rows(rows.arms, rows.participants, trials, added_to_trials=("beside", "first"))


def answer_with(correct, wrong, neutral=0):
    """One participant's answers: so many right, wrong and "I don't know", human and model texts by turns."""
    answers = []
    for number in range(correct + wrong + neutral):
        source = ("human", "model")[number % 2]
        if number >= correct + wrong:
            judgment = 3
        else:
            says_machine = (source == "model") == (number < correct)
            judgment = (1 + number % 2, 4 + number % 2)[says_machine]
        answers.append((source, judgment))
    return answers


def draw_people(n, *, accuracy, dont_know=0.05, items=25, seed=0):
    """Participants who are right with probability `accuracy` when they do not say that they don't know."""
    rng = random.Random(seed)
    people = []
    for _ in range(n):
        answers = []
        for number in range(items):
            source = ("human", "model")[number % 2]
            if rng.random() < dont_know:
                answers.append((source, 3))
                continue
            says_machine = (source == "model") == (rng.random() < accuracy)
            answers.append((source, rng.choice((4, 5) if says_machine else (1, 2))))
        people.append(answers)
    return people
