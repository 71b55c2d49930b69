"""Send simulated participants through a study's pages: `manage.py simulate_participants SLUG --per-cell 10`."""

import random
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any

import httpx
from django.core.management.base import CommandError
from django.core.signing import TimestampSigner
from django.db import close_old_connections

from studyapp.actions.participation import find_by_arrival
from studyapp.domain.counterbalancing import Source
from studyapp.domain.seeds import derive_seed
from studyapp.domain.simulated_rater import plant_accuracy
from studyapp.management.study_command import StudyCommand
from studyapp.models import Participant, Study, Trial
from studyapp.recruitment import Arrival
from studyapp.simulation import SimulatedParticipant, SimulationError
from studyapp.terminal import open_progress


@dataclass(frozen=True)
class StoredTruth:
    """The truth of a study, out of its database: which the pages never tell."""

    accuracies: dict[int, float]  # by arm id
    right_choices: tuple[int, ...] = ()  # of the questions about the instructions

    def find_accuracy(self, code: str) -> float:
        trial = Trial.objects.select_related("participant__assignment").get(code=code)
        return self.accuracies[trial.participant.assignment.arm_id]

    def find_source(self, code: str) -> str:
        return Trial.objects.select_related("stimulus").get(code=code).stimulus.source

    def find_first(self, code: str) -> Source:
        return "model" if Trial.objects.get(code=code).first == "model" else "human"

    def find_right_choices(self) -> tuple[int, ...]:
        return self.right_choices


class Command(StudyCommand):
    help = (
        "Simulated participants with a planted accuracy by size, through the real pages; marked as such for ever. "
        "Where texts are shown in stages they wait as people do, so more --workers shorten it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--per-cell", type=int, default=10, help="in each arm x form")
        parser.add_argument("--url", default="http://127.0.0.1:8000", help="where the site answers")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--workers", type=int, default=4, help="participants at once")
        parser.add_argument("--awkward-share", type=float, default=0.2, help="share who reload and send twice")

    def handle_study(self, study: Study, options: dict[str, Any]) -> None:
        if study.state != Study.State.LAUNCHED:
            raise CommandError(f"The study {study.slug!r} is {study.state}; launch it first.")
        wanted = options["per_cell"] * study.arms.count() * study.quiz_forms.count()
        numbers = list(self._find_unfinished(study, wanted))
        truth = StoredTruth(plant_accuracies(study), tuple(asked.right for asked in study.comprehension_questions))
        started, answers = time.monotonic(), 0
        with open_progress() as progress, ThreadPoolExecutor(options["workers"]) as pool:
            bar = progress.add_task("Simulated participants", total=wanted)
            progress.update(bar, completed=wanted - len(numbers))
            runs = [pool.submit(self._send, study, number, truth, options) for number in numbers]
            try:
                for done, run in enumerate(as_completed(runs), start=1):
                    answers += run.result()
                    progress.update(bar, completed=wanted - len(numbers) + done)
            except (SimulationError, httpx.HTTPError) as error:
                pool.shutdown(cancel_futures=True)
                raise CommandError(f"A simulated participant was stopped: {error}") from None
        seconds = time.monotonic() - started
        self.stdout.write(
            f"{len(numbers)} simulated participants gave {answers} answers in {seconds:.0f} s "
            f"({answers / max(seconds, 1e-9):.0f} a second); {wanted - len(numbers)} were there before."
        )

    def _find_unfinished(self, study: Study, wanted: int) -> Iterator[int]:
        """The numbers of those who have not come, or have not finished."""
        for number in range(1, wanted + 1):
            known = find_by_arrival(study, platform="simulated", arrival=Arrival(external_id=str(number)))
            if known is None or known.status != Participant.Status.COMPLETED:
                yield number

    def _send(self, study: Study, number: int, truth: StoredTruth, options: dict[str, Any]) -> int:
        """One participant's way, in a thread of its own; how many answers it gave."""
        rng = random.Random(derive_seed(options["seed"], study.slug, number))
        signed = TimestampSigner(salt=f"simulated:{study.slug}").sign(str(number))
        entry = str(httpx.URL(f"{options['url'].rstrip('/')}/s/{study.slug}/", params={"simulated": signed}))
        try:
            with httpx.Client(follow_redirects=True, timeout=60) as client:
                awkward = rng.random() < options["awkward_share"]
                participant = SimulatedParticipant(client, entry=entry, truth=truth, rng=rng, awkward=awkward)
                participant.take_part()
                return participant.answers
        finally:
            close_old_connections()


def plant_accuracies(study: Study) -> dict[int, float]:
    """The accuracy planted for each arm of a study, by its id."""
    arms = list(study.arms.all())
    ladder = [arm.n_params for arm in arms if arm.n_params and not arm.is_control]
    return {arm.pk: plant_accuracy(n_params=arm.n_params, is_control=arm.is_control, ladder=ladder) for arm in arms}
