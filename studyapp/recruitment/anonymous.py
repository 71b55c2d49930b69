"""An open link. Without an id from a platform, a browser takes part once (its signed cookie says so)."""

from studyapp.recruitment.adapter import Adapter, Terms, with_outcomes
from studyapp.recruitment.outcomes import read_outcomes, read_settings


def make(terms: Terms) -> Adapter:
    """The adapter of an open study.

    Raises:
        ValueError: as "key: what is wrong".
    """
    read_settings(terms.settings, known={}, title="an open link")
    return with_outcomes(Adapter(name="anonymous", title=""), terms, read_outcomes(terms, own_hosts=()))
