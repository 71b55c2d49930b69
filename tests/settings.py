"""The project's settings, made quick for tests; everything is written into a temporary folder."""

import os
import tempfile

os.environ.setdefault("BYLINE_HOME", tempfile.mkdtemp(prefix="byline-test-"))

from studyapp.settings import *  # noqa: E402, F403
from studyapp.settings import STORAGES

STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
