"""The calls of Prolific's API that Byline makes. There is no call that rejects a submission."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from studyapp.domain.prolific_pay import write_amount
from studyapp.domain.prolific_records import (
    StudyRecord,
    SubmissionRecord,
    read_study,
    read_submission,
)
from studyapp.prolific.transport import (
    Account,
    NotFoundError,
    OutcomeUnknownError,
    RefusedError,
    Transport,
    read_object,
)

PAGE_SIZE = 100
MOST_PAGES = 10_000  # a list that is longer is a loop
HOOK_EVENTS = ("submission.status.change", "study.status.change")
MOST_APPROVED_AT_ONCE = 500
SUBMISSION_ACTIONS = ("APPROVE", "RETURN", "SCREEN_OUT")


@dataclass(frozen=True)
class BonusBatch:
    """Bonuses that are set up and not yet paid; `charged` is what Prolific takes with its fees, in hundredths."""

    batch_id: str
    charged: int | None


T = TypeVar("T")


class ProlificClient:
    """A token's account at Prolific. Every method raises a `transport.ProlificError` that says what was done."""

    def __init__(self, account: Account, *, pause: Callable[[float], None] = time.sleep) -> None:
        self._transport = Transport(account, pause=pause)

    def __enter__(self) -> "ProlificClient":
        return self

    def __exit__(self, *_: object) -> None:
        self._transport.__exit__()

    # --- studies ---
    def get_study(self, study_id: str) -> StudyRecord:
        return _take(read_study, self._transport.read(f"studies/{study_id}/"))

    def find_studies(self, *, internal_name: str) -> list[StudyRecord]:
        """The account's studies of that internal name, the newest last, as far as its list tells."""
        return [
            _take(read_study, entry)
            for entry in self._list_all("studies/")
            if entry.get("internal_name") == internal_name
        ]

    def create_draft(self, body: Mapping[str, Any]) -> StudyRecord:
        """A draft that nobody sees yet. Made twice, there would be two: look with `find_studies` after a doubt."""
        return _take(read_study, read_object(self._transport.write("studies/", body)))

    def transition_study(self, study_id: str, action: str) -> StudyRecord:
        """PUBLISH, PAUSE, START or STOP."""
        answer = self._transport.write(f"studies/{study_id}/transition/", {"action": action})
        return _take(read_study, read_object(answer))

    def get_cost(self, study_id: str) -> int | None:
        """All that it has cost so far, with fees and tax, in hundredths."""
        said = self._transport.read(f"studies/{study_id}/cost/")
        parts = [part for group in said.values() if isinstance(group, Mapping) for part in group.values()]
        amounts = [part.get("amount") for part in parts if isinstance(part, Mapping)]
        known = [amount for amount in amounts if isinstance(amount, int | float)]
        return round(sum(known)) if known else None

    # --- submissions ---
    def list_submissions(self, study_id: str) -> Iterator[SubmissionRecord]:
        return (_take(read_submission, entry) for entry in self._list_all("submissions/", study=study_id))

    def get_submission(self, submission_id: str) -> SubmissionRecord:
        return _take(read_submission, self._transport.read(f"submissions/{submission_id}/"))

    def transition_submission(self, submission_id: str, action: str, *, code: str = "") -> SubmissionRecord:
        """APPROVE, RETURN or SCREEN_OUT; Prolific ignores a second one, so it is repeated while no answer comes."""
        if action not in SUBMISSION_ACTIONS:
            raise ValueError(f"{action!r}: Byline asks only for {', '.join(SUBMISSION_ACTIONS)}")
        body = {"action": action, **({"completion_code": code} if code else {})}
        path = f"submissions/{submission_id}/transition/"
        return _take(read_submission, read_object(self._transport.write(path, body, is_idempotent=True)))

    def request_return(self, submission_id: str, *, reasons: Sequence[str]) -> None:
        """Ask the participant to return their submission; each call sends a message."""
        body = {"request_return_reasons": list(reasons)}
        self._transport.write(f"submissions/{submission_id}/request-return/", body)

    def approve_all(self, submission_ids: Sequence[str]) -> None:
        """Ask for the approval of at most 500 submissions; that they are approved shows later, when they are read."""
        if len(submission_ids) > MOST_APPROVED_AT_ONCE:
            raise ValueError(f"at most {MOST_APPROVED_AT_ONCE} submissions at once")
        self._transport.write("submissions/bulk-approve/", {"submission_ids": list(submission_ids)})

    # --- bonuses, in two steps ---
    def set_up_bonuses(self, study_id: str, amounts: Mapping[str, int]) -> BonusBatch:
        """Set bonuses up, by submission, in hundredths. Nobody is paid by it."""
        lines = "".join(f"{submission_id},{write_amount(amount)}\n" for submission_id, amount in amounts.items())
        body = {"study_id": study_id, "csv_bonuses": lines}
        said = read_object(self._transport.write("submissions/bonus-payments/", body))
        if not said.get("id"):
            raise RefusedError("Prolific set up no bonuses: its answer has no id. Nothing was paid.")
        total = said.get("total_amount")
        return BonusBatch(batch_id=str(said["id"]), charged=None if total is None else round(total))

    def pay_bonuses(self, batch_id: str) -> None:
        """Pay what was set up. Prolific pays AGAIN each time it is asked, so this is asked once and never repeated."""
        self._transport.write_once(f"bulk-bonus-payments/{batch_id}/pay/")

    # --- webhooks ---
    def list_event_types(self) -> list[str]:
        return [str(entry.get("event_type")) for entry in self._transport.read("hooks/event-types/").get("results", [])]

    def create_secret(self, workspace_id: str) -> str:
        """A new secret that signs a workspace's webhooks; the one before it stops working."""
        said = read_object(self._transport.write("hooks/secrets/", {"workspace_id": workspace_id}))
        if not said.get("value"):
            raise RefusedError("Prolific's answer holds no secret; see the list of its webhooks' secrets.")
        return str(said["value"])

    def list_subscriptions(self) -> list[dict[str, Any]]:
        return list(self._transport.read("hooks/subscriptions/").get("results", []))

    def subscribe(self, *, workspace_id: str, event_type: str, target_url: str) -> str:
        """Subscribe to an event and confirm it; the subscription's id."""
        body = {"workspace_id": workspace_id, "event_type": event_type, "target_url": target_url}
        answer = self._transport.write("hooks/subscriptions/", body)
        said, secret = read_object(answer), answer.headers.get("X-Hook-Secret", "")
        entries = said.get("results") or [said]
        made = [entry for entry in entries if entry.get("id") and entry.get("event_type") == event_type]
        if not (made and secret):
            raise RefusedError("Prolific's answer holds nothing to confirm the subscription with; see its list.")
        subscription_id = str(made[-1]["id"])
        self._transport.write(f"hooks/subscriptions/{subscription_id}/", {"secret": secret}, is_idempotent=True)
        return subscription_id

    def _list_all(self, path: str, **parameters: str) -> Iterator[dict[str, Any]]:
        """Every entry of a list. It ends where no next page is named, or where the next turns out not to be there."""
        for page in range(1, MOST_PAGES):
            try:
                said = self._transport.read(path, **parameters, page=page, page_size=PAGE_SIZE)
            except NotFoundError:
                if page == 1:
                    raise
                return
            yield from said.get("results") or []
            following = (said.get("_links") or {}).get("next")
            if isinstance(following, Mapping):
                following = following.get("href")
            if not following:
                return


def _take(read: Callable[[Mapping[str, Any]], T], said: Mapping[str, Any]) -> T:
    try:
        return read(said)
    except (ValueError, TypeError) as error:
        raise OutcomeUnknownError(f"Prolific's answer cannot be read: {error}") from None
