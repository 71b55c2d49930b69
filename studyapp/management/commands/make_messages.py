"""Bring the raters' catalogues up to date: `manage.py make_messages [--check]`; `make messages` is the same."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from studyapp.catalogues import LOCALES, collect_sentences, find_gaps, update_catalogue


class Command(BaseCommand):
    help = "Collect the fixed sentences of the raters' pages into locale/, compile it, and say what is untranslated."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing, and fail where anything is lacking")

    def handle(self, *args: Any, **options: Any) -> None:
        sentences = collect_sentences()
        if not options["check"]:
            for locale in LOCALES:
                update_catalogue(locale, sentences)
        gaps = [gap for locale in LOCALES for gap in find_gaps(locale, sentences)]
        for gap in gaps:
            self.stdout.write(str(gap))
        told = f"{len(sentences)} sentences in {len(LOCALES)} languages beside English"
        if gaps and options["check"]:
            raise CommandError(f"{told}; {len(gaps)} to mend.")
        self.stdout.write(f"{told}; {len(gaps)} to translate, in studyapp/locale/." if gaps else f"{told}; complete.")
