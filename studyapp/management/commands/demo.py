"""The whole line on this machine, then the addresses: `manage.py demo [--articles FILE] [--corpus FILE]`."""

import signal
import subprocess
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from studyapp import demonstration
from studyapp.actions.study import StudyExistsError
from studyapp.demonstration import Material
from studyapp.domain.study_design import DesignError
from studyapp.models import Export, Study
from studyapp.study_file import StudyFileError


class Command(BaseCommand):
    help = "Train a ladder, write every arm's articles, run simulated participants, report, and keep serving."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--articles", type=Path, help="your own human articles (.jsonl or .csv)")
        parser.add_argument("--corpus", type=Path, help="your own training corpus (.jsonl, .jsonl.gz or .csv)")
        parser.add_argument("--ladder", type=Path, help="your own ladder of sizes (.toml)")
        parser.add_argument("--per-cell", type=int, default=10, help="simulated participants in each arm x form")
        parser.add_argument("--exit", action="store_true", help="end when the report is there, without serving on")

    def handle(self, *args: Any, **options: Any) -> None:
        self._began: list[tuple[str, float]] = []
        for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell had them ignored: all that was started ends
            signal.signal(number, signal.default_int_handler)
        given = {name: options[name].resolve() for name in ("articles", "corpus", "ladder") if options[name]}
        if "corpus" in given:
            given["corpus"] = (given["corpus"],)
        material = Material(**given)
        demonstration.check_material(material)
        self._say(1, "Database, static files, administrator")
        password = demonstration.prepare_site()
        try:
            with demonstration.run_services() as services:
                study, export = self._run_line(material, per_cell=options["per_cell"])
                self._print_seconds()
                self._print_addresses(study, export, password=password)
                if not options["exit"]:
                    self._serve(services)
        except (DesignError, StudyFileError, StudyExistsError) as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            self.stdout.write("\nStopped. `make demo` takes up where this ended.")

    def _run_line(self, material: Material, *, per_cell: int) -> tuple[Study, Export]:
        self._say(2, "The articles")
        refs = demonstration.import_material(material)
        self._say(3, "A ladder of models")
        demonstration.train_models(material)
        study = demonstration.make_study(material, refs)
        if study.is_draft:
            self._say(4, "Every arm's articles, through the queue")
            call_command("queue_generation", study.slug, "--wait", stdout=self.stdout, stderr=self.stderr)
            self._say(5, "Texts chosen by rule, forms A and B, launch")
            for step in ("select_stimuli", "make_forms"):
                call_command(step, study.slug, stdout=self.stdout)
            call_command("launch_study", study.slug, acknowledge=["all"], stdout=self.stdout)  # it is no real study
        else:
            self._say(4, f"Its texts are written, its forms made; it is {study.state}")
        self._say(6, "Simulated participants, through the pages of the site")
        url = f"http://127.0.0.1:{settings.PORT}"
        call_command("simulate_participants", study.slug, per_cell=per_cell, url=url, stdout=self.stdout)
        self._say(7, "The bundle and its report")
        study.refresh_from_db()
        return study, demonstration.make_report(study)

    def _print_seconds(self) -> None:
        """How long each phase took; what `make` installed before is not in it."""
        ends = [*(began for _, began in self._began[1:]), time.monotonic()]
        self.stdout.write(self.style.SUCCESS("\nSeconds:"))
        for (what, began), ended in zip(self._began, ends, strict=True):
            self.stdout.write(f"  {ended - began:7.1f}  {what}")
        minutes = (ends[-1] - self._began[0][1]) / 60
        self.stdout.write(self.style.SUCCESS(f"Done in {minutes:.1f} minutes. Simulated participants, no people."))

    def _print_addresses(self, study: Study, export: Export, *, password: str | None) -> None:
        site = settings.SITE_URL
        lines = (
            ("A rater's page", f"{site}/s/{study.slug}/"),
            ("Staff pages", f"{site}{reverse('staff:study_overview', args=[study.slug])}"),
            ("", f"sign in as admin with {f'the password {password}' if password else 'the password you gave it'}"),
            ("Report", str(export.report_dir / "report.html")),
            ("Bundle", str(export.bundle_path)),
            ("Services' log", str(settings.LOG_DIR / "services.log")),
        )
        for label, value in lines:
            self.stdout.write(f"  {label:<15} {value}")

    def _serve(self, services: subprocess.Popen) -> None:
        self.stdout.write("\nServing. Ctrl-C ends everything.")
        services.wait()
        raise CommandError("The services ended by themselves; see their log.")

    def _say(self, number: int, what: str) -> None:
        self._began.append((what, time.monotonic()))
        self.stdout.write(self.style.MIGRATE_HEADING(f"[{number}/7] {what}"))
        self.stdout.flush()
