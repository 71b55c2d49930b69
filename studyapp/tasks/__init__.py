"""Doorways: ids in, the row is the truth, safe to run twice. torch and the analysis are loaded inside the bodies.

A task's name says no module, since messages that lie in a queue call it by that name.
"""

from studyapp.tasks import (  # noqa: F401  loading them is what makes their tasks known to Celery
    blinding,
    detection,
    export,
    generation,
    planning,
    prolific,
    rehearsal,
    training,
    upkeep,
)
