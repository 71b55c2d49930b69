"""Simulated participants: they come with a pass that only the server can sign, and are marked for ever."""

from studyapp.recruitment.adapter import Adapter, Terms, Verification


def make(terms: Terms) -> Adapter:
    """The adapter of simulated participants, the same in every study: no platform is told of their ends."""
    return Adapter(
        name="simulated",
        title="simulation",
        id_param="simulated",
        verify=Verification.OWN,
        proof_param="simulated",
    )
