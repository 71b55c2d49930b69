"""Answers to the study's own questions, appended once and never changed."""

from django.db import models

from studyapp.domain.questions import PREFER_NOT
from studyapp.models.participation import Participant
from studyapp.models.study import Study


class QuestionAnswerQuerySet(models.QuerySet):
    def typed(self, study: Study) -> "QuestionAnswerQuerySet":
        """What participants of a study wrote in words of their own."""
        names = [question.name for question in study.own_questions if question.is_typed]
        given = self.filter(participant__study=study, question__in=names, answer__isnull=False)
        return given.exclude(answer=PREFER_NOT)


class QuestionAnswer(models.Model):
    """What a participant said to one of the study's questions; it is there as soon as they were asked.

    `answer` is as `domain.questions.Answer` has it: null where the question was left empty.
    """

    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="question_answers")
    question = models.CharField(max_length=40, help_text="its name in the study file")
    answer = models.JSONField(null=True)
    answered_at = models.DateTimeField()

    objects = QuestionAnswerQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["participant", "question"], name="question_answered_once_a_participant")
        ]

    def __str__(self) -> str:
        return f"answer of {self.participant} to {self.question}"
