"""Who answers for participants' data, why and how long they are kept: what raters are told, and what `purge` does."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from studyapp.domain.sentences import Sentence

LEGAL_BASES: dict[str, Sentence] = {  # what the page says of each; the articles are those of the GDPR
    "consent": Sentence("Your consent (Article 6(1)(a) GDPR). You may take it back at any time."),
    "public_task": Sentence("Research is a task of ours in the public interest (Article 6(1)(e) GDPR)."),
    "legitimate_interest": Sentence("Our legitimate interest in research (Article 6(1)(f) GDPR)."),
}
MOST_KEEP_DAYS = 36_500


@dataclass(frozen=True)
class DataProtection:
    """[data_protection]: what the page for raters says, and the days after which `purge` deletes.

    Both numbers count from the day on which the study is closed; without one, nothing is deleted by itself.
    `keep_ids_days` is of the ids that a platform gives people, `keep_answers_days` of everything they said.
    """

    controller: str = ""
    contact: str = ""
    purpose: str = ""
    legal_basis: str = ""
    processors: tuple[str, ...] = ()
    authority: str = ""
    keep_ids_days: int | None = None
    keep_answers_days: int | None = None

    def __post_init__(self) -> None:
        if self.legal_basis and self.legal_basis not in LEGAL_BASES:
            raise ValueError(f"legal_basis: there is no {self.legal_basis!r}; choose from {', '.join(LEGAL_BASES)}")
        for key in ("keep_ids_days", "keep_answers_days"):
            days = getattr(self, key)
            if days is not None and not 0 <= days <= MOST_KEEP_DAYS:
                raise ValueError(f"{key}: must be from 0 (the day on which the study is closed) to {MOST_KEEP_DAYS}")

    def list_missing(self, *, has_ids: bool) -> list[str]:
        """What the page cannot tell, in words; `has_ids`: the platform names people."""
        names = {
            "controller": "who is responsible (controller)",
            "contact": "whom to write to about it (contact)",
            "legal_basis": "on what ground (legal_basis)",
        }
        missing = [name for key, name in names.items() if not getattr(self, key).strip()]
        if has_ids and self.keep_ids_days is None:
            missing.append("how long the platform's ids are kept (keep_ids_days)")
        return missing


def find_due(*, closed_at: datetime | None, days: int | None) -> datetime | None:
    """When what is kept so many days after a study's closing is to be deleted; None: never, or not known yet."""
    if closed_at is None or days is None:
        return None
    return closed_at + timedelta(days=days)
