"""An open link. Without an id from a platform, a browser takes part once (its signed cookie says so)."""

from collections.abc import Mapping

from studyapp.recruitment.entry import Arrival, Platform


def read_arrival(parameters: Mapping[str, str]) -> Arrival:
    return Arrival()


def completion_url(completion_code: str) -> str:
    return ""


PLATFORM = Platform("anonymous", (), read_arrival, completion_url)
