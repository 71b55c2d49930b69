"""Audit what a study's pages and texts tell: `manage.py audit_blinding SLUG [--json] [--repeats N]`.

Exit status 1 when something tells who wrote a text. Nothing is left of the bot that walks the pages.
"""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone
from rich.progress import TaskID

from studyapp.actions.blinding import AuditRefusedError, request_audit
from studyapp.management.study_command import StudyCommand
from studyapp.management.terminal import open_progress
from studyapp.models import BlindingAudit, Study
from studyapp.simulated.blinding_auditing import carry_audit_out
from studyapp.simulated.blinding_walk import REPEATS

MARKS = {"refuse": "TELLS", "warn": "mind", "pass": "good"}


class Command(StudyCommand):
    help = "Walk every page of a copy of the study, and find whatever tells who wrote a text."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--json", action="store_true", help="print the findings as JSON, and nothing else")
        parser.add_argument("--repeats", type=int, default=REPEATS, help="fetches of each page with either source")

    def handle_study(self, study: Study, options: dict[str, Any]) -> None:
        if not 2 <= options["repeats"] <= 1000:
            raise CommandError("--repeats must be from 2 to 1000.")
        try:
            audit = request_audit(study, now=timezone.now())
        except AuditRefusedError as error:
            raise CommandError(str(error)) from None
        bars: list[TaskID] = []
        with open_progress() as progress:

            def tell(done: int, total: int) -> None:
                if not bars:
                    bars.append(progress.add_task("Cells walked", total=total))
                progress.update(bars[0], completed=done)

            carry_audit_out(audit, repeats=options["repeats"], on_progress=None if options["json"] else tell)
        if audit.state != BlindingAudit.State.DONE:
            raise CommandError(f"The audit came to no end: {audit.error}")
        self._print(audit, as_json=options["json"])
        if not audit.passed:
            raise CommandError("Something tells who wrote a text; see above.")

    def _print(self, audit: BlindingAudit, *, as_json: bool) -> None:
        if as_json:
            said = {"study": audit.study.slug, "passed": audit.passed, "numbers": audit.numbers}
            self.stdout.write(json.dumps({**said, "findings": audit.findings}, indent=2, ensure_ascii=False))
            return
        numbers = audit.numbers
        self.stdout.write(
            f"{numbers['pages']} answers as dealt, and {numbers['trials']} articles fetched with either source "
            f"({numbers['fetches']} fetches)."
        )
        for finding in audit.findings:
            self.stdout.write(f"{MARKS[finding['level']]:<6} {finding['topic']}: {finding['message']}")
