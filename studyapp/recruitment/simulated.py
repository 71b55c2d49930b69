"""Simulated participants: they come with a pass that only the server can sign, and are marked for ever."""

from collections.abc import Mapping

from studyapp.recruitment.entry import Arrival, EntryError, Platform


def read_arrival(parameters: Mapping[str, str]) -> Arrival:
    """The number of the simulated participant; the site has checked the pass's signature before.

    Raises:
        EntryError: the pass names nobody.
    """
    external_id = parameters.get("simulated", "")
    if not external_id:
        raise EntryError("This pass names no simulated participant.")
    return Arrival(external_id=external_id)


def completion_url(completion_code: str) -> str:
    return ""


PLATFORM = Platform("simulated", ("simulated",), read_arrival, completion_url)
