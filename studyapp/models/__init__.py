"""The rows of a study, one stem a file in the order of the line."""

from studyapp.models.articles import Article
from studyapp.models.audit import AuditEntry
from studyapp.models.export import Export
from studyapp.models.generation import Candidate, GenerationJob, Stimulus
from studyapp.models.participation import Assignment, Participant, PlatformIdentity, Trial
from studyapp.models.planning import PowerRun
from studyapp.models.quiz_forms import QuizForm, QuizFormItem
from studyapp.models.rehearsal import Rehearsal
from studyapp.models.responses import Response
from studyapp.models.study import Arm, ContextArticle, Item, Study
from studyapp.models.training import TrainingJob, TrainingLadder

__all__ = [
    "Arm",
    "Article",
    "Assignment",
    "AuditEntry",
    "Candidate",
    "ContextArticle",
    "Export",
    "GenerationJob",
    "Item",
    "Participant",
    "PlatformIdentity",
    "PowerRun",
    "QuizForm",
    "QuizFormItem",
    "Rehearsal",
    "Response",
    "Stimulus",
    "Study",
    "TrainingJob",
    "TrainingLadder",
    "Trial",
]
