"""Ready-made attention checks, in the languages of the fixed sentences; a study file names one as `standard`.

They are written out when the file is read, so that what is frozen at launch is what is shown.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from studyapp.domain.attention import N_ANSWERS, AttentionQuestion

_INSTRUCTED = {
    "en": "This is not an article. To show that you are reading, please choose “{answer}” here.",
    "de": "Das ist kein Artikel. Um zu zeigen, dass Sie lesen, wählen Sie hier bitte „{answer}“.",
    "es": "Esto no es un artículo. Para mostrar que está leyendo, elija aquí «{answer}».",
    "fr": "Ceci n’est pas un article. Pour montrer que vous lisez, choisissez ici « {answer} ».",
    "zh": "这不是一篇文章。为了表明您在认真阅读，请在这里选择“{answer}”。",
}
_NONSENSE = {
    "en": ("“I swim across the Atlantic Ocean every day to get to work.” Is that true of you?", "Yes", "No"),
    "de": ("„Ich schwimme jeden Tag durch den Atlantik zur Arbeit.“ Trifft das auf Sie zu?", "Ja", "Nein"),
    "es": ("«Cada día cruzo a nado el océano Atlántico para ir al trabajo». ¿Es cierto en su caso?", "Sí", "No"),
    "fr": ("« Chaque jour, je traverse l’Atlantique à la nage pour aller travailler. » Est-ce vrai ?", "Oui", "Non"),
    "zh": ("“我每天游过大西洋去上班。”您是这样吗？", "是", "不是"),
}
STANDARD: dict[str, str] = {
    "choose-human": "tells to choose the first answer of the scale",
    "choose-machine": "tells to choose the last answer of the scale",
    "nonsense": "asks for what nobody can mean",
}


def write_standard(name: str, *, language: str) -> dict[str, Any]:
    """The keys of a ready-made check but its place.

    Raises:
        ValueError: there is none of that name, or none in that language.
    """
    tongue = language.split("-")[0].casefold()
    if name not in STANDARD:
        raise ValueError(f"standard: there is no {name!r}; choose from {', '.join(STANDARD)}")
    if tongue not in _INSTRUCTED:
        known = ", ".join(_INSTRUCTED)
        raise ValueError(
            f"standard: none is written in {language!r} (there are {known}); write text and answer yourself"
        )
    if name == "nonsense":
        text, yes, no = _NONSENSE[tongue]
        return {"text": text, "choices": [yes, no], "answer": no, "kind": "nonsensical"}
    return {"text": _INSTRUCTED[tongue], "answer": 1 if name == "choose-human" else N_ANSWERS}


def expand_standard(entry: Mapping[str, Any], *, language: str) -> dict[str, Any]:
    """An entry of a study file with its ready-made check written out; what it says itself stands.

    Raises:
        ValueError: there is no such check.
    """
    said = {key: value for key, value in entry.items() if key != "standard"}
    return {**write_standard(str(entry["standard"]), language=language), **said} if "standard" in entry else said


def find_standard(asked: AttentionQuestion, *, own: str, language: str) -> AttentionQuestion | None:
    """The same check in another language, if it is a ready-made one in the study's own; None if it is not."""
    for name in STANDARD:
        try:
            known, other = (write_standard(name, language=tongue) for tongue in (own, language))
        except ValueError:
            return None
        if asked.text == known["text"] and asked.choices == tuple(known.get("choices", ())):
            choices = tuple(other.get("choices", ()))
            return replace(asked, text=other["text"], choices=choices, answer=asked.right)
    return None
