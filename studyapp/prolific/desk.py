"""A client with our settings: patient for a worker, brisk for a page that somebody waits for."""

import time

from django.conf import settings

from studyapp.prolific.client import ProlificClient
from studyapp.prolific.transport import Account

PAUSE = time.sleep


def open_client(*, is_patient: bool = False) -> ProlificClient:
    """The account of the token in the settings.

    Raises:
        BadTokenError: there is no token.
    """
    account = Account(
        url=settings.PROLIFIC_URL,
        token=settings.PROLIFIC_TOKEN,
        timeout=settings.PROLIFIC_TIMEOUT,
        attempts=6 if is_patient else 2,
        longest_wait=120.0 if is_patient else 5.0,
    )
    return ProlificClient(account, pause=PAUSE)


def has_token() -> bool:
    return bool(settings.PROLIFIC_TOKEN)
