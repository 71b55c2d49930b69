"""Rehearse a study: `manage.py rehearse SLUG [--per-cell N] [--seed S]`; exit status 1 when something is not found."""

from argparse import ArgumentParser
from dataclasses import fields
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone
from rich.progress import TaskID

from studyapp.actions.rehearsal import RehearsalRefusedError, request_rehearsal
from studyapp.domain.rehearsal_cast import Cast
from studyapp.management.study_command import StudyCommand
from studyapp.management.terminal import open_progress
from studyapp.models import Rehearsal, Study
from studyapp.simulated.rehearsing import carry_rehearsal_out
from studyapp.tasks.export import write_report

MARKS = {True: "found", False: "NOT FOUND", None: "–"}


class Command(StudyCommand):
    help = (
        "Send simulated people through the real pages of a copy, and compare its report with what was planted in them."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--per-cell", type=int, default=4, help="simulated participants in each arm x form")
        parser.add_argument("--seed", type=int, default=1, help="of everything they draw")
        parser.add_argument("--url", help="where the site answers; without it, the command serves it to itself")
        for entry in fields(Cast):
            kind = "standard deviation" if entry.name.endswith("_sd") else "share"
            parser.add_argument(
                f"--{entry.name.replace('_', '-')}",
                type=float,
                default=entry.default,
                help=f"{kind} ({entry.default:g})",
            )

    def handle_study(self, study: Study, options: dict[str, Any]) -> None:
        try:
            cast = Cast(**{entry.name: options[entry.name] for entry in fields(Cast)})
            rehearsal = request_rehearsal(
                study, per_cell=options["per_cell"], seed=options["seed"], cast=cast, by=None, now=timezone.now()
            )
        except (RehearsalRefusedError, ValueError) as error:
            raise CommandError(str(error)) from None
        bars: list[TaskID] = []  # one, once the number of participants is known

        with open_progress() as progress:

            def tell(done: int, total: int) -> None:
                if not bars:
                    bars.append(progress.add_task("Simulated participants", total=total))
                progress.update(bars[0], completed=done)

            carry_rehearsal_out(rehearsal.pk, write_report=write_report, url=options["url"], on_progress=tell)
        rehearsal.refresh_from_db()
        if rehearsal.state != Rehearsal.State.DONE:
            raise CommandError(f"The rehearsal came to no end: {rehearsal.error}")
        self._print_verdict(rehearsal)
        if not rehearsal.passed:
            raise CommandError("Something that was planted was not found; see above.")

    def _print_verdict(self, rehearsal: Rehearsal) -> None:
        verdict = rehearsal.verdict
        self.stdout.write(f"{rehearsal.copy.slug}: " + ", ".join(f"{n} {kind}" for kind, n in verdict["kinds"].items()))
        for check in verdict["checks"]:
            numbers = [_format(check["name"], check[key]) for key in ("planted", "found", "low", "high")]
            self.stdout.write(
                f"{MARKS[check['passed']]:<10} {check['name']:<20} {check['subject']:<24} planted {numbers[0]:>8}, "
                f"found {numbers[1]:>8}, from {numbers[2]} to {numbers[3]}  {check['note']}"
            )
        times = verdict["times"]
        self.stdout.write(
            f"The pages answered within {times['page_median_ms']} ms (median of {times['pages']}; 95 %: "
            f"{times['page_95_ms']} ms). A person would read for about {times['minutes_to_read']} minutes; "
            f"{times['minutes_promised']} are promised. How long people really take, only people can show."
        )


def _format(name: str, value: float | None) -> str:
    if value is None:
        return "–"
    if name == "accuracy":
        return f"{100 * value:.1f} %"
    return f"{value:.3f}" if name == "trend" else f"{value:g}"
