"""A study's own texts: in its own language, and in each further one that participants may choose.

`[texts]` is in the study's language; `[texts.de]` says the same in German. What a further language lacks is read in the
study's own, so that nobody meets an empty page; the launch checklist names it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from studyapp.domain.attention import AttentionQuestion
from studyapp.domain.attention_standard import find_standard
from studyapp.domain.comprehension import ComprehensionQuestion
from studyapp.domain.languages import is_tag
from studyapp.domain.questions import Question
from studyapp.domain.study_sections import Fault, describe_section, read_section, suggest


@dataclass(frozen=True)
class TranslatedQuestion:
    """[[texts.de.comprehension]]: a question about the instructions, its choices in the order of the study's own."""

    question: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class TranslatedCheck:
    """[[texts.de.attention]]: an attention check, its own choices (if it has any) in the order of the study's own."""

    text: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class TranslatedOwnQuestion:
    """[[texts.de.questions]]: one of the study's own questions, by its name, its choices in the order of its own."""

    name: str
    text: str = ""
    help: str = ""
    choices: tuple[str, ...] = ()
    low_label: str = ""
    high_label: str = ""


@dataclass(frozen=True)
class Translation:
    """[texts.de]: what the study says, in one further language. What is empty is read in the study's own."""

    title: str = ""
    reward: str = ""
    consent: str = ""
    instructions: str = ""
    question: str = ""
    debriefing: str = ""
    internet_check_question: str = ""
    internet_check_solutions: tuple[str, ...] = ()
    comprehension: tuple[TranslatedQuestion, ...] = ()
    attention: tuple[TranslatedCheck, ...] = ()
    questions: tuple[TranslatedOwnQuestion, ...] = ()


@dataclass(frozen=True)
class Texts:
    """[texts], in Markdown, and [texts.LANGUAGE] for each further language."""

    consent: str = ""
    instructions: str = ""
    question: str = ""
    debriefing: str = ""
    languages: dict[str, Translation] = field(default_factory=dict)


OWN_KEYS = ("consent", "instructions", "question", "debriefing")


@dataclass(frozen=True)
class SpokenTexts:
    """What a participant reads, in `language`; `fallen` are the keys that are only there in the study's `own`."""

    language: str
    own: str
    title: str
    reward: str
    consent: str
    instructions: str
    question: str
    debriefing: str
    internet_check_question: str
    comprehension: tuple[ComprehensionQuestion, ...]
    attention: tuple[AttentionQuestion, ...] = ()
    questions: tuple[Question, ...] = ()  # as they are declared; a page finds the words of each
    fallen: frozenset[str] = frozenset()

    def find_language(self, key: str) -> str:
        """The language in which the text of that key is."""
        return self.own if key in self.fallen else self.language


SPOKEN_KEYS = ("title", "reward", *OWN_KEYS, "internet_check_question")


def translate_texts(own: SpokenTexts, *, language: str, translation: Translation) -> SpokenTexts:
    """The study's texts in a further language."""
    said = {key: text for key in SPOKEN_KEYS if (text := getattr(translation, key)).strip()}
    questions = tuple(
        _translate_question(asked, number=number, translation=translation)
        for number, asked in enumerate(own.comprehension)
    )
    missing = {key for key in SPOKEN_KEYS if key not in said and getattr(own, key).strip()}
    missing |= {f"comprehension.{number}" for number, asked in enumerate(questions) if asked is None}
    checks = [
        _translate_check(asked, number=number, own=own.own, language=language, translation=translation)
        for number, asked in enumerate(own.attention)
    ]
    missing |= {f"attention.{number}" for number, asked in enumerate(checks) if asked is None}
    missing |= {f"questions.{name}" for name in list_missing_questions(translation, questions=own.questions)}
    told = tuple(asked or own.attention[number] for number, asked in enumerate(checks))
    spoken = tuple(asked or own.comprehension[number] for number, asked in enumerate(questions))
    return replace(own, language=language, comprehension=spoken, attention=told, fallen=frozenset(missing), **said)


def list_missing(spoken: SpokenTexts) -> list[str]:
    """What is not translated, in words, in the order in which participants meet it. A reward may stay as it is."""
    names = {key: key.replace("_", " ") for key in SPOKEN_KEYS if key != "reward"}
    names |= {
        f"comprehension.{number}": f"question {number + 1} about the instructions"
        for number in range(len(spoken.comprehension))
    }
    names |= {f"attention.{number}": f"attention check {number + 1}" for number in range(len(spoken.attention))}
    names |= {f"questions.{question.name}": f"question {question.name}" for question in spoken.questions}
    return [name for key, name in names.items() if key in spoken.fallen]


def read_texts(values: Any, *, place: tuple[str | int, ...], faults: list[str]) -> Texts | None:
    """The section, its tables taken for languages; what is wrong is appended to `faults`."""
    if not isinstance(values, Mapping):
        faults.append(Fault(place, "must be a table of keys and values"))
        return None
    tables = {key: value for key, value in values.items() if isinstance(value, Mapping) and key not in OWN_KEYS}
    plain = {key: value for key, value in values.items() if key not in tables}
    before = len(faults)
    for key in [key for key in plain if key not in OWN_KEYS]:
        meant = suggest(key, OWN_KEYS, otherwise="its keys are")
        faults.append(Fault((*place, key), f"there is no such key{meant}, and tables for further languages"))
    languages = {
        str(key): read_section(Translation, value, place=(*place, key), faults=faults) for key, value in tables.items()
    }
    faults += _check_tags(languages, place=place)
    texts: Texts = read_section(
        Texts, {key: plain[key] for key in OWN_KEYS if key in plain}, place=place, faults=faults
    )
    return None if len(faults) > before else replace(texts, languages=languages)


def describe_texts(texts: Texts) -> dict[str, Any]:
    """The inverse of `read_texts`."""
    own = {key: getattr(texts, key) for key in OWN_KEYS}
    return {**own, **{tag: describe_section(translation) for tag, translation in texts.languages.items()}}


def read_stored(stored: Mapping[str, Any]) -> dict[str, Translation]:
    """Translations as `describe_texts` says them and a row keeps them."""
    faults: list[str] = []
    read = {
        tag: read_section(Translation, values, place=("texts", tag), faults=faults) for tag, values in stored.items()
    }
    if faults:  # a fault of ours: only what was checked is stored
        raise ValueError("; ".join(faults))
    return read


def _translate_question(
    own: ComprehensionQuestion, *, number: int, translation: Translation
) -> ComprehensionQuestion | None:
    """A question in the other language; None where it is missing, or has not the choices of the study's own."""
    if number >= len(translation.comprehension):
        return None
    said = translation.comprehension[number]
    if len(said.choices) != len(own.choices):
        return None
    try:
        return ComprehensionQuestion(question=said.question, choices=said.choices, answer=said.choices[own.right])
    except ValueError:
        return None


def _translate_check(
    asked: AttentionQuestion, *, number: int, own: str, language: str, translation: Translation
) -> AttentionQuestion | None:
    """A check in the other language; a ready-made one is there by itself. None as above, or where it obeys no rule."""
    if number >= len(translation.attention) or not translation.attention[number].text.strip():
        return find_standard(asked, own=own, language=language)
    said = translation.attention[number]
    if len(said.choices) != len(asked.choices):
        return None
    try:
        return replace(asked, text=said.text, choices=said.choices, answer=asked.right)
    except ValueError:
        return None


def _check_tags(tags: Iterable[str], *, place: tuple[str | int, ...]) -> Iterator[Fault]:
    seen: set[str] = set()
    for tag in tags:
        if not is_tag(tag):
            hint = f"; write it as {tag.replace('_', '-')}" if is_tag(tag.replace("_", "-")) else ", as de or pt-BR"
            yield Fault((*place, tag), f"is no key of a text, and as a language it must be a tag{hint}")
        if tag.casefold() in seen:
            yield Fault((*place, tag), "this language is there twice")
        seen.add(tag.casefold())


def check_translated_questions(texts: Texts, *, questions: Sequence[Question]) -> Iterator[Fault]:
    """What is translated of the study's own questions must be one of them, with as many choices."""
    own = {question.name: question for question in questions}
    for tag, translation in texts.languages.items():
        for number, said in enumerate(translation.questions):
            place = ("texts", tag, "questions", number)
            if said.name not in own:
                meant = suggest(said.name, own, otherwise="its questions are") if own else "; it has none"
                yield Fault((*place, "name"), f"the study asks no question {said.name!r}{meant}")
            elif said.choices and len(said.choices) != len(own[said.name].choices):
                wanted = f"must be {len(own[said.name].choices)} texts, in the order of the study's own"
                yield Fault((*place, "choices"), wanted)


def list_missing_questions(translation: Translation, *, questions: Sequence[Question]) -> list[str]:
    """Which of the study's own questions are not translated, by name; the ready-made ones come with Byline."""
    said = {question.name for question in translation.questions if question.text.strip()}
    return [q.name for q in questions if q.name not in said and not q.is_ready_made]


def check_own_language(texts: Texts, *, language: str) -> Iterator[Fault]:
    """No language may say again what the study's own says."""
    for tag in texts.languages:
        if tag.casefold() == language.casefold():
            reason = "is the study's own language, whose texts stand in [texts] itself"
            yield Fault(("texts", tag), reason)
