"""The secrets of an installation that was given none: `python -m studyapp.made_secrets FOLDER`.

Compose runs it first. What .env or /run/secrets gives is taken, what is missing is made once and kept in FOLDER, from
which every service reads; nothing that anybody could guess is let through, and nothing is printed.
"""

import secrets
import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from studyapp.given_secrets import LEAST_KEY, LEAST_PASSWORD, read_secret, refuse_weak

SECRETS = {
    "BYLINE_SECRET_KEY": LEAST_KEY,
    "BYLINE_ID_KEY": LEAST_KEY,
    "BYLINE_DATABASE_PASSWORD": LEAST_PASSWORD,
    "BYLINE_BROKER_PASSWORD": LEAST_PASSWORD,
    "BYLINE_METRICS_TOKEN": LEAST_PASSWORD,
    "BYLINE_ADMIN_PASSWORD": LEAST_PASSWORD,
}


def keep_secrets(folder: Path) -> None:
    """Write every secret into a file of its own, and Redis' into a configuration that it can read.

    Raises:
        ImproperlyConfigured: a secret that was given is weak, or is none that a line can hold.
    """
    for name, least in SECRETS.items():
        file = folder / name.removeprefix("BYLINE_").lower()
        given = read_secret(name)
        kept = file.read_text(encoding="utf-8") if file.exists() else ""
        secret = refuse_weak(name, given or kept or secrets.token_urlsafe(48), least=least)
        if any(letter in secret for letter in "\r\n\"'\\ "):
            raise ImproperlyConfigured(f"{name} holds a quotation mark, a backslash or a space; choose it without.")
        if secret != kept:
            _write(file, secret, mode=0o400)
    password = (folder / "broker_password").read_text(encoding="utf-8")
    _write(folder / "redis.conf", f'requirepass "{password}"\n', mode=0o444)  # Redis runs under an account of its own


def _write(file: Path, text: str, *, mode: int) -> None:
    """Whole or not at all: a container may be ended at any moment."""
    unfinished = file.with_name(file.name + ".new")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    unfinished.write_text(text, encoding="utf-8")
    unfinished.chmod(mode)
    unfinished.replace(file)


if __name__ == "__main__":
    try:
        keep_secrets(Path(sys.argv[1]))
    except ImproperlyConfigured as error:
        sys.exit(str(error))
