"""report.pdf: the page's sentences, chapters, tables and figures on A4, typeset by Typst (a wheel, no system library).

The chapters' HTML is ours. It is walked once and told again as calls of Typst with every word as a string, so nothing
in a bundle can be read as markup. The same page gives the same bytes: no date, and fonts that come with the packages;
fonts of the system are asked only for letters that those lack.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import matplotlib as mpl
import typst
from matplotlib.ft2font import FT2Font

from analysis.page import WARNINGS, Chapter, Page

FONTS = Path(mpl.get_data_path()) / "fonts" / "ttf"
SIZES = ((7, 8.0), (10, 7.0), (13, 6.0), (10**9, 5.0))  # of letters in a table, by its number of columns
VOID = {"br", "hr", "img", "wbr"}
CALLS = {
    "strong": "strong",
    "b": "strong",
    "em": "emph",
    "i": "emph",
    "sub": "sub",
    "sup": "super",
    "summary": "strong",
}
BLOCKS = {"p", "figure", "table", "ul", "ol", "details", "div", "h3", "h4"}
STYLE = """
#set page(paper: "a4", margin: (x: 17mm, top: 18mm, bottom: 20mm), {background}
  footer: context text(7.5pt, fill: luma(40%))[#title #h(1fr) #counter(page).display("1 / 1", both: true)])
#set text(font: ("Libertinus Serif", "DejaVu Sans"), size: 10pt, lang: "en")
#set par(justify: false, leading: 0.62em)
#set heading(numbering: none)
#show heading.where(level: 1): it => block(above: 2em, below: 0.8em, sticky: true, text(15pt, it.body))
#show heading.where(level: 2): it => block(above: 1.3em, below: 0.6em, sticky: true, text(11pt, it.body))
#show raw: set text(font: "DejaVu Sans Mono", size: 7.5pt)
#let note(body) = block(text(8.5pt, fill: luma(35%), body))
#let warn(body) = block(width: 100%, inset: 8pt, fill: rgb("#fdeee4"), stroke: (left: 3pt + rgb("#8a2b06")),
  text(fill: rgb("#8a2b06"), weight: "bold", body))
#let status(word) = block(sticky: true, text(8pt, fill: luma(35%), style: "italic", word))
#let tabled(size, body) = { set text(font: "DejaVu Sans", size: size); set par(leading: 0.5em)
  block(above: 1em, below: 1em, width: 100%, body) }
#set table(inset: (x: 2.5pt, y: 3pt), stroke: (x, y) => (bottom: if y == 0 { 0.8pt } else { 0.3pt + luma(75%) }))
"""


@dataclass
class Node:
    """An element with its children, text or elements."""

    tag: str
    attrs: dict[str, str] = field(default_factory=dict)
    children: list["Node | str"] = field(default_factory=list)

    def has(self, name: str) -> bool:
        return name in self.attrs.get("class", "").split()

    def find(self, *tags: str) -> Iterator["Node"]:
        for child in self.children:
            if isinstance(child, Node):
                if child.tag in tags:
                    yield child
                yield from child.find(*tags)


def typeset(page: Page, *, figures: Path) -> bytes:
    """The bytes of report.pdf; `figures` is the folder of the report's figures as SVG."""
    source = _write_document(page)
    compiler = typst.Compiler(
        root=str(figures), font_paths=[str(FONTS)], ignore_system_fonts=not _lacks_letters(source)
    )
    made = compiler.compile(
        input=source.encode(),
        format="pdf",
        timestamp=datetime(2020, 1, 1, tzinfo=UTC),  # Typst would write the hour at which it runs
    )
    if not isinstance(made, bytes):
        raise TypeError("Typst gave no document")
    return made


def read_html(text: str) -> Node:
    """The tree of a piece of our own HTML."""
    reader = _TreeReader()
    reader.feed(text)
    reader.close()
    return reader.root


def write_blocks(node: Node) -> str:
    """A node's children as Typst; space between blocks is none, since it would be a line of its own."""
    has_blocks = any(isinstance(child, Node) and child.tag in BLOCKS for child in node.children)
    kept = [c for c in node.children if not (has_blocks and isinstance(c, str) and not c.strip())]
    return "".join(_write(child) for child in kept)


def quote(text: str) -> str:
    """A string of Typst; the only form in which words of a bundle get into the document."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'


class _TreeReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("root")
        self._open = [self.root]
        self._drawn = 0  # depth within an <svg>, of which only the name is kept

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        if self._drawn or tag == "svg":
            self._drawn += tag == "svg"
            if tag == "svg" and self._drawn == 1:
                self._open[-1].children.append(Node("svg", known))
            return
        node = Node(tag, known)
        self._open[-1].children.append(node)
        if tag not in VOID:
            self._open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not self._drawn:
            self._open[-1].children.append(Node(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if self._drawn:
            self._drawn -= tag == "svg"
            return
        if any(node.tag == tag for node in self._open[1:]):
            while self._open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not self._drawn:
            self._open[-1].children.append(data)


def _write_document(page: Page) -> str:
    words = " · ".join(page.marks).upper()
    background = (
        f'background: rotate(-55deg, text({min(60, 1300 // max(len(words), 1))}pt, weight: "bold", '
        f'fill: rgb("#b3261e").transparentize(90%), box(width: 34cm, align(center, {quote(words)})))),'
        if words
        else ""
    )
    parts = [
        f"#let title = {quote(page.title)}\n#set document(title: title, date: none)",
        STYLE.replace("{background}", background),
        '#block(below: 1em, text(20pt, weight: "bold", title))\n',
        *(f"#warn({quote(WARNINGS[mark])})\n" for mark in page.marks),
        *(f"#block(text(11.5pt, {quote(sentence)}))\n" for sentence in page.sentences),
        write_blocks(read_html(page.context["figures"][page.first]["svg"])),
        *(f"#note({quote(caution)})\n" for caution in page.cautions),
        "#pagebreak()\n#outline(title: [Contents], depth: 1)\n",
        *(_write_chapter(chapter) for chapter in page.chapters),
    ]
    return "\n".join(parts)


def _write_chapter(chapter: Chapter) -> str:
    parts = [f"#heading(level: 1, {quote(chapter.title)})\n"]
    if chapter.status:
        parts.append(f"#status({quote(chapter.status)})\n")
    if chapter.meaning:
        parts.append(f"#block({quote(chapter.meaning)})\n")
    parts.append(write_blocks(read_html(chapter.body)))
    if chapter.formula:
        parts.append(f"#block(emph({quote(chapter.formula)}))\n#note({quote(chapter.limits)})\n")
    return "".join(parts)


def _write(node: Node | str) -> str:
    if isinstance(node, str):
        return f"#{quote(_close_spaces(node))}"
    if node.tag == "table":
        return _write_table(node)
    if node.tag == "svg":
        name, alt = node.attrs.get("data-figure", ""), node.attrs.get("aria-label", "")
        return f"#image({quote(f'/{name}.svg')}, width: 88%, alt: {quote(alt)})\n" if name else ""
    if node.tag in ("ul", "ol"):
        items = "".join(f"[{write_blocks(item)}]," for item in node.find("li"))
        return f"\n#{'list' if node.tag == 'ul' else 'enum'}({items})\n"
    return _write_plain(node)


def _write_plain(node: Node) -> str:
    if node.tag == "br":
        return "#linebreak()"
    if node.tag == "code":
        return f"#raw({quote(''.join(_gather_text(node)))})"
    inner = write_blocks(node)
    if node.tag in CALLS:
        return f"#{CALLS[node.tag]}[{inner}]"
    if node.tag in ("h3", "h4"):
        return f"\n#heading(level: 2)[{inner}]\n"
    if node.tag == "figure":
        return f"\n#block(breakable: false, above: 1.2em, below: 1.2em)[{inner}]\n"
    if node.tag == "figcaption" or (node.tag == "p" and node.has("note")):
        return f"\n#note[{inner}]\n"
    if node.has("formula"):
        inner = f"#emph[{inner}]"
    if node.has("warn"):
        return f"\n#warn[{inner}]\n"
    return f"\n#block[{inner}]\n" if node.tag in BLOCKS else inner


def _write_table(node: Node) -> str:
    """Columns share the width; the letters are the smaller, the more columns there are, so that no table is cut."""
    rows = list(node.find("tr"))
    heads = [row for head in node.find("thead") for row in head.find("tr")]
    columns = max((sum(int(cell.attrs.get("colspan", 1)) for cell in row.find("th", "td")) for row in rows), default=1)
    size = next(points for most, points in SIZES if columns <= most)
    align = "left" if node.has("words") else "(x, y) => if x == 0 { left } else { right }"
    header = "".join(_write_row(row, is_head=True) for row in heads)
    body = "".join(_write_row(row) for row in rows if not any(row is head for head in heads))
    head = f"table.header({header})," if header else ""
    return f"\n#tabled({size}pt)[#table(columns: {columns}, align: {align}, {head}{body})]\n"


def _write_row(row: Node, *, is_head: bool = False) -> str:
    cells = []
    for cell in row.find("th", "td"):
        inner = write_blocks(cell)
        inner = f"#strong[{inner}]" if is_head or cell.tag == "th" else inner
        spans = "".join(f"{kind}: {int(cell.attrs[kind])}, " for kind in ("colspan", "rowspan") if kind in cell.attrs)
        spans += "align: left, " if cell.has("text") else ""
        cells.append(f"table.cell({spans})[{inner}]," if spans else f"[{inner}],")
    return "".join(cells)


def _close_spaces(text: str) -> str:
    """One space for whatever space there is, as a browser shows it."""
    before, after = " " * text[:1].isspace(), " " * text[-1:].isspace()
    return before + " ".join(part for part in re.split(r"[ \n\t]+", text) if part) + after if text.strip() else " "


def _gather_text(node: Node) -> Iterator[str]:
    for child in node.children:
        if isinstance(child, str):
            yield child
        else:
            yield from _gather_text(child)


def _lacks_letters(text: str) -> bool:
    return any(ord(letter) not in _list_letters() for letter in set(text) if letter > "\x7f")


@cache
def _list_letters() -> frozenset[int]:
    return frozenset(FT2Font(str(FONTS / "DejaVuSans.ttf")).get_charmap())
