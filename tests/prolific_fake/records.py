"""What Prolific knows: studies, submissions, bonuses, webhooks, and what may become of each."""

import itertools
import math
from datetime import UTC, datetime, timedelta

FIRST_DRAFT_STATUS = "UNPUBLISHED"
TRANSITIONS = {
    "PUBLISH": ({"UNPUBLISHED", "SCHEDULED"}, "ACTIVE"),
    "PAUSE": ({"ACTIVE"}, "PAUSED"),
    "START": ({"PAUSED"}, "ACTIVE"),
    "STOP": ({"ACTIVE", "PAUSED"}, "AWAITING REVIEW"),
}
EVENT_TYPES = ("study.status.change", "submission.status.change", "study.progress.change", "study.has_high_return_rate")
REQUIRED = (
    "name", "description", "external_study_url", "prolific_id_option", "completion_codes", "total_available_places",
    "estimated_completion_time", "reward", "maximum_allowed_time",
)  # fmt: skip


class RefusedRequestError(Exception):
    """An answer that is no success, with the detail that Prolific gives."""

    def __init__(self, status: int, detail: object) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


def stamp(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


class Prolific:
    """The state behind the server. Participants' own acts (`arrive`, `hand_in`, …) are called by tests."""

    def __init__(self, *, now: datetime | None = None) -> None:
        self._numbers = itertools.count(1)
        self.now = now or datetime.now(UTC)
        self.studies, self.submissions, self.batches = {}, {}, {}
        self.subscriptions, self.hook_secrets, self.secret = {}, {}, ""
        self.pays_later = self.approves_later = False
        self._later = []
        self.messages = []  # of return requests: every one reaches a person

    def make_id(self) -> str:
        return f"{next(self._numbers):024x}"

    def settle(self) -> None:
        """What Prolific does asynchronously is done now."""
        later, self._later = self._later, []
        for act in later:
            act()

    def _do(self, act, *, later: bool) -> None:
        if later:
            self._later.append(act)
        else:
            act()

    # --- studies ---
    def create_study(self, body: dict) -> dict:
        missing = {name: ["This field is required."] for name in REQUIRED if name not in body}
        if missing:
            raise RefusedRequestError(400, missing)
        minutes = body["estimated_completion_time"]
        if body["maximum_allowed_time"] < 2 + 2 * minutes + 2 * math.sqrt(minutes):
            raise RefusedRequestError(400, {"maximum_allowed_time": ["The maximum time allowed is too short."]})
        codes = [code["code"] for code in body["completion_codes"]]
        if len(set(codes)) < len(codes):
            raise RefusedRequestError(400, {"completion_codes": ["Completion codes must be unique."]})
        study = {
            **body,
            "id": self.make_id(),
            "status": FIRST_DRAFT_STATUS,
            "places_taken": 0,
            "date_created": stamp(self.now),
            "presentment_currency_code": "GBP",
            "total_cost": round(body["reward"] * body["total_available_places"] * 1.4),
        }
        self.studies[study["id"]] = study
        return study

    def get_study(self, study_id: str) -> dict:
        if study_id not in self.studies:
            raise RefusedRequestError(404, "Not found.")
        return self.studies[study_id]

    def transition_study(self, study_id: str, body: dict) -> dict:
        study = self.get_study(study_id)
        if body.get("action") not in TRANSITIONS:
            raise RefusedRequestError(400, f'"{body.get("action")}" is not a valid choice.')
        allowed, becomes = TRANSITIONS[body["action"]]
        if study["status"] not in allowed:
            raise RefusedRequestError(400, f"Cannot {body['action'].lower()} a study that is {study['status']}.")
        study["status"] = becomes
        return study

    def get_cost(self, study_id: str) -> dict:
        study = self.get_study(study_id)
        paid = [s for s in self.submissions.values() if s["study_id"] == study_id and s["status"] == "APPROVED"]
        rewards = study["reward"] * len(paid)
        bonuses = sum(sum(s["bonus_payments"]) for s in self.submissions.values() if s["study_id"] == study_id)
        return {"rewards": self._split(rewards), "bonuses": self._split(bonuses)}

    def _split(self, amount: float) -> dict:
        fees = amount / 3
        parts = {"rewards": amount, "fees": fees, "tax": fees * 0.2}
        return {name: {"amount": value, "currency": "GBP"} for name, value in parts.items()}

    # --- submissions: what participants do ---
    def arrive(self, study_id: str, participant_id: str, *, status: str = "ACTIVE") -> str:
        submission_id = self.make_id()
        self.submissions[submission_id] = {
            "id": submission_id,
            "participant": participant_id,
            "study_id": study_id,
            "status": status,
            "started_at": stamp(self.now),
            "completed_at": None,
            "entered_code": None,
            "bonus_payments": [],
            "return_requested": None,
        }
        self.studies[study_id]["places_taken"] += 1
        return submission_id

    def hand_in(self, submission_id: str, *, code: str | None, minutes: float = 30.0) -> None:
        submission = self.submissions[submission_id]
        started = datetime.fromisoformat(submission["started_at"])
        submission.update(
            status="AWAITING REVIEW",
            entered_code=code or "NOCODE",
            completed_at=stamp(started + timedelta(minutes=minutes)),
        )

    def leave(self, submission_id: str, *, status: str = "RETURNED") -> None:
        submission = self.submissions[submission_id]
        submission["status"] = status
        self.studies[submission["study_id"]]["places_taken"] -= 1

    # --- submissions: what researchers ask ---
    def get_submission(self, submission_id: str) -> dict:
        if submission_id not in self.submissions:
            raise RefusedRequestError(404, "Not found.")
        return self.submissions[submission_id]

    def list_submissions(self, study_id: str) -> list[dict]:
        if study_id not in self.studies:
            raise RefusedRequestError(404, "Not found.")
        return [self._list_entry(s) for s in self.submissions.values() if s["study_id"] == study_id]

    def _list_entry(self, submission: dict) -> dict:
        started, completed = submission["started_at"], submission["completed_at"]
        taken = datetime.fromisoformat(completed) - datetime.fromisoformat(started) if completed else None
        return {
            "id": submission["id"],
            "participant_id": submission["participant"],
            "status": submission["status"],
            "started_at": started,
            "completed_at": completed,
            "is_complete": completed is not None,
            "time_taken": None if taken is None else round(taken.total_seconds()),
            "reward": self.studies[submission["study_id"]]["reward"],
            "study_code": submission["entered_code"],
            "bonus_payments": list(submission["bonus_payments"]),
            "return_requested": submission["return_requested"],
            "star_awarded": False,
            "strata": {},
        }

    def transition_submission(self, submission_id: str, body: dict) -> dict:
        submission, action = self.get_submission(submission_id), body.get("action")
        becomes = {"APPROVE": "APPROVED", "RETURN": "RETURNED", "SCREEN_OUT": "SCREENED OUT"}.get(action)
        if becomes is None:
            raise RefusedRequestError(400, {"action": [f'"{action}" is not a valid choice here.']})
        if submission["status"] == becomes:
            return submission  # a second request is ignored
        if action == "APPROVE" and submission["status"] != "AWAITING REVIEW":
            raise RefusedRequestError(400, f"The submission cannot be approved: it is {submission['status']}.")
        submission["status"] = becomes
        return submission

    def approve_all(self, ids: list[str]) -> str:
        unknown = [submission_id for submission_id in ids if submission_id not in self.submissions]
        if unknown:
            raise RefusedRequestError(400, f"Submissions not found: {', '.join(unknown)}")

        def approve() -> None:
            for submission_id in ids:
                if self.submissions[submission_id]["status"] == "AWAITING REVIEW":
                    self.submissions[submission_id]["status"] = "APPROVED"

        self._do(approve, later=self.approves_later)
        return "The request to bulk approve has been made successfully."

    def request_return(self, submission_id: str, body: dict) -> dict:
        submission = self.get_submission(submission_id)
        if not body.get("request_return_reasons"):
            raise RefusedRequestError(400, {"request_return_reasons": ["This field is required."]})
        if submission["status"] not in ("ACTIVE", "AWAITING REVIEW"):
            raise RefusedRequestError(400, f"Cannot request the return of a submission that is {submission['status']}.")
        self.messages.append((submission_id, tuple(body["request_return_reasons"])))
        submission["return_requested"] = stamp(self.now)
        names = ("id", "status", "participant", "return_requested")
        return {name: submission[name] for name in names}

    # --- bonuses ---
    def set_up_bonuses(self, body: dict) -> dict:
        lines = [line.split(",") for line in body["csv_bonuses"].strip().splitlines()]
        known = {s["id"] for s in self.submissions.values() if s["study_id"] == body["study_id"]}
        wrong = [name for name, _ in lines if name not in known]
        if wrong:
            raise RefusedRequestError(400, f"These ids have not taken part in the study: {', '.join(wrong)}")
        amounts = [(name, round(float(amount) * 100)) for name, amount in lines]
        total = sum(amount for _, amount in amounts)
        batch_id = self.make_id()
        self.batches[batch_id] = amounts
        fees = round(total / 3, 2)
        return {
            "id": batch_id, "study": body["study_id"], "amount": total, "fees": fees, "vat": round(fees * 0.2, 2),
            "total_amount": round(total + fees * 1.2, 2),
        }  # fmt: skip

    def pay_bonuses(self, batch_id: str) -> None:
        """As documented: not idempotent. Whoever asks twice pays twice."""
        if batch_id not in self.batches:
            raise RefusedRequestError(404, "Not found.")

        def pay() -> None:
            for submission_id, amount in self.batches[batch_id]:
                self.submissions[submission_id]["bonus_payments"].append(amount)

        self._do(pay, later=self.pays_later)

    # --- webhooks ---
    def make_secret(self, body: dict) -> dict:
        self.secret = f"hook-secret-{self.make_id()}"
        return {"id": self.make_id(), "value": self.secret, "workspace_id": body["workspace_id"]}

    def subscribe(self, body: dict) -> tuple[dict, str]:
        if not body["target_url"].startswith("https://"):
            raise RefusedRequestError(400, {"target_url": ["Must be a public https address."]})
        subscription = {**body, "id": self.make_id(), "is_enabled": False}
        self.subscriptions[subscription["id"]] = subscription
        self.hook_secrets[subscription["id"]] = f"confirm-{subscription['id']}"
        return {"results": list(self.subscriptions.values())}, self.hook_secrets[subscription["id"]]

    def confirm(self, subscription_id: str, body: dict) -> dict:
        if subscription_id not in self.subscriptions:
            raise RefusedRequestError(404, "Not found.")
        if body.get("secret") != self.hook_secrets[subscription_id]:
            raise RefusedRequestError(400, "The secret is not the one that was sent.")
        self.subscriptions[subscription_id]["is_enabled"] = True
        return self.subscriptions[subscription_id]
