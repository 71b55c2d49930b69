"""Send simulated participants through a study's pages: `manage.py simulate_participants SLUG --per-cell 10`."""

import time
from argparse import ArgumentParser
from typing import Any

import httpx
from django.core.management.base import CommandError
from django.db.models import Max

from studyapp.domain.rehearsal_cast import Cast
from studyapp.domain.simulated_rater import RATER_SPREAD
from studyapp.management.study_command import StudyCommand
from studyapp.management.terminal import open_progress
from studyapp.models import Study
from studyapp.simulated.crowd import Crowd, find_unfinished, send_crowd
from studyapp.simulated.simulation import SimulationError


class Command(StudyCommand):
    help = (
        "Simulated participants with a planted accuracy by size, through the real pages; marked as such for ever. "
        "They wait for nothing: the server's clock is ahead for them by the time that they say they have read."
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
        wanted = self._count_wanted(study, options["per_cell"])
        crowd = Crowd(
            study=study, url=options["url"], seed=options["seed"], cast=_plain_cast(options["awkward_share"]),
            workers=options["workers"],
        )  # fmt: skip
        n_items = study.items_read
        numbers = list(find_unfinished(crowd, range(1, wanted + 1), n_items=n_items))
        before = wanted - len(numbers)
        started = time.monotonic()
        with open_progress() as progress:
            bar = progress.add_task("Simulated participants", total=wanted)
            progress.update(bar, completed=before)
            try:
                outcome = send_crowd(
                    crowd, numbers, n_items=n_items, on_done=lambda n: progress.update(bar, completed=before + n)
                )
            except (SimulationError, httpx.HTTPError) as error:
                raise CommandError(f"A simulated participant was stopped: {error}") from None
        seconds = time.monotonic() - started
        self.stdout.write(
            f"{len(numbers)} simulated participants gave {outcome.answers} answers in {seconds:.0f} s "
            f"({outcome.answers / max(seconds, 1e-9):.0f} a second); {before} were there before."
        )

    def _count_wanted(self, study: Study, per_cell: int) -> int:
        """As many as take the first places of every cell; a cell with fewer of them is filled.

        Raises:
            CommandError: no cell has so many places.
        """
        most = study.places.aggregate(most=Max("block"))["most"] or 0
        if per_cell > most:
            raise CommandError(f"The study has places for {most} in a cell, not {per_cell}; see --per-cell.")
        return study.places.filter(block__lte=per_cell).count()


def _plain_cast(awkward_share: float) -> Cast:
    """Readers who all come to the end; only some of them reload and send twice."""
    return Cast(
        awkward=awkward_share, double_clicker=0, straight_liner=0, dropout=0, looker=0, participant_sd=RATER_SPREAD,
        sensitivity_sd=0, item_sd=0,
    )  # fmt: skip
