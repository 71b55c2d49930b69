"""What is kept of a running study beside its answers: arrivals as numbers, and reports of broken articles."""

from django.db import models
from django.db.models import Exists, F

from studyapp.models.generation import Stimulus
from studyapp.models.participation import Trial
from studyapp.models.study import Study
from studyapp.models.written_once import RowsOnce, number


class EntryOutcome(models.TextChoices):
    """What can become of an arrival at the entry link."""

    OPENED = "opened", "opened the consent page"
    PREVIEW = "preview", "looked as a researcher"
    BAD_LINK = "bad_link", "came with a link that cannot be used"
    DECLINED = "declined", "declined"
    FULL = "full", "found no place"
    ENROLLED = "enrolled", "enrolled"


class EntryTally(models.Model):
    """How often an outcome came about on a day (UTC): a number, and nothing of anybody."""

    Outcome = EntryOutcome

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="entry_tallies")
    day = models.DateField()
    outcome = models.CharField(max_length=10, choices=EntryOutcome)
    simulated = models.BooleanField(default=False)
    n = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-day", "outcome"]
        verbose_name_plural = "entry tallies"
        constraints = [
            models.UniqueConstraint(
                fields=["study", "day", "outcome", "simulated"], name="tally_once_a_day_and_outcome"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.outcome}: {self.n}"


class ProblemReport(models.Model):
    """A participant says that something is wrong with an article; once for each trial, deleted with it."""

    trial = models.OneToOneField(Trial, on_delete=models.CASCADE, related_name="problem")
    message = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"a problem with {self.trial}"


# A trial's text with the heading above it, and whether something has been reported of it.
find_text_of_page = RowsOnce(
    Stimulus,
    lambda: (
        Stimulus.objects.filter(trials=number("trial"))
        .order_by()
        .only("text", "words")
        .annotate(
            title=F("item__article__title"),
            subtitle=F("item__article__subtitle"),
            language=F("item__article__language"),
            is_reported=Exists(ProblemReport.objects.filter(trial=number("trial"))),
        )
    ),
)
