"""Where the sections and keys of a TOML text stand, so that a fault can name its line.

The libraries that read TOML say where a syntax error is, and of a valid text nothing. This reads a text that is known
to be valid TOML (1.0, and the line breaks that 1.1 allows in inline tables) once, from left to right, and passes over
every value; it makes no value and checks nothing.
"""

import re
from dataclasses import dataclass, field

import tomlkit

from studyapp.domain.study_sections import Place

_BLANK = re.compile(r"[ \t\r\n]*(?:#[^\r\n]*[ \t\r\n]*)*")
_BARE_KEY = re.compile(r"[^\s.=\]#\"']+")
_BARE_VALUE = re.compile(r"[^,\]}#\n]+")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?!")|'  # the last three of up to five quotes end it
    r"'''(?:.)*?'''(?!')|"
    r'"(?:[^"\\\n]|\\.)*"|'
    r"'[^'\n]*'",
    re.DOTALL,
)


def find_lines(text: str) -> dict[Place, int]:
    """The line, from 1, of every section, list entry and key of a valid TOML text, by the keys that lead to it.

    A table is where its header or its first key stands first; an entry of a list where it begins.
    """
    reader = _Reader(text)
    reader.read_all()
    return reader.lines


def find_line(lines: dict[Place, int], place: Place) -> int | None:
    """The line of a place, or of the nearest thing around it that stands in the text; None when nothing does."""
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place)


@dataclass
class _Reader:
    text: str
    at: int = 0
    lines: dict[Place, int] = field(default_factory=dict)
    _counts: dict[Place, int] = field(default_factory=dict)  # entries so far of each list written under [[ ]]
    _seen: tuple[int, int] = (0, 1)  # a place in the text and its line, from which lines are counted on

    def read_all(self) -> None:
        table: Place = ()
        while self._skip_blank() < len(self.text):
            if self.text.startswith("[", self.at):
                table = self._read_header()
            else:
                self._read_pair(table)

    def _read_header(self) -> Place:
        """[table] or [[list]]: the place under which the keys that follow belong."""
        line = self._line()
        is_entry = self.text.startswith("[[", self.at)
        self.at += 2 if is_entry else 1
        *around, last = self._read_key()
        self.at += 2 if is_entry else 1
        place: Place = ()
        for key in around:
            place = self._enter((*place, key))
            self.lines.setdefault(place, line)
        place = (*place, last)
        self.lines.setdefault(place, line)
        if not is_entry:
            return place
        self._counts[place] = self._counts.get(place, 0) + 1
        place = self._enter(place)
        self.lines[place] = line
        return place

    def _enter(self, place: Place) -> Place:
        """Under a list of tables, its newest entry is meant."""
        return (*place, self._counts[place] - 1) if place in self._counts else place

    def _read_pair(self, table: Place) -> None:
        line = self._line()
        place = table
        for key in self._read_key():
            place = (*place, key)
            self.lines.setdefault(place, line)
        self.at += 1  # the equals sign
        self._read_value(place)

    def _read_key(self) -> list[str]:
        """A dotted key, up to the character after it and the blanks that follow."""
        keys: list[str] = []
        while True:
            self._skip_blank()
            if self.text[self.at] in "\"'":
                keys.append(str(tomlkit.parse(f"key = {self._read_string()}")["key"]))
            else:
                match = _match(_BARE_KEY, self.text, self.at)
                keys.append(match.group())
                self.at = match.end()
            self._skip_blank()
            if self.text[self.at] != ".":
                return keys
            self.at += 1

    def _read_value(self, place: Place) -> None:
        self._skip_blank()
        first = self.text[self.at]
        if first == "[":
            self._read_array(place)
        elif first == "{":
            self._read_inline_table(place)
        elif first in "\"'":
            self._read_string()
        else:
            self.at = _match(_BARE_VALUE, self.text, self.at).end()

    def _read_array(self, place: Place) -> None:
        self.at += 1
        number = 0
        while self._skip_separators() != "]":
            self.lines[*place, number] = self._line()
            self._read_value((*place, number))
            number += 1
        self.at += 1

    def _read_inline_table(self, place: Place) -> None:
        self.at += 1
        while self._skip_separators() != "}":
            self._read_pair(place)
        self.at += 1

    def _skip_separators(self) -> str:
        """Pass over blanks and commas; the character after them."""
        self._skip_blank()
        while self.text[self.at] == ",":
            self.at += 1
            self._skip_blank()
        return self.text[self.at]

    def _skip_blank(self) -> int:
        """Pass over white space, line breaks and comments; the place after them."""
        self.at = _match(_BLANK, self.text, self.at).end()
        return self.at

    def _read_string(self) -> str:
        """A quoted text as it is written, with its quotes."""
        match = _match(_STRING, self.text, self.at)
        self.at = match.end()
        return match.group()

    def _line(self) -> int:
        at, line = self._seen
        self._seen = (self.at, line + self.text.count("\n", at, self.at))
        return self._seen[1]


def _match(pattern: re.Pattern[str], text: str, at: int) -> re.Match[str]:
    match = pattern.match(text, at)
    if match is None:
        raise ValueError(f"no TOML at character {at}")
    return match
