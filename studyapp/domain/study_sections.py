"""Reading one section of a study file into its frozen dataclass, with faults that name the key and know its place."""

import dataclasses
import difflib
import re
import types
from collections.abc import Iterable, Mapping
from typing import Any, get_args, get_origin, get_type_hints

Place = tuple[str | int, ...]  # the keys that lead to a value, entries of a list counted from 0: ("arms", 0, "name")
_EXPECTED: dict[type, str] = {str: "a text in quotes", int: "a whole number", float: "a number", bool: "true or false"}
SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class Fault(str):
    """What is wrong with a study and where, as "[section] key: reason"; `place` finds its line in a study file."""

    place: Place
    reason: str

    def __new__(cls, place: Place, reason: str) -> "Fault":
        fault = super().__new__(cls, f"{_name_place(place)}: {reason}")
        fault.place, fault.reason = place, reason
        return fault


def _name_place(place: Place) -> str:
    """[targets] dropout_minutes; [[arms]] 2 sampling.top_p, entries counted from 1 as people do."""
    match place:
        case (section, int(number), *inner):
            head = f"[[{section}]] {number + 1}"
        case (section, *inner):
            head = f"[{section}]"
    parts = [str(part + 1) if isinstance(part, int) else part for part in inner]
    return f"{head} {'.'.join(parts)}" if parts else head


def read_section(kind: type, values: Any, *, place: Place, faults: list[str]) -> Any:
    """An instance of `kind`, or None with what is wrong appended to `faults`.

    What the dataclass itself refuses it says as "key: reason", or "key.part: reason" of a part of a key's table.
    """
    if not isinstance(values, Mapping):
        faults.append(Fault(place, "must be a table of keys and values"))
        return None
    hints = get_type_hints(kind)
    before = len(faults)
    arguments: dict[str, Any] = {}
    for key, value in values.items():
        if key not in hints:
            meant = suggest(key, hints, otherwise="its keys are")
            faults.append(Fault((*place, key), f"there is no such key{meant}"))
            continue
        if entry_kind := _find_entry_kind(hints[key]):
            arguments[key] = _read_entries(entry_kind, value, place=(*place, key), faults=faults)
            continue
        try:
            arguments[key] = _convert(value, hints[key])
        except TypeError as error:
            faults.append(Fault((*place, key), str(error)))
    for needed in dataclasses.fields(kind):
        has_default = needed.default is not dataclasses.MISSING or needed.default_factory is not dataclasses.MISSING
        if not has_default and needed.name not in values:
            faults.append(Fault((*place, needed.name), "is missing"))
    if len(faults) > before:
        return None
    try:
        return kind(**arguments)
    except ValueError as error:
        key, _, reason = str(error).partition(": ")
        parts = key.split(".")
        faults.append(Fault((*place, *parts), reason) if parts[0] in hints else Fault(place, str(error)))
        return None


def _find_entry_kind(hint: Any) -> type | None:
    """The dataclass of which a key holds several."""
    inner = get_args(hint)[0] if get_origin(hint) is tuple else None
    return inner if dataclasses.is_dataclass(inner) and isinstance(inner, type) else None


def _read_entries(kind: type, value: Any, *, place: Place, faults: list[str]) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        faults.append(Fault(place, "must be a list of tables"))
        return ()
    return tuple(read_section(kind, entry, place=(*place, number), faults=faults) for number, entry in enumerate(value))


def suggest(name: str, known: Iterable[str], *, otherwise: str) -> str:
    """What was probably meant by a name that is not known, or all that are."""
    names = list(known)
    near = difflib.get_close_matches(str(name), names, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; {otherwise} {', '.join(names)}"


def _convert(value: Any, hint: Any) -> Any:
    """The value as the field's type; a number is never taken for a text, nor a truth value for a number."""
    if isinstance(hint, types.UnionType):  # `int | None`: a key that may be left out; `int | str`: one or the other
        parts = [part for part in get_args(hint) if part is not type(None)]
        hint = next((part for part in parts if type(value) is part), parts[0])
        if len(parts) > 1 and type(value) is not hint:
            raise TypeError(f"is {value!r}; it must be {' or '.join(_EXPECTED[part] for part in parts)}")
    if get_origin(hint) is tuple:
        if not isinstance(value, list | tuple) or not all(isinstance(part, str) for part in value):
            raise TypeError("must be a list of texts")
        return tuple(str(part) for part in value)
    if get_origin(hint) is dict:
        if not isinstance(value, Mapping):
            raise TypeError("must be a table of keys and values")
        return {str(key): _plain(part) for key, part in value.items()}
    expected = _EXPECTED[hint]
    accepted = int | float if hint is float else hint
    if not isinstance(value, accepted) or (hint is not bool and isinstance(value, bool)):
        raise TypeError(f"is {value!r}; it must be {expected}")
    return hint(value)


def _plain(value: Any) -> Any:
    """A number as Python's own type, so that equal designs are equal whatever library read them."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return int(value) if isinstance(value, int) else float(value)


def describe_section(section: Any) -> dict[str, Any]:
    """The inverse of `read_section`: the mapping that a section stands for, without what it does not know (None)."""
    values = dataclasses.asdict(section)
    return {key: _list_deeply(value) for key, value in values.items() if value is not None}


def _list_deeply(value: Any) -> Any:
    """Tuples as lists, in whatever they are held."""
    if isinstance(value, tuple | list):
        return [_list_deeply(part) for part in value]
    return {key: _list_deeply(part) for key, part in value.items()} if isinstance(value, dict) else value
