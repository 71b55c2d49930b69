"""Using a signed link: the first browser that comes in by it is let in, another one is not."""

from datetime import datetime, timedelta

from studyapp.domain.sentences import Sentence
from studyapp.models import SignedEntry, Study
from studyapp.recruitment import Seal

KEPT = timedelta(days=1)  # a token is good for minutes, so an older row can meet none


class ReplayedLinkError(ValueError):
    """The link was used before, by another browser; the message is shown to the visitor."""


def use_link(study: Study, seal: Seal, *, now: datetime) -> None:
    """Write down that a verified link is used, inside the caller's transaction; the same browser may do so again.

    Locks nothing: the constraint lets one of two browsers write the row, and the other reads it.

    Raises:
        ReplayedLinkError: another browser has used it.
    """
    SignedEntry.objects.filter(study=study, first_seen_at__lt=now - KEPT).delete()
    entry, _ = SignedEntry.objects.get_or_create(
        study=study, token_sha256=seal.token_sha256, defaults={"browser": seal.browser, "first_seen_at": now}
    )
    if entry.browser != seal.browser:
        raise ReplayedLinkError(
            Sentence(
                "This link was used before, in another browser. Please open the study from its page on Prolific again."
            )
        )
