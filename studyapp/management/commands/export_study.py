"""Write a bundle: `manage.py export_study SLUG [--out DIR] [--public [--k N] [--with-comments]] [--unblind REASON]`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.utils import timezone

from studyapp.actions.blindness import StillBlindError, unblind
from studyapp.actions.export import BundleKind, ExportRefusedError, export_study, make_public
from studyapp.domain.anonymity import DEFAULT_K
from studyapp.management.study_command import StudyCommand
from studyapp.models import Study


class Command(StudyCommand):
    help = "Write everything a study came to as one .zip bundle, the input of analysis/report.py."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--out", type=Path, help="the folder; without it, the site's own folder of exports")

        parser.add_argument(
            "--unblind", metavar="REASON", help="why the results of a study that still runs must be seen; written down"
        )
        parser.add_argument("--public", action="store_true", help="make the version that may be published")
        parser.add_argument("--k", type=int, help=f"participants who must look alike in it ({DEFAULT_K} unless set)")
        parser.add_argument(
            "--with-comments",
            action="store_true",
            help="keep comments and free answers in it, once somebody has read them all",
        )
        parser.add_argument(
            "--for-spreadsheets", action="store_true", help="put an apostrophe before what a spreadsheet would work out"
        )

    def handle_study(self, study: Study, options: dict[str, Any]) -> None:
        try:
            if options["unblind"] is not None:
                unblind(study, reason=options["unblind"])
            self._export(study, options)
        except StillBlindError as error:
            raise CommandError(str(error)) from None

    def _export(self, study: Study, options: dict[str, Any]) -> None:
        folder = options["out"] or settings.EXPORTS_DIR
        try:
            export = export_study(study, folder=folder, now=timezone.now(), kind=_read_kind(options))
        except ExportRefusedError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{export.participants} participants, {export.trials} trials: {folder / export.file_name}")
        if export.is_public:
            emptied = export.privacy["participants_with_emptied_cells"]
            self.stdout.write(f"k = {export.privacy['k_reached']}; {emptied} participants have emptied cells.")


def _read_kind(options: dict[str, Any]) -> BundleKind:
    """Which bundle is asked for.

    Raises:
        CommandError: an option means nothing without --public.
    """
    if not options["public"]:
        if options["k"] is not None or options["with_comments"]:
            raise CommandError("--k and --with-comments say something of the public version: add --public.")
        return BundleKind(for_spreadsheets=options["for_spreadsheets"])
    return make_public(
        k=DEFAULT_K if options["k"] is None else options["k"],
        with_comments=options["with_comments"],
        for_spreadsheets=options["for_spreadsheets"],
    )
