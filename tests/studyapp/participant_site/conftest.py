"""What the tests of the raters' pages in a real browser share."""

import pytest


@pytest.fixture
def tab(chromium):
    """Opens pages that fail the test on any error in their console; a phone with `width=360`."""
    contexts = []

    def open_tab(*, width=1200, **options):
        context = chromium.new_context(viewport={"width": width, "height": 800}, **options)
        contexts.append(context)
        page = context.new_page()
        page.faults = []
        page.on("console", lambda message: page.faults.append(message.text) if message.type == "error" else None)
        # a browser tells so of a transition between pages that the next page overtook: nothing is lost by it
        page.on("pageerror", lambda error: "Transition was skipped" in str(error) or page.faults.append(str(error)))
        return page

    yield open_tab
    for context in contexts:
        context.close()
