"""Write a study as a study file: `manage.py dump_study SLUG [--out FILE.toml]`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from studyapp.actions.study import describe_study
from studyapp.management.study_command import StudyCommand
from studyapp.models import Study
from studyapp.study_file import write_study_file


class Command(StudyCommand):
    help = "Write a study as a TOML study file, from which load_study makes the same study again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--out", type=Path, help="the file to write; without it the text is printed")

    def handle_study(self, study: Study, options: dict[str, Any]) -> None:
        text = write_study_file(describe_study(study))
        if options["out"] is None:
            self.stdout.write(text, ending="")
        else:
            options["out"].write_text(text, encoding="utf-8")
            self.stdout.write(f"Written to {options['out']}.")
