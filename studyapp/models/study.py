"""A study: its design as rows until `launch` freezes it."""

import secrets
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.functional import cached_property

from studyapp.domain.attention import AttentionQuestion
from studyapp.domain.comprehension import ComprehensionQuestion
from studyapp.domain.data_protection import DataProtection
from studyapp.domain.debriefing import MOST_DAYS
from studyapp.domain.languages import is_same
from studyapp.domain.normalisation import RULES
from studyapp.domain.pay import TimeEstimate, estimate_time
from studyapp.domain.questions import Question, read_question
from studyapp.domain.reading_time import Pace
from studyapp.domain.study_design import PLATFORMS, PRESENTATIONS, Recruitment
from studyapp.domain.study_texts import SpokenTexts, Translation, read_stored, translate_texts
from studyapp.recruitment import Adapter


def list_rules() -> list[str]:
    """Every rule of normalisation: what a study begins with."""
    return list(RULES)


def list_platforms() -> list[tuple[str, str]]:
    """A function, so that a further platform needs no migration."""
    return [(name, name) for name in PLATFORMS]


class StudyState(models.TextChoices):
    DRAFT = "draft"
    LAUNCHED = "launched"
    CLOSED = "closed"


class StudyQuerySet(models.QuerySet):
    def open_to_participants(self) -> "StudyQuerySet":
        return self.filter(state=StudyState.LAUNCHED)

    def real(self) -> "StudyQuerySet":
        """Studies, without the copies that rehearsals run on."""
        return self.filter(rehearsal_of=None)


class Study(models.Model):
    """draft → launched → closed. The columns below `texts` are those of `domain.study_design`, one for one."""

    State = StudyState

    slug = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=200, help_text="shown to participants; must not tell which texts are whose")
    preset = models.CharField(max_length=60, default="gpt3-short")
    language = models.CharField(max_length=20, default="en")
    seed = models.BigIntegerField(default=0, help_text="forms, candidates and orders are drawn from it")
    state = models.CharField(max_length=10, choices=StudyState, default=StudyState.DRAFT, editable=False)

    consent_text = models.TextField("consent", blank=True, help_text="Markdown")
    instructions_text = models.TextField("instructions", blank=True, help_text="Markdown")
    question_text = models.TextField("question", blank=True, help_text="asked under every article")
    debriefing_text = models.TextField("debriefing", blank=True, help_text="Markdown")
    texts_by_language = models.JSONField(
        default=dict, blank=True, help_text="the texts in further languages, as [texts.de] of a study file has them"
    )
    _spoken = ""  # the further language in which this very object is read, by `read_in`

    presentation = models.CharField(
        max_length=10,
        default="single",
        choices=[(name, name) for name in PRESENTATIONS],
        help_text="one text a page, or both versions of a title side by side",
    )
    reveal_stages = models.PositiveIntegerField(default=1, help_text="parts in which an article is shown")
    reveal_seconds = models.PositiveIntegerField(default=30, help_text="between one part and the next")
    comprehension = models.JSONField(default=list, blank=True, help_text="questions asked before the first article")
    comprehension_tries = models.PositiveIntegerField(default=2)
    questions = models.JSONField(default=list, blank=True, help_text="the study's own, before or after the articles")
    asks_seen_before = models.BooleanField(default=True)
    asks_comment = models.BooleanField(default=True)
    asks_looked_up = models.BooleanField(default=True)
    measures_behaviour = models.BooleanField(default=True, help_text="what participants do on the page of a text")
    internet_check_question = models.TextField(blank=True)
    internet_check_solutions = models.JSONField(default=list, blank=True)
    attention = models.JSONField(default=list, blank=True, help_text="attention checks between the articles")
    min_reading_seconds = models.PositiveIntegerField(default=0, help_text="before an answer is taken; 0: none")
    max_reading_wpm = models.PositiveIntegerField(default=0, help_text="words a minute; 0: no such bound")
    exclusion_rules = models.JSONField(default=list, blank=True)
    exclusion_bounds = models.JSONField(default=dict, blank=True, help_text="what the rules hold facts against")

    shows_score = models.BooleanField(default=False, help_text="their own, after the last answer")
    asks_again = models.BooleanField(default=False, help_text="after the debriefing: may the answers be kept?")
    withdrawal_days = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MaxValueValidator(MOST_DAYS)],
        help_text="after the end of a participation, in which its answers can be withdrawn; empty: no last day",
    )

    data_protection = models.JSONField(
        default=dict, blank=True, help_text="what its page tells, and the days after which `purge` deletes"
    )

    participants_per_cell = models.PositiveIntegerField(default=40, help_text="in each arm x form")
    dropout_minutes = models.PositiveIntegerField(default=90)
    give_back_after_minutes = models.PositiveIntegerField(
        default=0,
        validators=[MaxValueValidator(60 * 24 * 30)],
        help_text="until the place of somebody who left goes to another; 0: at once",
    )
    replaces_excluded = models.BooleanField(default=True, help_text="their place goes to somebody else")
    replaces_withdrawn = models.BooleanField(default=True, help_text="their place goes to somebody else")
    items_shown = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(2)],
        help_text="of the items, to each participant; empty: all of them",
    )
    candidates_per_article = models.PositiveIntegerField(default=5)
    fitness = models.JSONField(default=dict, blank=True, help_text="thresholds that the study sets itself")
    normalisation = models.JSONField(
        default=list_rules, blank=True, help_text="rules by which all texts are levelled before they are shown"
    )

    platform = models.CharField(max_length=30, default="anonymous", choices=list_platforms)
    completion_code = models.CharField(max_length=40, blank=True)
    estimated_minutes = models.PositiveIntegerField(default=30)
    reward = models.CharField(max_length=60, blank=True)
    contact = models.CharField(max_length=200, blank=True)
    excludes = models.JSONField(
        default=list, blank=True, help_text="slugs of the studies whose participants may not take part in this one"
    )
    platform_settings = models.JSONField(default=dict, blank=True, help_text="outcomes, hosts, secure_link, settings")

    rehearsal_of = models.ForeignKey(
        "self", null=True, editable=False, on_delete=models.CASCADE, related_name="copies",
        help_text="only simulated participants enter this copy of that study, for ever",
    )  # fmt: skip
    created_at = models.DateTimeField(auto_now_add=True)
    launched_at = models.DateTimeField(null=True, editable=False)
    closed_at = models.DateTimeField(null=True, editable=False)
    ids_deleted_at = models.DateTimeField(null=True, editable=False, help_text="those of the platform, by `purge`")
    answers_deleted_at = models.DateTimeField(null=True, editable=False, help_text="by `purge`")
    frozen_design = models.JSONField(null=True, editable=False)
    design_sha256 = models.CharField(max_length=64, blank=True, editable=False)

    objects = StudyQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name_plural = "studies"
        permissions = [("own_study", "Can launch, close and unblind the study, and say who works on it")]
        constraints = [
            models.CheckConstraint(
                name="launched_study_is_frozen",
                condition=Q(state="draft") | Q(launched_at__isnull=False, frozen_design__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("staff:study_overview", args=[self.slug])

    @property
    def is_draft(self) -> bool:
        return self.state == StudyState.DRAFT

    @property
    def adapter(self) -> Adapter:
        """The platform that participants come from, in the words of this study."""
        said = Recruitment.read_platform_settings(self.platform_settings)
        return Recruitment(platform=self.platform, completion_code=self.completion_code, **said).make_adapter()

    def clean(self) -> None:
        """What the admin's form says of the platform must be what the platform can have."""
        try:
            self.adapter  # noqa: B018 - making it is the check
        except (ValueError, TypeError, AttributeError) as error:
            raise ValidationError(f"{error}") from None

    @property
    def protection(self) -> DataProtection:
        """What participants are told of their data, and how long they are kept."""
        return DataProtection(
            **{key: tuple(said) if isinstance(said, list) else said for key, said in self.data_protection.items()}
        )

    @property
    def names_people(self) -> bool:
        """Whether those who come bring an id by which somebody else knows them."""
        return bool(self.adapter.id_param)

    @property
    def is_rehearsal(self) -> bool:
        return self.rehearsal_of_id is not None

    @property
    def items_read(self) -> int:
        """The items that one participant is shown: all, or as many of the pool as the study says."""
        return self.items_shown or self.items.count()

    def estimate_time(self) -> TimeEstimate | None:
        """How long its texts and questions should take one participant; None while it has no item.

        A model's version is about as long as the human one; of a pair both are read.
        """
        words = list(self.items.values_list("article__words", flat=True))
        texts = [2 * number for number in words] if self.is_paired else words
        return estimate_time(texts, n_shown=min(self.items_read, len(words))) if words else None

    @property
    def asks_at_end(self) -> bool:
        """Whether there is anything on the page of the last questions; without, the last answer completes."""
        return self.asks_looked_up or bool(self.internet_check_question)

    @property
    def is_paired(self) -> bool:
        """Every page shows the human and the model's version of one title."""
        return self.presentation == "paired"

    @property
    def comprehension_questions(self) -> list[ComprehensionQuestion]:
        return [_read_question(entry) for entry in self.comprehension]

    @property
    def languages(self) -> list[str]:
        """In which participants can read it: its own first, then the further ones."""
        return [self.language, *self.texts_by_language]

    @property
    def translations(self) -> dict[str, Translation]:
        return read_stored(self.texts_by_language)

    def read_in(self, language: str) -> None:
        """Let `texts` be in a language of the study; any other one is its own. Nothing is stored."""
        self._spoken = next((tag for tag in self.texts_by_language if is_same(tag, language)), "")
        self.__dict__.pop("texts", None)

    @cached_property
    def texts(self) -> SpokenTexts:
        """What a participant reads, in the language of `read_in`; without it, in the study's own."""
        if not self._spoken:
            return self._own_texts
        translation = read_stored({self._spoken: self.texts_by_language[self._spoken]})[self._spoken]
        return translate_texts(self._own_texts, language=self._spoken, translation=translation)

    @property
    def _own_texts(self) -> SpokenTexts:
        return SpokenTexts(
            language=self.language,
            own=self.language,
            title=self.title,
            reward=self.reward,
            consent=self.consent_text,
            instructions=self.instructions_text,
            question=self.question_text,
            debriefing=self.debriefing_text,
            internet_check_question=self.internet_check_question,
            comprehension=tuple(self.comprehension_questions),
            attention=tuple(self.attention_questions),
            questions=self.own_questions,
        )

    def list_further_texts(self) -> list[SpokenTexts]:
        """What participants read, in each language beside the study's own."""
        own = self._own_texts
        return [translate_texts(own, language=tag, translation=said) for tag, said in self.translations.items()]

    def list_solutions(self) -> list[str]:
        """The right answers to the internet-check question, in every language of the study."""
        further = [said for entry in self.translations.values() for said in entry.internet_check_solutions]
        return [*self.internet_check_solutions, *further]

    @property
    def attention_questions(self) -> list[AttentionQuestion]:
        """The attention checks in the order in which they come."""
        return [AttentionQuestion(**{**entry, "choices": tuple(entry["choices"])}) for entry in self.attention]

    @property
    def pace(self) -> Pace:
        return Pace(min_seconds=self.min_reading_seconds, max_wpm=self.max_reading_wpm)

    @property
    def own_questions(self) -> tuple[Question, ...]:
        """The study's own questions, in their order."""
        return tuple(read_question(entry) for entry in self.questions)

    @cached_property
    def is_demonstration(self) -> bool:
        """True where the "human" articles are machine-written stand-ins; every page says so."""
        return self.items.filter(article__stand_in=True).exists()

    @property
    def places_wanted(self) -> int:
        """Its places once they are laid down; before that, what its targets come to over both forms."""
        return self.places.count() or 2 * sum(arm.target_per_cell for arm in self.arms.select_related("study"))


def _read_question(entry: dict[str, Any]) -> ComprehensionQuestion:
    return ComprehensionQuestion(question=entry["question"], choices=tuple(entry["choices"]), answer=entry["answer"])


def make_code() -> str:
    """An opaque, unguessable name (96 bits) for a row that participants' browsers or exports name."""
    return secrets.token_hex(12)
