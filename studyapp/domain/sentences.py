"""The fixed sentences that raters read and that pure code says: marked here, translated where a page is made.

`Sentence("…")` in the domain, in the recruitment platforms and in the actions is what `_("…")` is on the pages:
`make messages` collects it, and `participant_site.languages.say` gives it in the language of the page.
"""

from typing import Any


class Sentence(str):
    """An English sentence with its places filled; `text` is as the catalogues have it, `values` what fills it.

    Places are written `%(name)s`, never by an f-string: only then is the text the same for every rater.
    """

    text: str
    values: dict[str, Any]

    def __new__(cls, text: str, **values: Any) -> "Sentence":
        sentence = super().__new__(cls, text % values if values else text)
        sentence.text, sentence.values = text, values
        return sentence
