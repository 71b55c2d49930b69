"""The bundle's columns in words: what `codebook.csv` says, and the order in which the tables are written.

The analysis keeps its own reading of this format in `analysis/schema.py`; a contract test holds the two together.
"""

SCHEMA_VERSION = "1"

CODEBOOK: list[tuple[str, str, str, str, str, str]] = [
    # file, column, type, unit, values, meaning
    ("arms.csv", "arm", "text", "", "", "the arm's name, unique in the study"),
    ("arms.csv", "label", "text", "", "", "the arm's name for people"),
    ("arms.csv", "n_params", "integer", "parameters", "> 0", "the size of the arm's model; empty = unknown"),
    ("arms.csv", "is_control", "flag", "", "0;1", "1 for the deliberately bad control model"),
    ("arms.csv", "generator", "text", "", "", "what wrote the arm's texts"),
    ("arms.csv", "sampling", "JSON", "", "", "temperature, top_p and the like; conditioned: context and title given"),
    (
        "arms.csv", "shots", "integer", "articles", ">= 0",
        "context articles that its prompts were to hold; empty = all of the study's that fit",
    ),
    ("arms.csv", "use", "JSON", "", "", "shots, context_choice, context_order, context_seed, instruction; as set"),
    ("items.csv", "item", "text", "", "", "the story's name: the id of its human article"),
    ("items.csv", "title", "text", "", "", "the title, shown with both versions"),
    ("items.csv", "subtitle", "text", "", "", "the subtitle, shown with both versions"),
    ("items.csv", "section", "text", "", "", "the newspaper section"),
    ("items.csv", "source", "text", "", "", "where the human article was published"),
    ("items.csv", "human_words", "integer", "words", ">= 0", "length of the human text as shown"),
    ("stimuli.csv", "stimulus", "text", "", "", "name of the exact text that was shown"),
    ("stimuli.csv", "item", "text", "", "", "the item it is a version of"),
    ("stimuli.csv", "arm", "text", "", "", "the arm whose model wrote it; empty = human"),
    ("stimuli.csv", "words", "integer", "words", ">= 0", "length of the text"),
    ("stimuli.csv", "seed", "integer", "", ">= 0", "the seed that makes the text again; empty = human"),
    ("stimuli.csv", "candidates", "integer", "texts", ">= 1", "candidates the rule chose from; empty = human"),
    ("stimuli.csv", "text", "text", "", "", "the text, paragraphs parted by a blank line"),
    ("stimuli.csv", "normalised", "list", "", "", "the rules of normalisation that changed the text, parted by ;"),
    ("stimuli.csv", "normalisation_version", "text", "", "", "of the rules; empty = unknown"),
    ("stimuli.csv", "shots", "integer", "articles", ">= 0", "context articles in its prompt; empty = unknown"),
    ("participants.csv", "participant", "text", "", "", "opaque name of a person in the study"),
    ("participants.csv", "arm", "text", "", "", "the arm they were allocated to"),
    ("participants.csv", "form", "text", "", "A;B", "the form they were allocated to"),
    (
        "participants.csv", "status", "text", "", "enrolled;completed;screened_out;dropped_out;withdrawn",
        "how far they came",
    ),
    ("participants.csv", "excluded", "flag", "", "0;1", "1 when a rule declared before launch leaves them out"),
    ("participants.csv", "exclusion_reasons", "list", "", "", "the rules that were broken, parted by ;"),
    ("participants.csv", "simulated", "flag", "", "0;1", "1 for a simulated participant"),
    ("participants.csv", "enrolled_at", "time", "", "", "when they consented, UTC"),
    ("participants.csv", "completed_at", "time", "", "", "when the last answer was stored, UTC; empty = not"),
    ("participants.csv", "looked_up", "flag", "", "0;1", "1 when they said they looked something up"),
    (
        "participants.csv", "block", "integer", "", ">= 1",
        "block of the allocation; those of one block were given the same items, in every arm and on both forms",
    ),
    (
        "participants.csv", "comprehension_passed", "flag", "", "0;1",
        "1 when they answered the questions about the instructions; empty = not asked, or not done",
    ),
    ("participants.csv", "comprehension_tries", "integer", "", ">= 0", "how often they tried; empty = not asked"),
    ("participants.csv", "language", "choice", "", "", "in which they read the study's pages, as en or zh-Hans"),
    (
        "participants.csv", "attention_asked", "integer", "", ">= 0",
        "attention checks that they answered; empty = the study has none",
    ),
    ("participants.csv", "attention_failed", "integer", "", ">= 0", "those of them that they answered wrongly"),
    ("trials.csv", "participant", "text", "", "", "who"),
    ("trials.csv", "arm", "text", "", "", "their arm"),
    ("trials.csv", "form", "text", "", "A;B", "their form"),
    ("trials.csv", "item", "text", "", "", "the story"),
    ("trials.csv", "stimulus", "text", "", "", "the exact text that was shown; of a pair, the model's"),
    ("trials.csv", "source", "text", "", "human;model", "who wrote that text"),
    ("trials.csv", "position", "integer", "", ">= 1", "place in this participant's order"),
    (
        "trials.csv", "judgment", "integer", "", "1;2;3;4;5",
        "1 very likely human, 2 more likely human, 3 I don't know, 4 more likely machine, 5 very likely machine; "
        "empty = unanswered",
    ),
    ("trials.csv", "seen_before", "flag", "", "0;1", "1 when they said they had seen the article before"),
    ("trials.csv", "shown_at", "time", "", "", "when the server first sent the page, UTC"),
    ("trials.csv", "answered_at", "time", "", "", "when the server stored the answer, UTC"),
    ("trials.csv", "seconds", "number", "seconds", ">= 0", "answered_at - shown_at, by the server's clock"),
    ("trials.csv", "active_seconds", "number", "seconds", ">= 0", "time with the page in front, by the browser"),
    ("trials.csv", "focus_losses", "integer", "", ">= 0", "times the page lost the focus, by the browser"),
    ("trials.csv", "comment", "text", "", "", "the participant's comment"),
    (
        "trials.csv", "stages_shown_at", "list", "", "",
        "when the second part of the text and those after it were first shown, UTC, parted by ;",
    ),
    ("trials.csv", "beside", "text", "", "", "the human text that stood beside the model's; empty = none did"),
    ("trials.csv", "first", "text", "", "model;human", "whose text stood first of the two"),
    (
        "trials.csv", "page_seconds", "number", "seconds", ">= 0",
        "time the page was open until the answer was given, by the browser; shorter than seconds where the page was "
        "closed between, or the answer was sent later",
    ),
    ("trials.csv", "answer_changes", "integer", "", ">= 0", "times another of the five answers was chosen instead"),
    ("trials.csv", "pastes", "integer", "", ">= 0", "times something was pasted into the comment"),
    (
        "trials.csv", "viewport", "text", "", "narrow;medium;wide",
        "width of the window: narrow below 600, medium below 1024, wide from 1024 CSS pixels on",
    ),
    (
        "trials.csv", "input", "text", "", "coarse;fine;none;coarse+keyboard;fine+keyboard;none+keyboard",
        "the device's main pointer (coarse: a finger; fine: a mouse or a pen), and whether a key was pressed outside "
        "the comment",
    ),
    ("detectors.csv", "stimulus", "text", "", "", "the exact text that a machine detector has scored"),
    ("detectors.csv", "detector", "text", "", "", "how (docs/detectors.md has the formulae)"),
    ("detectors.csv", "scorer", "text", "", "", "the model that read it; empty = none did"),
    (
        "detectors.csv", "given", "text", "", "nothing;title",
        "what the model was shown before the text, and was not scored",
    ),
    ("detectors.csv", "machine_when", "text", "", "high;low", "which end of the score says: a machine wrote it"),
    ("detectors.csv", "score", "number", "", "", "the score; empty = too short, or cannot be worked out"),
    ("detectors.csv", "tokens", "integer", "tokens", ">= 0", "those that were scored; empty = not by tokens"),
    ("codebook.csv", "file", "text", "", "", "a file of this bundle"),
    ("codebook.csv", "column", "text", "", "", "one of its columns"),
    ("codebook.csv", "type", "text", "", "text;integer;number;flag;time;list;JSON;choice", "what its cells hold"),
    ("codebook.csv", "unit", "text", "", "", "in what it is counted or measured"),
    ("codebook.csv", "values", "text", "", "", "the values it can take, parted by ;"),
    ("codebook.csv", "meaning", "text", "", "", "what it says"),
]  # fmt: skip

COLUMNS: dict[str, list[str]] = {}
for _file, _column, *_ in CODEBOOK:
    COLUMNS.setdefault(_file, []).append(_column)
