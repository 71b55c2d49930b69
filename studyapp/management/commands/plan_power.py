"""Simulate a study's power on this machine: `manage.py plan_power SLUG [--participants N …] [--titles N …]`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from studyapp.actions.planning import assume_study, request_power
from studyapp.management.study_command import StudyCommand
from studyapp.models import PowerRun, Study
from studyapp.tasks.planning import simulate_power

SIZES = ("participants", "titles")
NUMBERS = {"shown": int, "runs": int, "seed": int, "dont_know": float, "lost": float, "reward": float, "fee": float}


class Command(StudyCommand):
    help = "The power of a study's tests by simulation, on its own arms; kept on its page Plan."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--participants", type=int, nargs="+", help="an arm; several make a grid")
        parser.add_argument("--titles", type=int, nargs="+", help="stories; several make a grid")
        for name, kind in NUMBERS.items():
            parser.add_argument(f"--{name.replace('_', '-')}", type=kind)
        parser.add_argument("--out", type=Path, help="a folder for the table (CSV) and the picture (SVG)")

    def handle_study(self, study: Study, options: dict[str, Any]) -> None:
        given = {name: options[name] for name in (*SIZES, *NUMBERS) if options[name] is not None}
        plan = {**assume_study(study), **given}
        run = request_power(study, parameters=plan, by=None, now=timezone.now())
        self.stderr.write(f"{run.total} designs, {plan['runs']} simulated studies each …")
        simulate_power(run.pk)
        run.refresh_from_db()
        if run.state != PowerRun.State.DONE:
            raise CommandError(f"The simulation failed: {run.error}")
        for sentence in run.result["sentences"]:
            self.stdout.write(f"- {sentence}")
        if options["out"]:
            options["out"].mkdir(parents=True, exist_ok=True)
            (options["out"] / "power.csv").write_text(run.table, encoding="utf-8")
            (options["out"] / "power.svg").write_text(run.picture, encoding="utf-8")
            self.stdout.write(f"Written: {options['out']}")
