"""What is sent: texts that have broken other programs, and good files and forms with something wrong in them."""

import csv
import io
import json
from urllib.parse import quote_from_bytes

from hypothesis import strategies as st

NASTY = (
    "", " ", "\x00", "a\x00b", "\ud800", "\ufeff", "\u202eevil\u202c", "\u200b\u200d", "\u2028", "\r\nSet-Cookie: a=b", "\x1b[31m",
    "=1+1", "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "<script>alert(1)</script>", "{{ 7*7 }}", "{% x %}", "%s%n",
    "../../etc/passwd", "..\\..\\x", "/etc/passwd", "' OR 1=1 --", "null", "None", "true", "on", "[]", "{}", "{", "nan", "inf",
    "-inf", "1e999", "-0", "0", "1_000", "0x10", "٣", "½", "１", "9" * 25, "9" * 5000, "1." + "0" * 400 + "1", str(2**63),
    str(-(2**63) - 1), "1970-01-01", "0000-00-00", "9999-12-31T23:59:59.999999+14:00", "[" * 3000, '{"a":' * 2000, "💩" * 60,
    "ﷺ" * 40, "a" * 20_000, "é", "e\u0301", "\U000e0001", "\uffff", "http://[", "javascript:alert(1)", "//evil.example/x",
)  # fmt: skip
WORDS = st.sampled_from(
    ("Town hall", "A quiet street", "en", "story-1", "2024-01-05", "https://a.example/b", "yes", "3")
)
TEXT = st.one_of(st.sampled_from(NASTY), st.sampled_from(NASTY), WORDS, st.text(max_size=30))
JSON_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=6,
)
FIELDS = ("title", "body", "subtitle", "id", "section", "source", "url", "published", "language")
BODY = "A long paragraph about the town. " * 6
LINES = (  # of JSON Lines, by hand: what json.dumps would not write
    '{"title": "a", "body": 1e999}', '{"title": "a", "body": NaN}', '{"title": "a", "title": "b", "body": "c"}', "[" * 5000,
    '{"a":' * 3000, '{"title": ' + "9" * 5000 + "}", '{"title": "\\ud800", "body": "\\udfff"}', '{"title": "\\u0000", "body": "x"}', "[]", "1",
    '"a"', "{", "}", '{"": "", "body": ""}', '{"title": "t", "body": "' + "a" * 5000 + '"}', '{"\\ud800": 1, "title": "a", "body": "b"}',
)  # fmt: skip


def encode(text):
    """As bytes, whatever is in it: half a surrogate pair too."""
    return text.encode("utf-8", "surrogatepass")


@st.composite
def damaged(draw, content):
    """The bytes with up to three faults: something cut, put in, turned or doubled."""
    content = bytes(content)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(content)))
        kind = draw(st.sampled_from(("cut", "put", "flip", "double", "drop")))
        if kind == "cut":
            content = content[:at]
        elif kind == "put":
            content = (
                content[:at] + draw(st.one_of(st.sampled_from(NASTY).map(encode), st.binary(max_size=4))) + content[at:]
            )
        elif kind == "flip" and content:
            at %= len(content)
            content = content[:at] + bytes([content[at] ^ (1 << draw(st.integers(0, 7)))]) + content[at + 1 :]
        elif kind == "double":
            content = content[:at] + content[max(0, at - 200) :]
        elif kind == "drop":
            content = content[:at] + content[at + draw(st.integers(1, 80)) :]
    return content


@st.composite
def csv_file(draw):
    header = [*draw(st.permutations(FIELDS))[: draw(st.integers(0, 9))], *draw(st.lists(TEXT, max_size=1))]
    text = io.StringIO(newline="")
    writer = csv.writer(
        text, delimiter=draw(st.sampled_from(",,,;\t")), lineterminator=draw(st.sampled_from(("\n", "\r\n")))
    )
    writer.writerow(["title", "body", *header] if draw(st.booleans()) else header)
    for _ in range(draw(st.integers(0, 3))):
        cells = draw(st.lists(st.one_of(st.just(BODY), TEXT), max_size=len(header) + 2))
        writer.writerow([cell.replace("\x00", "\x01") for cell in cells])
    return draw(damaged(encode(text.getvalue())))


@st.composite
def json_lines(draw):
    lines = []
    for _ in range(draw(st.integers(0, 3))):
        row = draw(st.dictionaries(st.sampled_from((*FIELDS, "x")), st.one_of(TEXT, JSON_VALUES), max_size=4))
        row = {"title": draw(TEXT), "body": draw(st.one_of(st.just(BODY), TEXT)), **row}
        lines.append(draw(st.one_of(st.just(json.dumps(row)), st.sampled_from(LINES))))
    return draw(damaged(encode("\n".join(lines))))


ARTICLE_FILES = st.one_of(
    st.tuples(st.sampled_from(("a.csv", "a.CSV")), csv_file()),
    st.tuples(st.sampled_from(("a.jsonl", "a.json", "a.ndjson")), json_lines()),
    st.tuples(st.sampled_from(("a.csv", "a.jsonl", "a.txt", "a")), st.binary(max_size=60)),
)
TOML_VALUES = st.one_of(
    st.sampled_from(
        ("nan", "-inf", "1e999", "9" * 60, "9" * 5000, "0x7fffffffffffffffffff", "[" * 2000, "[" * 400 + "]" * 400, "{a={a={}}}", "1979-05-27",
         "07:32:00", '"\\ud800"', '"\\u0000"', '"""', "''", "true", "[[]]", "[1, 'a']", "{}", "-1", "0", '"\\u202e"', "1_0", "a.b = 1")
    ),
    TEXT.map(lambda text: json.dumps(text)),
)  # fmt: skip


@st.composite
def damaged_toml(draw, text):
    """A study file or a ladder with a few of its lines turned into something else."""
    lines = text.split("\n")
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        key, equals, _value = lines[at].partition(" = ")
        match draw(st.sampled_from(("value", "value", "value", "drop", "double", "put", "key"))):
            case "value":
                lines[at] = f"{key}{equals or ' = '}{draw(TOML_VALUES)}"
            case "drop":
                del lines[at : at + draw(st.integers(1, 6))]
                lines = lines or [""]
            case "double":
                lines.insert(draw(st.integers(0, len(lines))), lines[at])
            case "put":
                lines.insert(
                    at,
                    f"{draw(st.sampled_from(('title', 'slug', '[x]', '[[arms]]', 'a.b', draw(TEXT))))} = {draw(TOML_VALUES)}",
                )
            case "key":
                lines[at] = f"{draw(TEXT)} = {draw(TOML_VALUES)}"
    text = "\n".join(lines)
    return draw(damaged(encode(text))) if draw(st.integers(0, 3)) == 0 else encode(text)


@st.composite
def form_body(draw, fields):
    """A form as it would be sent with some of its fields as they are, and the others as nobody would fill them."""
    pairs = []
    for name, values in fields.items():
        kind = draw(st.integers(0, 5))
        if kind == 0 and name != "do":
            continue
        said = draw(st.sampled_from(values)) if values and kind < 4 else draw(TEXT)
        pairs.append((name, said))
        if kind == 5 and draw(st.booleans()):
            pairs.append((name, draw(TEXT)))
    pairs += [(draw(TEXT), draw(TEXT))] * draw(st.integers(0, 1))
    return "&".join(f"{quote_from_bytes(encode(name))}={quote_from_bytes(encode(value))}" for name, value in pairs)
