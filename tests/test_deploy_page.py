"""docs/deploy.md against docker-compose.yml: services and settings that it names are there, and nothing leaks."""

import fnmatch
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
COMPOSE = (ROOT / "docker-compose.yml").read_text()
PAGE = (ROOT / "docs/deploy.md").read_text()
SERVICES = set(
    re.findall(r"^  ([a-z]+):", COMPOSE.split("\nservices:\n")[1].split("\nnetworks:\n")[0], flags=re.MULTILINE)
)
# set by the image or by compose itself, or what runs without containers
OWN = {"BYLINE_HOME", "BYLINE_SERVER", "BYLINE_DATABASE_PASSWORD"}


@pytest.mark.parametrize(
    "page", [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md"], ids=lambda page: page.name
)
def test_commands_name_services_that_there_are(page):
    text = page.read_text()
    options = r"(?: -T| --rm| --no-deps| --archive| --volume \S+)*"
    named = set(re.findall(rf"docker compose (?:exec|run|restart){options} ([a-z]+)", text))
    named |= set(re.findall(r"docker compose cp[^`\n]*? ([a-z]+):/", text)) | set(
        re.findall(r"--scale ([a-z]+)=", text)
    )
    assert named <= SERVICES


def test_a_setting_of_the_page_set_in_env_reaches_the_containers():
    named = set(re.findall(r"BYLINE_[A-Z_]+[A-Z]", PAGE))
    assert len(named) > 40
    assert named - OWN - {"BYLINE_PANEL_SECRET_"} <= set(re.findall(r"\$\{(BYLINE_[A-Z_]+)", COMPOSE))


@pytest.mark.parametrize("name", [".dockerignore", ".gitignore"])
def test_what_the_page_puts_beside_the_code_stays_out(name):
    patterns = [line.strip("/") for line in (ROOT / name).read_text().splitlines()]
    beside = ("secrets", "data", "report", ".env", "byline-2026-05-04.zip", "secret_key", "database_password")
    assert [path for path in beside if not any(fnmatch.fnmatch(path, pattern) for pattern in patterns)] == []
