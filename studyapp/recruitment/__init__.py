"""Where participants come from: one module a platform, all of the shape in `entry`."""

from studyapp.recruitment import anonymous, prolific, simulated
from studyapp.recruitment.entry import Arrival, EntryError, Platform

PLATFORMS: dict[str, Platform] = {module.PLATFORM.name: module.PLATFORM for module in (anonymous, prolific, simulated)}

__all__ = ["PLATFORMS", "Arrival", "EntryError", "Platform"]
