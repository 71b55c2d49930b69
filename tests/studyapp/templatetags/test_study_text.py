"""What is left of a study's own text, whatever somebody writes into it."""

import pytest

from studyapp.templatetags.study_text import markdown, markdown_line


def test_what_markdown_says_is_there():
    html = markdown(
        "## Head\n\n**bold** and *soft*\n\n1. one\n\n> said\n\n[a](https://example.org/x) <me@example.org>\n"
    )
    for part in ("<h2>Head</h2>", "<strong>bold</strong>", "<em>soft</em>", "<li>", "<blockquote>"):
        assert part in html
    assert '<a href="https://example.org/x" rel="noopener noreferrer">a</a>' in html
    assert 'href="mailto:me@example.org"' in html


@pytest.mark.parametrize(
    "written",
    [
        "<script>alert(1)</script>",
        "<p onclick=\"alert(1)\" style='color:red'>x</p>",
        "<iframe src='https://example.org'></iframe>",
        "<style>p { display: none }</style>",
        "![pixel](https://example.org/pixel.gif)",
        "![pixel](data:image/gif;base64,R0lGODlhAQABAAAAACw=)",
        "[click](javascript:alert(1))",
        "[click](JaVaScRiPt:alert(1))",
        "[click](data:text/html;base64,PHNjcmlwdD4=)",
        "[click](vbscript:x)",
        "<javascript:alert(1)>",
        "[a]\n\n[a]: javascript:alert(1) 'x'",
        "<svg/onload=alert(1)>",
        "<form action='https://example.org'><input></form>",
        "<a href='https://example.org' target='_blank' onmouseover='x()'>a</a>",
        "[a](https://example.org 'onclick=x()')",
    ],
)
@pytest.mark.parametrize("render", [markdown, markdown_line])
def test_nothing_runs_styles_frames_or_is_fetched(written, render):
    html = render(written)
    tags = html.replace("&lt;", "").replace("&gt;", "").split("<")
    held = [tag.split(">")[0] for tag in tags[1:]]
    assert not [tag for tag in held if tag.split()[0].strip("/") not in ("p", "a", "strong", "em", "code", "br")]
    attributes = " ".join(tag for tag in held if not tag.startswith("/"))
    for banned in ("on", "style", "src", "javascript", "vbscript", "data:", "target", "title"):
        assert f" {banned}" not in attributes and f'"{banned}' not in attributes, html


def test_a_line_has_no_blocks():
    assert markdown_line("# Who *wrote* this?\n") == "# Who <em>wrote</em> this?"
    assert markdown_line("- a\n- b") == "- a\n- b"
