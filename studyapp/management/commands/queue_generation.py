"""Queue a study's articles: `manage.py queue_generation SLUG [--more] [--wait]`."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.db.models import Count

from studyapp.actions.generation import GenerationRefusedError, queue_jobs, queue_more_candidates
from studyapp.management.study_command import StudyCommand
from studyapp.management.terminal import open_progress
from studyapp.models import GenerationJob, Study
from studyapp.tasks.generation import send_jobs
from studyapp.tasks.sending import QueueUnreachableError


class Command(StudyCommand):
    help = "Queue every article of every arm that is not written yet; failed jobs are tried again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--more",
            action="store_true",
            help="also further candidates of each article that has none fit to show, as many as the study says",
        )
        parser.add_argument("--wait", action="store_true", help="stay until all are written, with a bar")

    def handle_study(self, study: Study, options: dict[str, Any]) -> None:
        try:
            job_ids = queue_jobs(study)
            if options["more"]:
                unserved = GenerationJob.objects.of_study(study.pk).without_fit_candidate()
                job_ids += [queue_more_candidates(job, n_more=study.candidates_per_article) for job in unserved]
            send_jobs(job_ids)
        except (GenerationRefusedError, QueueUnreachableError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{len(job_ids)} texts queued for {study.slug!r}.")
        if options["wait"]:
            self._wait(study)

    def _wait(self, study: Study) -> None:
        jobs = GenerationJob.objects.of_study(study.pk)
        with open_progress() as progress:
            bar = progress.add_task("Writing articles", total=jobs.count())
            while True:
                counts = dict(jobs.order_by().values_list("state").annotate(Count("id")))
                failed = counts.get(GenerationJob.State.FAILED, 0)
                finished = counts.get(GenerationJob.State.DONE, 0) + failed
                progress.update(bar, completed=finished)
                if finished == sum(counts.values()):
                    break
                time.sleep(0.5)
        for row in jobs.count_errors():
            self.stderr.write(f"{row['arm__name']}, {row['n']} articles: {row['error']}")
        if failed:
            raise CommandError(f"{failed} articles failed; mend the cause and run this again.")
