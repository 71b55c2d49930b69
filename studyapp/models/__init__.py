"""The rows of a study, one stem a file in the order of the line."""

from studyapp.models.api_tokens import ApiToken
from studyapp.models.arms import Arm
from studyapp.models.articles import Article
from studyapp.models.audit import AuditEntry
from studyapp.models.blinding import BlindingAudit
from studyapp.models.detection import DetectorRun, DetectorScore
from studyapp.models.export import Export, LoadedBundle
from studyapp.models.generation import Candidate, GenerationJob, Stimulus
from studyapp.models.items import ContextArticle, Item
from studyapp.models.participation import Assignment, Participant, PlatformIdentity, Trial
from studyapp.models.places import Place
from studyapp.models.planning import PowerRun
from studyapp.models.prolific import (
    ProlificBonus,
    ProlificBonusBatch,
    ProlificStudy,
    ProlificSubmission,
    WebhookEvent,
)
from studyapp.models.questions import QuestionAnswer
from studyapp.models.quiz_forms import QuizForm, QuizFormItem
from studyapp.models.rehearsal import Rehearsal
from studyapp.models.responses import Response
from studyapp.models.review import ItemFlag, ItemLook
from studyapp.models.roles import StudyGroupPermission, StudyUserPermission
from studyapp.models.signed_entries import SignedEntry
from studyapp.models.study import Study
from studyapp.models.training import TrainingJob, TrainingLadder
from studyapp.models.watching import EntryTally, ProblemReport

__all__ = [
    "ApiToken",
    "Arm",
    "Article",
    "Assignment",
    "AuditEntry",
    "BlindingAudit",
    "Candidate",
    "ContextArticle",
    "DetectorRun",
    "DetectorScore",
    "EntryTally",
    "Export",
    "GenerationJob",
    "Item",
    "ItemFlag",
    "ItemLook",
    "LoadedBundle",
    "Participant",
    "Place",
    "PlatformIdentity",
    "PowerRun",
    "ProblemReport",
    "ProlificBonus",
    "ProlificBonusBatch",
    "ProlificStudy",
    "ProlificSubmission",
    "QuestionAnswer",
    "QuizForm",
    "QuizFormItem",
    "Rehearsal",
    "Response",
    "SignedEntry",
    "Stimulus",
    "Study",
    "StudyGroupPermission",
    "StudyUserPermission",
    "TrainingJob",
    "TrainingLadder",
    "Trial",
    "WebhookEvent",
]
