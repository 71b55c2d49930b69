"""The bundle's format (schema version 1): every file's columns, their types, values and meaning.

The one place in this package that knows the format. The study's side keeps its own description; a contract test holds
the two together.
"""

from dataclasses import dataclass
from typing import Literal

SCHEMA_VERSION = "1"
Kind = Literal["text", "integer", "number", "flag", "time", "list", "JSON", "choice"]

STATUSES = ("enrolled", "completed", "screened_out", "dropped_out", "withdrawn")
JUDGMENTS = (1, 2, 3, 4, 5)
NEUTRAL = 3


@dataclass(frozen=True)
class Column:
    """One column. `values` are all that may stand in it; `required`: no cell may be empty; `least`: lower bound.

    `is_added`: it came to the format later, so bundles of before, and other people's, may lack it; it is then unknown.
    """

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    values: tuple[str, ...] = ()
    required: bool = False
    least: float | None = None
    is_added: bool = False


@dataclass(frozen=True)
class Table:
    """One file. `is_needed` files must be in every bundle; further columns are allowed where `is_open`."""

    name: str
    columns: tuple[Column, ...]
    is_needed: bool = False
    is_open: bool = True

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


_FLAG = ("0", "1")
ARMS = Table(
    "arms.csv",
    (
        Column("arm", "text", "name of the arm", required=True),
        Column("label", "text", "its name for people"),
        Column("n_params", "integer", "size of its model", unit="parameters", least=1),
        Column("is_control", "flag", "1 for the control model", values=_FLAG, required=True),
        Column("generator", "text", "what wrote its texts"),
        Column("sampling", "JSON", "temperature and the like"),
        Column("shots", "integer", "context articles in a prompt; empty = all that fit", least=0, is_added=True),
        Column("use", "JSON", "how the context was chosen, and an instruction", is_added=True),
    ),
    is_needed=True,
)
ITEMS = Table(
    "items.csv",
    (
        Column("item", "text", "name of the story", required=True),
        Column("title", "text", "shown with both versions"),
        Column("subtitle", "text", "shown with both versions"),
        Column("section", "text", "newspaper section"),
        Column("source", "text", "where the human article was published"),
        Column("human_words", "integer", "length of the human text", unit="words", least=0),
    ),
)
STIMULI = Table(
    "stimuli.csv",
    (
        Column("stimulus", "text", "name of the exact text", required=True),
        Column("item", "text", "the story", required=True),
        Column("arm", "text", "the arm whose model wrote it; empty = human"),
        Column("words", "integer", "length", unit="words", least=0),
        Column("seed", "integer", "makes the text again", least=0),
        Column("candidates", "integer", "texts the rule chose from", unit="texts", least=1),
        Column("text", "text", "the text"),
        Column("normalised", "list", "the rules of normalisation that changed it", is_added=True),
        Column("normalisation_version", "text", "of the rules", is_added=True),
        Column("shots", "integer", "context articles in its prompt; empty = unknown", least=0, is_added=True),
    ),
)
PARTICIPANTS = Table(
    "participants.csv",
    (
        Column("participant", "text", "opaque name of a person", required=True),
        Column("arm", "text", "their arm", required=True),
        Column("form", "text", "their form"),
        Column("status", "text", "how far they came", values=STATUSES, required=True),
        Column("excluded", "flag", "1 when a declared rule leaves them out", values=_FLAG, required=True),
        Column("exclusion_reasons", "list", "the rules that were broken"),
        Column("simulated", "flag", "1 for a simulated participant", values=_FLAG),
        Column("enrolled_at", "time", "when they consented"),
        Column("completed_at", "time", "when the last answer was stored"),
        Column("looked_up", "flag", "1 when they said they looked something up", values=_FLAG),
        Column("block", "integer", "those of one block were given the same items", least=1, is_added=True),
        Column("comprehension_passed", "flag", "1 when they answered the questions about the instructions",
               values=_FLAG, is_added=True),
        Column("comprehension_tries", "integer", "how often they tried", least=0, is_added=True),
        Column("language", "choice", "in which they read the study's pages", is_added=True),
        Column("attention_asked", "integer", "attention checks that they answered", least=0, is_added=True),
        Column("attention_failed", "integer", "those that they answered wrongly", least=0, is_added=True),
    ),
    is_needed=True,
)  # fmt: skip
TRIALS = Table(
    "trials.csv",
    (
        Column("participant", "text", "who", required=True),
        Column("arm", "text", "their arm", required=True),
        Column("form", "text", "their form"),
        Column("item", "text", "the story", required=True),
        Column("stimulus", "text", "the exact text; of a pair, the model's"),
        Column("source", "text", "who wrote it", values=("human", "model"), required=True),
        Column("position", "integer", "place in the participant's order", least=1),
        Column("judgment", "integer", "1 very likely human … 5 very likely machine; empty = unanswered",
               values=tuple(map(str, JUDGMENTS))),
        Column("seen_before", "flag", "1 when seen before", values=_FLAG),
        Column("shown_at", "time", "when the page was first sent"),
        Column("answered_at", "time", "when the answer was stored"),
        Column("seconds", "number", "answered_at - shown_at", unit="seconds", least=0),
        Column("active_seconds", "number", "time with the page in front", unit="seconds", least=0),
        Column("focus_losses", "integer", "times the page lost the focus", least=0),
        Column("comment", "text", "the participant's comment"),
        Column("stages_shown_at", "list", "when the second part and those after it were first shown", is_added=True),
        Column("beside", "text", "the human text that stood beside the model's", is_added=True),
        Column("first", "text", "whose text stood first of the two", values=("model", "human"), is_added=True),
        Column("page_seconds", "number", "time the page was open, by the browser", unit="seconds", least=0,
               is_added=True),
        Column("answer_changes", "integer", "times the chosen answer was changed", least=0, is_added=True),
        Column("pastes", "integer", "times something was pasted into the comment", least=0, is_added=True),
        Column("viewport", "text", "width of the window", values=("narrow", "medium", "wide"), is_added=True),
        Column("input", "text", "main pointer, and whether a key was pressed",
               values=("coarse", "fine", "none", "coarse+keyboard", "fine+keyboard", "none+keyboard"), is_added=True),
    ),
    is_needed=True,
)  # fmt: skip
DETECTORS = Table(
    "detectors.csv",
    (
        Column("stimulus", "text", "the exact text", required=True),
        Column("detector", "text", "how it was scored", required=True),
        Column("scorer", "text", "the model that read it; empty = none did"),
        Column("given", "text", "what the model was shown before it", values=("nothing", "title"), required=True),
        Column("machine_when", "text", "which end of the score says machine", values=("high", "low"), required=True),
        Column("score", "number", "the score"),
        Column("tokens", "integer", "those that were scored", unit="tokens", least=0),
    ),
)
CODEBOOK = Table(
    "codebook.csv",
    tuple(Column(name, "text", "") for name in ("file", "column", "type", "unit", "values", "meaning")),
)
TABLES = (ARMS, ITEMS, STIMULI, PARTICIPANTS, TRIALS, DETECTORS, CODEBOOK)
ENROLMENTS = Table(  # a record of full bundles; of its columns those that the report reads
    "enrolments.csv",
    (
        Column("participant", "text", "who", required=True),
        Column("dropout_reason", "text", "what the platform said of their leaving", is_added=True),
        Column("screen_out_reason", "text", "why they were not sought", is_added=True),
        Column("exclusion_facts", "JSON", "by rule that was broken: what led to it, and its bound", is_added=True),
    ),
)
