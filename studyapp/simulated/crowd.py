"""Sends a crowd of simulated participants through a study's pages, several at once, each in a thread of its own."""

import random
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import datetime

import httpx
from django.conf import settings
from django.db import close_old_connections
from django.db.models import Max
from django.utils import timezone

from studyapp.actions.person_keys import find_by_arrival
from studyapp.domain.rehearsal_cast import Cast, Character, draw_character, draw_effect
from studyapp.domain.seeds import derive_seed
from studyapp.domain.simulated_rater import plant_accuracy
from studyapp.models import Participant, PlatformIdentity, Response, Study, Trial
from studyapp.passes import sign_pass
from studyapp.recruitment import Arrival
from studyapp.simulated.simulation import SimulatedParticipant, TrialTruth

TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Crowd:
    """Who is sent where: the address of the site, the seed of every draw, and the cast."""

    study: Study
    url: str
    seed: int
    cast: Cast
    workers: int = 4


@dataclass
class CrowdOutcome:
    """What a crowd came to: how many were sent, their answers, and how long the site took for each page."""

    sent: int = 0
    answers: int = 0
    page_seconds: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class StoredTruth:
    """The truth of a study, out of its database: which the pages never tell."""

    accuracies: dict[int, float]  # by arm id
    cast: Cast
    seed: int
    solution: str = ""
    right_choices: tuple[int, ...] = ()  # of the questions about the instructions
    attention_answers: tuple[int, ...] = ()  # the right ones of the attention checks

    def find_attention_answer(self, number: int) -> int:
        return self.attention_answers[number - 1]

    def find_right_choices(self) -> tuple[int, ...]:
        return self.right_choices

    def find_trial(self, code: str) -> TrialTruth:
        trial = Trial.objects.select_related(
            "participant__assignment", "stimulus__item__article", "stimulus__arm", "beside"
        ).get(code=code)
        stimulus = trial.stimulus
        arm = stimulus.arm.name if stimulus.arm else ""
        return TrialTruth(
            source=stimulus.source,
            accuracy=self.accuracies[trial.participant.assignment.arm_id],
            effect=draw_effect(self.cast, seed=self.seed, item=stimulus.item.article.ref, arm=arm),
            dilution=self.cast.dilution,
            first=trial.first,
            words=sum(text.words for text in trial.texts),
        )


def plant_accuracies(study: Study) -> dict[int, float]:
    """The accuracy planted for each arm of a study, by its id."""
    arms = list(study.arms.all())
    ladder = [arm.n_params for arm in arms if arm.n_params and not arm.is_control]
    return {arm.pk: plant_accuracy(n_params=arm.n_params, is_control=arm.is_control, ladder=ladder) for arm in arms}


def read_truth(study: Study, *, cast: Cast, seed: int) -> StoredTruth:
    """What simulated participants of a study may know of it."""
    return StoredTruth(
        plant_accuracies(study),
        cast,
        seed,
        solution=next(iter(study.internet_check_solutions), ""),
        right_choices=tuple(asked.right for asked in study.comprehension_questions),
        attention_answers=tuple(asked.right for asked in study.attention_questions),
    )


def cast_number(crowd: Crowd, number: int, *, n_items: int) -> Character:
    """Who the participant of that number is, in every run with the same seed."""
    return draw_character(crowd.cast, seed=crowd.seed, number=number, n_items=n_items)


def find_unfinished(crowd: Crowd, numbers: Iterable[int], *, n_items: int) -> Iterator[int]:
    """The numbers of those who have not come yet, or have not come as far as they will."""
    for number in numbers:
        known = find_by_arrival(crowd.study, platform="simulated", arrival=Arrival(external_id=str(number)))
        if known is None:
            yield number
        elif known.status == Participant.Status.ENROLLED:
            stops_after = cast_number(crowd, number, n_items=n_items).stops_after
            if stops_after is None or count_answers(known) < stops_after:
                yield number


def list_numbers(study: Study) -> list[int]:
    """The numbers of the simulated participants who have come."""
    identities = PlatformIdentity.objects.filter(participant__study=study, platform="simulated")
    return [int(number) for number in identities.values_list("external_id", flat=True)]


def count_answers(participant: Participant) -> int:
    """The answers that are stored of somebody."""
    return Response.objects.filter(trial__participant=participant).count()


def find_latest_time(study: Study) -> datetime:
    """Now, or where simulated participants have come to: they read at once, so that their time is ahead of ours."""
    latest = study.participants.aggregate(latest=Max("last_seen_at"))["latest"]
    return max(timezone.now(), latest) if latest else timezone.now()


def send_crowd(
    crowd: Crowd, numbers: Iterable[int], *, n_items: int, on_done: Callable[[int], None] | None = None
) -> CrowdOutcome:
    """Send the participants of those numbers; `on_done(sent)` is called as each comes back.

    Raises:
        SimulationError, httpx.HTTPError: one of them met a page that no participant should see; nobody else is sent.
    """
    truth = read_truth(crowd.study, cast=crowd.cast, seed=crowd.seed)
    outcome = CrowdOutcome()
    with ThreadPoolExecutor(crowd.workers) as pool:
        runs = [pool.submit(_send, crowd, number, truth, n_items) for number in numbers]
        try:
            for run in as_completed(runs):
                participant = run.result()
                outcome.sent += 1
                outcome.answers += participant.answers
                outcome.page_seconds += participant.page_seconds
                if on_done:
                    on_done(outcome.sent)
        except Exception:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return outcome


def _send(crowd: Crowd, number: int, truth: StoredTruth, n_items: int) -> SimulatedParticipant:
    """One participant's way."""
    study = crowd.study
    signed = sign_pass(study, platform="simulated", name=str(number))
    entry = str(httpx.URL(f"{crowd.url.rstrip('/')}/s/{study.slug}/", params={"simulated": signed}))
    rng = random.Random(derive_seed(crowd.seed, study.slug, number))
    try:
        known = find_by_arrival(study, platform="simulated", arrival=Arrival(external_id=str(number)))
        with open_client(crowd.url) as client:
            character = cast_number(crowd, number, n_items=n_items)
            elapsed = (known.last_seen_at - timezone.now()).total_seconds() if known else 0.0
            participant = SimulatedParticipant(
                client, entry=entry, truth=truth, rng=rng, character=character, elapsed=max(0.0, elapsed)
            )
            participant.take_part(answered_before=count_answers(known) if known else 0)
            return participant
    finally:
        close_old_connections()


class ProxyTransport(httpx.HTTPTransport):
    """Speaks to a site behind https as its proxy does, where it is reached without one, on the machine itself."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.headers["X-Forwarded-Proto"] = "https"
        request.headers["Origin"] = f"https://{request.url.netloc.decode()}"
        response = super().handle_request(request)
        pairs = [(name, value.replace("; Secure", "")) for name, value in response.headers.multi_items()]
        response.headers = httpx.Headers(pairs)  # else a cookie that is marked secure would not come back over http
        return response


def open_client(url: str) -> httpx.Client:
    """A browser's stand-in."""
    needs_proxy = settings.HTTPS and url.startswith("http://")
    return httpx.Client(
        follow_redirects=True, timeout=TIMEOUT_SECONDS, transport=ProxyTransport() if needs_proxy else None
    )
