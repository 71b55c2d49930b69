"""What every test may use: real parts, and a skip only where a part is missing and CI does not forbid it."""

import os
from pathlib import Path

# tests run side by side, and threads of numpy and torch would only wait for each other; read when they are imported,
# here and in the processes that tests start
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import hypothesis
import pytest

# a busy machine is no fault, which also draws slowly
hypothesis.settings.register_profile("byline", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("byline")

CHROMIUM = Path("/usr/bin/chromium")
CHROMIUM_ARGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def require(part: str, *, present: bool) -> None:
    """Skip a test whose part is missing on somebody's machine; under CI a missing part is a failure."""
    if present:
        return
    if os.environ.get("CI"):
        pytest.fail(f"{part} is missing; CI must have it")
    pytest.skip(f"{part} is missing")


@pytest.fixture(scope="session")
def chromium():
    """A headless Chromium, one for all browser tests of a process."""
    require("Chromium", present=CHROMIUM.exists())
    from playwright.sync_api import sync_playwright

    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright's loop runs in the test's own thread
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=CHROMIUM_ARGS)
        yield browser
        browser.close()
