"""Personal links: each is signed by this site, takes part once, and needs no id of a person.

`manage.py make_links SLUG N` prints them; who gets which is the laboratory's own business.
"""

from studyapp.recruitment.adapter import Adapter, Terms, Verification, with_outcomes
from studyapp.recruitment.outcomes import read_outcomes, read_settings


def make(terms: Terms) -> Adapter:
    """The adapter of a study by invitation.

    Raises:
        ValueError: as "key: what is wrong".
    """
    read_settings(terms.settings, known={}, title="a study with personal links")
    adapter = Adapter(
        name="personal",
        title="invitation",
        id_param="link",
        verify=Verification.OWN,
        proof_param="link",
        entry_query="link=…",
        entry_note="Every participant needs a link of their own: python manage.py make_links prints them.",
    )
    return with_outcomes(adapter, terms, read_outcomes(terms, own_hosts=(), places=("id",)))
