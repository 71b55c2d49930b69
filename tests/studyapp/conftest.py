"""What the tests of a study's parts may ask for by name."""

from tests.studyapp.prolific_fixtures import fake, no_waiting

__all__ = ["fake", "no_waiting"]
