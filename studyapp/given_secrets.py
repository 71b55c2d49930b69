"""Secrets that the installation is given: from the environment, from a file it names, or from /run/secrets.

On a server (BYLINE_SERVER) a missing one, or one that anybody could guess, is refused before anything is served.
"""

from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

MOUNTED = Path("/run/secrets")  # where Docker, Podman and Kubernetes put them
LEAST_KEY = 50  # characters of a secret key, as Django makes them
LEAST_PASSWORD = 12
_GUESSED = ("byline", "postgres", "password", "secret", "changeme", "change-me", "example", "admin", "django-insecure")
env = environ.Env()


def read_secret(name: str, *, mounted: Path = MOUNTED) -> str:
    """A secret from NAME, from the file that NAME_FILE points to, or from /run/secrets/NAME; empty without any.

    Raises:
        ImproperlyConfigured: the file that NAME_FILE names cannot be read.
    """
    if value := env.str(name, default=""):
        return value
    if path := env.str(f"{name}_FILE", default=""):
        return _read_file(Path(path), named_by=f"{name}_FILE")
    for file in (mounted / name, mounted / name.lower()):
        if file.is_file():
            return _read_file(file, named_by=name)
    return ""


def _read_file(path: Path, *, named_by: str) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(
            f"{named_by}: the file {path} cannot be read ({type(error).__name__}). It must be there, and readable by "
            "the account that Byline runs as."
        ) from None


def refuse_weak(name: str, value: str, *, least: int) -> str:
    """The secret, where it is long enough and none that an installation guide or a habit would have put there.

    Raises:
        ImproperlyConfigured: it is missing, short or guessed; the message never tells it.
    """
    how = "Make one with `openssl rand -base64 48`, and set it or the file that holds it (docs/deploy.md)."
    if not value:
        raise ImproperlyConfigured(f"{name} is missing, and a server makes none up. {how}")
    plain = value.casefold()
    if plain.startswith("django-insecure") or plain.strip("0123456789!.-_") in _GUESSED or len(set(value)) < 6:
        raise ImproperlyConfigured(f"{name} is one that anybody could guess. {how}")
    if len(value) < least:
        raise ImproperlyConfigured(f"{name} has {len(value)} characters; {least} are the least. {how}")
    return value
