"""Further types of questions, a file each: `TYPE` says which of the built-in kinds it is answered like, and in what
it differs. A file that is put here is a type of every study; nothing lists it anywhere else.
"""

import pkgutil
from dataclasses import dataclass
from importlib import import_module

from studyapp.domain.anonymity import Step

BUILT_IN = ("choice", "choices", "number", "short_text", "long_text", "scale", "country", "language")


@dataclass(frozen=True)
class QuestionType:
    """A type that is answered like the built-in `kind`: it has that one's field, column and checks.

    `meaning` is what staff read. `least` and `most` hold where a question says none, and `coarsening` is how answers
    are read ever coarser in a public version, where the kind's way is not right.
    """

    kind: str
    meaning: str
    least: int | None = None
    most: int | None = None
    coarsening: tuple[Step, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in BUILT_IN:
            raise ValueError(f"kind: there is no {self.kind!r}; choose from {', '.join(BUILT_IN)}")


def find_types() -> dict[str, QuestionType]:
    """The types that lie in this folder, each under the name of its file."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return {name: import_module(f"{__name__}.{name}").TYPE for name in names}


FURTHER = find_types()
