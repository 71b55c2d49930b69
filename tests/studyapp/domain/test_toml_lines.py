"""Lines of keys, held against tomlkit: the text before a key's line does not have the key, the text with it does."""

import pytest
import tomlkit
from hypothesis import assume, given
from hypothesis import strategies as st
from tomlkit.exceptions import TOMLKitError

from studyapp.domain.toml_lines import find_line, find_lines

bare = st.from_regex(r"[A-Za-z0-9_-]{1,5}", fullmatch=True)
keys = bare | bare.map(lambda key: f'"{key} \\u0041"') | bare.map(lambda key: f"'{key}.x'") | st.just('"#=["')
dotted = st.lists(keys, min_size=1, max_size=3).flatmap(
    lambda parts: st.sampled_from([".", " . "]).map(lambda between: between.join(parts))
)
strings = st.sampled_from(
    [
        '"plain"', '"q\\"[x]"', '"a # b = 1"', "'c:\\d'", '""', "''", '""""""', '"""a\n[no]\nkey = 1\n"""',
        "'''\n[[no]]\n'it's'''", '"""two "" quotes\\""" and two more"""""', '"""\\\n  x = 1\n  """', "''''one'''",
    ]
)  # fmt: skip
scalars = strings | st.sampled_from(["1", "-2.5e3", "true", "1979-05-27T07:32:00Z", "1979-05-27 07:32:00", "inf"])
spaces = st.sampled_from(["", " ", "\n", "\n  # a ] comment , with [ marks\n", "\t"])


def put_in_array(items):
    return st.tuples(st.lists(st.tuples(items, spaces), max_size=4), spaces).map(
        lambda drawn: "[" + drawn[1] + ",".join(space + item + space for item, space in drawn[0]) + "]"
    )


def put_in_table(items):
    return st.lists(st.tuples(bare, items), max_size=3, unique_by=lambda pair: pair[0]).map(
        lambda pairs: "{ " + ", ".join(f"{key} = {item}" for key, item in pairs) + " }"
    )


values = st.recursive(scalars, lambda items: put_in_array(items) | put_in_table(items), max_leaves=6)
pairs = st.tuples(dotted, values, st.sampled_from(["", " # says = nothing"])).map("{0[0]} = {0[1]}{0[2]}".format)
headers = st.tuples(st.sampled_from(["[{}]", "[ {} ]", "[[{}]]"]), dotted).map(lambda drawn: drawn[0].format(drawn[1]))
comments = st.sampled_from(["", "# [not] a = 1", "   ", "\t# '''"])
statements = st.lists(pairs | headers | comments, max_size=10)


def parse(text):
    try:
        return tomlkit.parse(text).unwrap()
    except (TOMLKitError, ValueError):
        return None


def list_places(value, place=()):
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    else:
        return
    for key, part in inner:
        yield (*place, key)
        yield from list_places(part, (*place, key))


@given(parts=statements, newline=st.sampled_from(["\n", "\r\n"]))
def test_every_place_that_the_library_reads_is_found_and_no_other(parts, newline):
    text = "\n".join(parts).replace("\n", newline)
    mapping = parse(text)
    assume(mapping is not None)
    assert set(find_lines(text)) == set(list_places(mapping))


@given(parts=statements)
def test_a_key_stands_on_the_line_from_which_on_the_library_knows_it(parts):
    text = "\n".join(parts)
    mapping = parse(text)
    assume(mapping is not None)
    lines = text.split("\n")
    readable = {n: set(list_places(read)) for n in range(len(lines) + 1) if (read := parse("\n".join(lines[:n])))}
    readable.setdefault(0, set())
    for place, line in find_lines(text).items():
        before = max(n for n in readable if n < line)
        after = min(n for n in [*readable, len(lines)] if n >= line)
        assert place not in readable[before]
        assert place in readable.get(after, set(list_places(mapping)))


@given(parts=statements)
def test_the_last_key_of_a_place_is_written_on_its_line(parts):
    text = "\n".join(parts)
    assume(parse(text) is not None)
    lines = text.split("\n")
    for place, line in find_lines(text).items():
        if isinstance(place[-1], str):
            written = place[-1].removesuffix(" A")  # as \u0041 in quotes
            assert written in lines[line - 1]


TEXT = """\
# a study
title = "x"

[study]
slug = '''
[targets]
'''
"se\\u0065d" = 1

[[arms]]
name = "a"
[arms.sampling]
top_p = 1
[[arms]]
sampling = { top_p = 1, stop = ["a",
  "b"] }
"""


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("title",), 2),
        (("study",), 4),
        (("study", "slug"), 5),
        (("study", "seed"), 8),
        (("targets",), None),
        (("targets", "x"), None),
        (("study", "missing"), 4),
        (("arms",), 10),
        (("arms", 0, "sampling", "top_p"), 13),
        (("arms", 0, "sampling", "missing"), 12),
        (("arms", 1), 14),
        (("arms", 1, "name"), 14),
        (("arms", 1, "sampling", "stop", 1), 16),
        (("arms", 2, "name"), 10),
    ],
)
def test_what_is_missing_is_looked_for_around_it(place, line):
    assert find_line(find_lines(TEXT), place) == line
