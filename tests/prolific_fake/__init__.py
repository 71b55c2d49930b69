"""A stand-in for Prolific's API over real HTTP: documented shapes and statuses, and the faults that a test asks for."""

from tests.prolific_fake.faults import Fault
from tests.prolific_fake.records import Prolific
from tests.prolific_fake.server import FakeProlific

__all__ = ["FakeProlific", "Fault", "Prolific"]
