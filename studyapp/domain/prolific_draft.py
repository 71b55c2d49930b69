"""A draft study for Prolific from a study of ours, and whether a study that is there fits ours."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from studyapp.domain.prolific_records import StudyRecord

PLACEHOLDERS = "PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}"
MOST_PLACES = 100_000
# What Prolific does of itself when somebody comes back with a code of this type. Nobody is ever rejected by a code, and
# nobody is paid for a whole study without a look at whether we have it.
CODE_ACTIONS: dict[str, dict[str, str]] = {
    "COMPLETED": {"action": "MANUALLY_REVIEW"},
    "FAILED_ATTENTION_CHECK": {"action": "MANUALLY_REVIEW"},
    "NO_CONSENT": {"action": "REQUEST_RETURN", "return_reason": "You did not agree to take part."},
    "SCREENED_OUT": {"action": "REQUEST_RETURN", "return_reason": "The study looks for other participants."},
    "QUOTA_FULL": {"action": "REQUEST_RETURN", "return_reason": "All places of the study were taken meanwhile."},
    "INCOMPATIBLE_DEVICE": {"action": "REQUEST_RETURN", "return_reason": "The study does not work on your device."},
}


@dataclass(frozen=True)
class DraftWish:
    """What a researcher decides of a draft; `reward` is in the currency's hundredths."""

    name: str
    description: str
    places: int
    minutes: int
    reward: int
    project: str = ""

    def __post_init__(self) -> None:
        if not self.name.strip() or not self.description.strip():
            raise ValueError("name and description: participants must be told what the study is")
        if not 1 <= self.places <= MOST_PLACES:
            raise ValueError(f"places: must be from 1 to {MOST_PLACES}")
        if not 1 <= self.minutes <= 24 * 60:
            raise ValueError("minutes: must be from 1 to 1440")
        if self.reward < 1:
            raise ValueError("reward: must be above nothing")


def compute_maximum_minutes(minutes: int) -> int:
    """The shortest maximum time that Prolific takes for an estimate of t minutes: 2 + 2t + 2·√t, rounded up."""
    return math.ceil(2 + 2 * minutes + 2 * math.sqrt(minutes))


def name_internally(slug: str) -> str:
    """The name that participants do not see, by which a draft of ours is found again."""
    return f"byline-{slug}"


def describe_draft(wish: DraftWish, *, slug: str, entry_url: str, codes: Mapping[str, str]) -> dict[str, Any]:
    """The body of `POST /studies/`. `codes` are our codes by Prolific's code type.

    Raises:
        ValueError: there is no code for those who complete, or one code serves two outcomes.
    """
    given = {code_type: code for code_type, code in codes.items() if code}
    if "COMPLETED" not in given:
        raise ValueError("the study has no completion code; give it one, as C1ABCDEF")
    if len(set(given.values())) < len(given):
        raise ValueError("each outcome needs a code of its own; Prolific could not tell them apart")
    return {
        "name": wish.name,
        "internal_name": name_internally(slug),
        "description": wish.description,
        "external_study_url": f"{entry_url}?{PLACEHOLDERS}",
        "prolific_id_option": "url_parameters",
        "completion_option": "url",
        "completion_codes": [
            {
                "code": code,
                "code_type": code_type,
                "actions": [CODE_ACTIONS.get(code_type, {"action": "MANUALLY_REVIEW"})],
                "actor": "participant",
            }
            for code_type, code in given.items()
        ],
        "total_available_places": wish.places,
        "estimated_completion_time": wish.minutes,
        "maximum_allowed_time": compute_maximum_minutes(wish.minutes),
        "reward": wish.reward,
        "device_compatibility": ["desktop", "tablet", "mobile"],
        "peripheral_requirements": [],
        "submissions_config": {"max_submissions_per_participant": 1, "max_concurrent_submissions": -1},
        **({"project": wish.project} if wish.project else {}),
    }


def find_misfits(remote: StudyRecord, *, entry_url: str, codes: Mapping[str, str]) -> list[str]:
    """What of a study on Prolific would send its participants wrong, in the order in which one would mend it."""
    misfits = []
    if not remote.external_study_url.startswith(entry_url):
        misfits.append(f"Its link leads to {remote.external_study_url or 'nowhere'}, not to {entry_url}.")
    else:
        for name in ("PROLIFIC_PID", "SESSION_ID"):
            if f"{name}={{{{%{name}%}}}}" not in remote.external_study_url:
                misfits.append(f"Its link does not carry {name}={{{{%{name}%}}}}: submissions could not be matched.")
    for code_type, code in codes.items():
        if code and code not in remote.codes.values():
            misfits.append(f"It does not know our code for {code_type}, so it comes back as a wrong code.")
    return misfits
