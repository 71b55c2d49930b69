"""What the watching page says of a running study: counts and times, and accuracy only once it may be seen."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Max, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from studyapp.actions.blindness import are_results_open
from studyapp.actions.places import count_cells
from studyapp.domain.exclusion import RULE_MEANINGS
from studyapp.domain.pay import parse_reward
from studyapp.domain.watching import (
    ArmAccuracy,
    JudgedTrial,
    Quartiles,
    find_quartiles,
    find_top_up,
    list_pay,
    score_arms,
)
from studyapp.models import Participant, ProblemReport, Response, Study
from studyapp.models.watching import EntryOutcome

DAYS, NEWEST = 14, 30
Status = Participant.Status


@dataclass(frozen=True)
class ArmRow:
    """An arm's cells and what became of its participants; `accuracy` stays None while the study is blind."""

    arm: str
    cells: list[dict[str, Any]]  # form, occupied, target
    completed: int
    dropped_out: int
    dropout_rate: float | None
    accuracy: ArmAccuracy | None

    @property
    def accuracy_percent(self) -> float | None:
        return 100 * self.accuracy.accuracy if self.accuracy else None


def gather_facts(study: Study) -> dict[str, Any]:
    """Everything the page shows. Real participants where there are any, else the simulated ones of a rehearsal."""
    is_rehearsal = not study.participants.filter(simulated=False).exists()
    people = study.participants.filter(simulated=is_rehearsal)
    is_open = are_results_open(study)
    if study.state == Study.State.LAUNCHED and not people.exists():
        is_open = False  # before anybody has come accuracy is hidden, as it will be then
    return {
        "at": timezone.now(),
        "is_rehearsal": is_rehearsal and people.exists(),
        "is_open": is_open,
        "counts": _count_statuses(people),
        "arms": _describe_arms(study, people, is_open=is_open),
        "days": _count_days(study, people, simulated=is_rehearsal),
        "outcomes": [(outcome.value, outcome.label) for outcome in EntryOutcome],
        "positions": _count_positions(study, people),
        "exclusions": _count_exclusions(people),
        "times": _describe_times(study, people),
        "comments": _list_comments(people),
        "problems": _list_problems(people, is_open=is_open),
        "flagged": study.items.filter(flag__isnull=False).select_related("article", "flag"),
        "last_activity": people.aggregate(last=Max("last_seen_at"))["last"],
    }


def _count_statuses(people: QuerySet) -> list[tuple[str, int]]:
    counts = dict(people.order_by().values_list("status").annotate(Count("id")))
    return [(label, counts.get(status, 0)) for status, label in Status.choices]


def _describe_arms(study: Study, people: QuerySet, *, is_open: bool) -> list[ArmRow]:
    forms = {form.pk: form.name for form in study.quiz_forms.all()}
    cells: dict[int, list[dict[str, Any]]] = {}
    for cell in count_cells(study):
        shown = {"form": forms.get(cell.form_id, "?"), "occupied": cell.occupied, "target": cell.target}
        cells.setdefault(cell.arm_id, []).append(shown)
    by_arm: dict[int, dict[str, int]] = {}
    counted = people.order_by().values_list("assignment__arm", "status").annotate(n=Count("id"))
    for arm_id, status, n in counted:
        by_arm.setdefault(arm_id, {})[status] = n
    accuracies = _score(people) if is_open else {}
    rows = []
    for arm in study.arms.all():
        statuses = by_arm.get(arm.pk, {})
        completed, dropped_out = statuses.get(Status.COMPLETED, 0), statuses.get(Status.DROPPED_OUT, 0)
        ended = completed + dropped_out
        rows.append(
            ArmRow(
                arm=str(arm),
                cells=cells.get(arm.pk, []),
                completed=completed,
                dropped_out=dropped_out,
                dropout_rate=100 * dropped_out / ended if ended else None,
                accuracy=accuracies.get(arm.name),
            )
        )
    return rows


def _score(people: QuerySet) -> dict[str, ArmAccuracy]:
    """Of those who completed and are not excluded, as the report counts them."""
    kept = people.filter(status=Status.COMPLETED, excluded=False)
    answers = Response.objects.filter(trial__participant__in=kept).values_list(
        "trial__participant_id", "trial__participant__assignment__arm__name", "trial__stimulus__arm_id", "judgment"
    )
    return score_arms(
        JudgedTrial(participant=person, arm=arm, is_model=model_arm is not None, judgment=judgment)
        for person, arm, model_arm, judgment in answers.iterator(chunk_size=5000)
    )


def _count_days(study: Study, people: QuerySet, *, simulated: bool) -> list[dict[str, Any]]:
    """The last days (UTC) on which something happened: the door's tallies, and completions."""
    tallies: dict[date, Counter[str]] = {}
    for tally in study.entry_tallies.filter(simulated=simulated):
        tallies.setdefault(tally.day, Counter())[tally.outcome] += tally.n
    completed = dict(
        people.filter(completed_at__isnull=False)
        .order_by()
        .annotate(day=TruncDate("completed_at"))
        .values_list("day")
        .annotate(Count("id"))
    )
    days = sorted({*tallies, *completed}, reverse=True)[:DAYS]
    return [
        {
            "day": day,
            "outcomes": [tallies.get(day, Counter())[outcome.value] for outcome in EntryOutcome],
            "completed": completed.get(day, 0),
        }
        for day in days
    ]


def _count_positions(study: Study, people: QuerySet) -> list[dict[str, Any]]:
    """How many articles those had answered who dropped out, and how many of those at work have answered so far."""
    total = study.items.count()
    reached: dict[str, Counter[int]] = {Status.DROPPED_OUT: Counter(), Status.ENROLLED: Counter()}
    unfinished = people.filter(status__in=list(reached)).annotate(answered=Count("trials__response"))
    for status, answered in unfinished.order_by().values_list("status", "answered"):
        reached[status][answered] += 1
    places = sorted({*reached[Status.DROPPED_OUT], *reached[Status.ENROLLED]})
    return [
        {
            "answered": place,
            "total": total,
            "dropped_out": reached[Status.DROPPED_OUT][place],
            "at_work": reached[Status.ENROLLED][place],
        }
        for place in places
    ]


def _count_exclusions(people: QuerySet) -> list[tuple[str, int]]:
    """Exclusions by rule, of all arms together; a participant who broke two rules counts for both."""
    excluded = people.filter(excluded=True).values_list("exclusion_reasons", flat=True)
    counts = Counter(reason for reasons in excluded for reason in reasons)
    return [(RULE_MEANINGS.get(reason, reason), n) for reason, n in counts.most_common()]


def _describe_times(study: Study, people: QuerySet) -> dict[str, Any]:
    """How long those took who completed, and what that pays, against the least and the recommended pay."""
    spans = people.filter(completed_at__isnull=False).values_list("enrolled_at", "completed_at")
    quartiles = find_quartiles([_minutes(begun, ended) for begun, ended in spans])
    amount = parse_reward(study.reward)
    return {
        "quartiles": quartiles,
        "estimated": study.estimated_minutes,
        "reward": study.reward,
        "amount": amount,
        **(_describe_pay(amount, quartiles) if amount and quartiles else {"pay": [], "top_up": None}),
    }


def _describe_pay(amount: Any, quartiles: Quartiles) -> dict[str, Any]:
    return {"pay": list_pay(amount, quartiles), "top_up": find_top_up(amount, quartiles)}


def _minutes(begun: datetime, ended: datetime) -> float:
    return (ended - begun) / timedelta(minutes=1)


def _list_comments(people: QuerySet) -> list[dict[str, Any]]:
    """The newest comments with the title they were written under: neither arm nor source nor person."""
    comments = Response.objects.filter(trial__participant__in=people).exclude(comment="").order_by("-answered_at")
    newest = comments.values_list("trial__stimulus__item__article__title", "comment", "answered_at")[:NEWEST]
    return [{"title": title, "comment": comment, "at": at} for title, comment, at in newest]


def _list_problems(people: QuerySet, *, is_open: bool) -> list[dict[str, Any]]:
    """Reports of broken articles, by title; which version it was, only once results may be seen."""
    reports = ProblemReport.objects.filter(trial__participant__in=people)
    rows = reports.select_related("trial__stimulus__item__article", "trial__stimulus__arm")[:NEWEST]
    return [
        {
            "title": row.trial.stimulus.item.article.title,
            "message": row.message,
            "at": row.at,
            "version": (str(row.trial.stimulus.arm) if row.trial.stimulus.arm else "human") if is_open else "",
        }
        for row in rows
    ]
