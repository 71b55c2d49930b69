"""What the setup pages call the keys of a design, and say of them. A key without words here is shown by its name."""

from dataclasses import dataclass

from studyapp.domain.context_choice import ZERO_SHOT_INSTRUCTION
from studyapp.domain.exclusion import RULE_MEANINGS
from studyapp.domain.normalisation import RULES as NORMALISATION_RULES
from studyapp.domain.question_types import FURTHER
from studyapp.domain.text_design import FLAG_MEANINGS


@dataclass(frozen=True)
class Words:
    """A label, and what one should know before one fills it in."""

    label: str
    help: str = ""


SECTIONS = {
    "study": "The study",
    "texts": "Texts that participants read",
    "checks": "Questions beside the judgment, and exclusions",
    "exclusion": "Bounds of the exclusion rules",
    "debriefing": "After the last article",
    "data_protection": "Data protection",
    "comprehension": "Questions about the instructions, before the first article",
    "targets": "How many participants",
    "recruitment": "Recruitment",
    "articles": "Articles and candidates",
    "fitness": "When a generated text is unfit to be shown",
    "normalisation": "How all texts are levelled before they are shown",
    "arms": "Arm",
}
_AS_BUILT = "Empty: as Byline has it."
WORDS = {
    "study.title": Words("Title", "Participants see it; it must not tell which texts are whose."),
    "study.language": Words(
        "Language",
        "Of the articles and of these texts, as en or de; generated texts in another one are unfit to be shown.",
    ),
    "study.seed": Words("Seed", "Candidates, forms and orders are drawn from it; the same seed draws the same."),
    "texts.consent": Words(
        "Consent", "Markdown. The first page: what the study is, what is kept, what one may refuse."
    ),
    "texts.instructions": Words("Instructions", "Markdown. Shown after consent, before the first article."),
    "texts.question": Words("Question", "Asked under every article, above the five answers."),
    "texts.debriefing": Words("Debriefing", "Markdown. The last page, above the list of which texts a program wrote."),
    "checks.seen_before": Words("Ask after every article: have you seen it before?"),
    "checks.comment": Words("Offer a comment under every article"),
    "checks.looked_up": Words("Ask at the end: did you look anything up?"),
    "checks.behaviour": Words(
        "Measure what participants do on the page of a text",
        "Time in front, leaving the page, changed answers, pasted comments, width of the window, finger, mouse or "
        "keyboard. The consent page says so by itself. For the analysis only; nobody is judged by it.",
    ),
    "checks.internet_check_question": Words(
        "Internet-check question",
        "Asked at the end: something that only somebody who looks things up would answer right. Empty: not asked.",
    ),
    "checks.internet_check_solutions": Words(
        "Its right answers", "One a line. Small and capital letters, blanks and signs are not looked at."
    ),
    "checks.exclusion_rules": Words(
        "Exclusion rules", "Set before launch. Who breaks one is left out of the analysis; their answers are kept."
    ),
    "debriefing.show_score": Words(
        "Tell participants how many they got right",
        "Below the list of who wrote what, which everybody is shown after their last answer. Off: a score is what "
        "people compare and pass on, and those who come later then know what to expect.",
    ),
    "debriefing.ask_again": Words(
        "Ask again, after the debriefing, whether their answers may be kept",
        "For boards that ask for it. Who says no is led to the page that deletes them; code and reward stay the same.",
    ),
    "debriefing.withdrawal_days": Words(
        "Days in which answers can be withdrawn",
        "After the day on which a participation ends; participants are told the last day. Empty: as long as the study "
        "is kept. Publish nothing before it is over.",
    ),
    "data_protection.controller": Words(
        "Who is responsible", "Name and postal address of the institution, as its page for participants tells them."
    ),
    "data_protection.contact": Words("Contact for questions about data", "A data protection officer, or yourself."),
    "data_protection.purpose": Words(
        "What for",
        "Empty: research on whether people can tell news articles written by programs from those written by people, "
        "said in each language of the pages. Your own words are shown as they are.",
    ),
    "data_protection.legal_basis": Words("On what ground"),
    "data_protection.processors": Words(
        "Who else works on it for you", "One a line, as the host of this site; the platform is named by itself."
    ),
    "data_protection.authority": Words("The authority that one may complain to", "Its name and address."),
    "data_protection.keep_ids_days": Words(
        "Days until the platform's ids are deleted",
        "After the study is closed; leave time for approvals and bonuses. Empty: they stay until you delete them by "
        "`manage.py purge`. Who took part is known again without them.",
    ),
    "data_protection.keep_answers_days": Words(
        "Days until the answers are deleted",
        "After the study is closed, with the bundles that are here. Empty: they are kept.",
    ),
    "targets.participants_per_cell": Words("Participants in each arm and form", "The published study had about 40."),
    "targets.dropout_minutes": Words(
        "Minutes of silence that count as a dropout", "Their place is then given to somebody else."
    ),
    "targets.give_back_after_minutes": Words(
        "Minutes until a place that is given up goes to somebody else", "0: at once."
    ),
    "targets.replace_excluded": Words("Replace who is excluded", "So that the target is of people who count."),
    "targets.replace_withdrawn": Words("Replace who withdraws"),
    "checks.presentation": Words(
        "A page shows", "One text and its question, or the human and the model's version of a title side by side."
    ),
    "checks.reveal_stages": Words(
        "Parts in which an article is shown", "1: whole. The published long study had three, to make people read."
    ),
    "checks.reveal_seconds": Words("Seconds from one part to the next", "By the server's clock."),
    "checks.comprehension_tries": Words(
        "Tries at the questions about the instructions",
        "Panels ask for two at least; failing them never stops anybody.",
    ),
    "comprehension.question": Words("What is asked"),
    "comprehension.choices": Words("Choices", "One a line, at least two, in the order in which they stand there."),
    "comprehension.answer": Words("Right choice", "The one of that number."),
    "attention.text": Words(
        "What it says",
        "One plain line that tells exactly what to choose; {answer} stands for the words of the right answer as the "
        "page shows them.",
    ),
    "attention.answer": Words(
        "Right answer", "One of the five answers about an article, or, of its own choices, the one of that number."
    ),
    "attention.after": Words("Comes after so many articles"),
    "attention.choices": Words(
        "Choices of its own", "One a line. Empty: the five answers that articles are judged on."
    ),
    "attention.kind": Words("Kind", "What panels allow, and nothing else."),
    "checks.min_reading_seconds": Words(
        "Seconds before an answer is taken", "From the first sight of a text, by the server's clock. 0: none."
    ),
    "checks.max_reading_wpm": Words(
        "The same by its words: nobody reads more words a minute than",
        "Silent reading has about 240. The longer of the two holds. 0: none.",
    ),
    "exclusion.attention_failed": Words(
        "attention: failed checks, at least", "Two in a study of five minutes or more."
    ),
    "exclusion.too_fast_seconds": Words(
        "too_fast: the median time of a text is below (seconds)", "0: the median is not looked at."
    ),
    "exclusion.too_fast_wpm": Words("too_fast: or texts answered at more words a minute than", "0: not looked at."),
    "exclusion.too_fast_share": Words("too_fast: … where they are more than this share of the texts"),
    "exclusion.same_answer_run": Words("same_answer: equal answers in a row, at least", "0: all of them."),
    "exclusion.incomplete_share": Words("incomplete: left with less than this share of the texts answered"),
    "exclusion.dont_know_share": Words("dont_know_share: “I don't know” in more than this share of the answers"),
    "questions.name": Words("Name", "Its column in participants.csv: small letters, digits and underscores."),
    "questions.text": Words("Question"),
    "questions.type": Words("Type"),
    "questions.help": Words("Help", "A line below the question."),
    "questions.choices": Words("Choices", "One a line, in their order; of one or several choices only."),
    "questions.alone": Words(
        "Choices that go with no other", "One a line, as they stand above; “None of these”, where several are chosen."
    ),
    "questions.ordered": Words(
        "The choices go up or down", "So that neighbours can be joined where a public version must tell less."
    ),
    "questions.least": Words("Least", "Of a number (0 where empty) or a scale (1)."),
    "questions.most": Words("Most", "Of a number or a scale (7 where empty)."),
    "questions.low_label": Words("Label of the scale's low end"),
    "questions.high_label": Words("Label of its high end"),
    "questions.required": Words("An answer is required"),
    "questions.demographic": Words(
        "It asks who somebody is", "“Prefer not to say” is then offered, which counts as an answer."
    ),
    "questions.when": Words(
        "Asked", "Whoever is asked of language models before the articles looks for them in the articles."
    ),
    "recruitment.platform": Words("Platform", "Where participants come from; anonymous: anybody with the link."),
    "recruitment.completion_code": Words("Completion code", "Of the platform; Prolific needs one, as C1ABCDEF."),
    "recruitment.estimated_minutes": Words("Minutes", "Participants are told how long it takes."),
    "recruitment.reward": Words("Reward", "As participants are told it, as “USD 6” or “£4.50”; empty for none."),
    "recruitment.contact": Words("Contact", "Shown under every page: a name and an address."),
    "recruitment.excludes": Words(
        "Excluded studies", "Slugs, one a line: whoever took part in one of them cannot take part in this one."
    ),
    "recruitment.outcomes": Words(
        "Codes or links of the other ends",
        'Of the platform, as in a study file: outcomes = { no_consent = "C2ABCDEF", screen_out = "C3ABCDEF" }; see '
        "docs/recruitment.md.",
    ),
    "recruitment.hosts": Words("Hosts that such links may lead to", "One a line, beside the platform's own."),
    "recruitment.secure_link": Words("Entry links are signed by the platform", "Prolific: its signed URLs."),
    "recruitment.settings": Words(
        "What the platform alone has", 'As in a study file: settings = { id_param = "RID" }; see docs/recruitment.md.'
    ),
    "articles.shown": Words(
        "Items that one participant reads",
        "Empty: all. Fewer of a larger pool let the answer hold for more than these articles.",
    ),
    "articles.candidates": Words(
        "Candidates for each article and model",
        "The one closest in length to the human article is shown. Holds for articles that are queued from now on.",
    ),
    "fitness.min_words": Words("Fewest words", _AS_BUILT),
    "fitness.least_ratio": Words("Shortest, as a share of the human article's words", _AS_BUILT),
    "fitness.most_ratio": Words("Longest, as a share of the human article's words", _AS_BUILT),
    "fitness.max_repeated_share": Words("Most repetition, as a share of its 4-grams", _AS_BUILT),
    "fitness.context_run": Words("Words in a row from a context article", _AS_BUILT),
    "fitness.human_run": Words("Words in a row from the human article", _AS_BUILT),
    "fitness.training_run": Words("Words in a row from a training text", _AS_BUILT),
    "fitness.language_confidence": Words("Least confidence in the language, 0 to 1", _AS_BUILT),
    "fitness.disqualifying": Words("Flags that make a text unfit", "None ticked: as Byline has it."),
    "normalisation.rules": Words(
        "Rules",
        "Human and model texts go through the same rules, so that typography and a newsroom's marks tell nobody "
        "whose a text is. A change levels the chosen texts anew; the originals are kept.",
    ),
    "arms.name": Words("Name", "Names the arm in exports: small letters, digits, dots and hyphens."),
    "arms.label": Words("Label", "As figures and tables show it."),
    "arms.n_params": Words("Parameters", "The model's size, as 7000000000 or 7B; without it the arm is on no curve."),
    "arms.control": Words("Control", "The deliberately bad model that shows whether participants paid attention."),
    "arms.generator": Words(
        "Model",
        "checkpoint:FOLDER of the shelf, huggingface:ORG/NAME of the cache, or openai:MODEL of the server; with -chat "
        "before the colon for one that is made to answer.",
    ),
    "arms.participants_per_cell": Words(
        "Participants in each form of this arm", "Empty: as many as in the other arms."
    ),
    "arms.conditioned": Words("It is given the context articles and the title", "The published control was not."),
    "arms.shots": Words(
        "Context articles before the title",
        "0: zero-shot, 1: one-shot, more: few-shot. Empty: all of the study’s that fit into the model’s context.",
    ),
    "arms.context_choice": Words("Which of the context articles", "The same for every candidate of an item."),
    "arms.context_order": Words("Their order", "The last one stands right before the title."),
    "arms.context_seed": Words(
        "Seed of what is drawn", "Arms with the same seed are given the same articles; empty: 0."
    ),
    "arms.instruction": Words(
        "Instruction",
        f"Stands before everything else in the prompt; empty: none. For zero-shot: “{ZERO_SHOT_INSTRUCTION}”",
    ),
}
SAMPLING = {
    "temperature": Words("Temperature", "1: as the model says; higher: more random."),
    "top_p": Words("Top-p", "The share of the likeliest tokens that is drawn from; 1: all."),
    "top_k": Words("Top-k", "Only so many of the likeliest tokens are drawn from; 0: all."),
    "repetition_penalty": Words("Repetition penalty", "1: none."),
    "length_ratio": Words("Longest, as a multiple of the human article"),
    "max_tokens": Words("Most tokens"),
    "stop": Words("Stop marks", "One a line, four at most: a text ends before the first that it comes to."),
}
LEGAL_BASES = {
    "": "not said",
    "consent": "consent, Article 6(1)(a) GDPR",
    "public_task": "a task in the public interest, Article 6(1)(e) GDPR",
    "legitimate_interest": "a legitimate interest, Article 6(1)(f) GDPR",
}
TYPES = {
    "choice": "one of several choices",
    "choices": "several of several choices",
    "number": "a whole number",
    "scale": "a point of a scale",
    "short_text": "a line of free text",
    "long_text": "several lines of free text",
    "country": "a country",
    "language": "a language",
}


def find_words(section: str, key: str) -> Words:
    """The words of a key; its name, spelt out, where nobody has written any."""
    return WORDS.get(f"{section}.{key}") or Words(_spell_out(key))


def name_section(section: str) -> str:
    return SECTIONS.get(section, _spell_out(section))


def describe_rule(rule: str) -> str:
    """`internet_check: leaves out who …`"""
    return f"{_spell_out(rule)}: leaves out who {RULE_MEANINGS[rule]}" if rule in RULE_MEANINGS else _spell_out(rule)


def describe_normalisation(rule: str) -> str:
    """`Datelines: a dateline at the beginning … is cut`"""
    return f"{_spell_out(rule)}: {NORMALISATION_RULES[rule].meaning}"


def describe_flag(flag: str) -> str:
    return f"{FLAG_MEANINGS[flag]} ({flag})" if flag in FLAG_MEANINGS else flag


def describe_type(name: str) -> str:
    """What a question of that type is answered with."""
    return TYPES.get(name) or (FURTHER[name].meaning if name in FURTHER else _spell_out(name))


def _spell_out(key: str) -> str:
    return key.replace("_", " ").capitalize()
