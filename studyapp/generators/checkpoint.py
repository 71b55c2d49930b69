"""`checkpoint:FOLDER`: a model of the shelf, trained here or copied there."""

from typing import TYPE_CHECKING

from studyapp.actions.generation import GenerationOrder
from studyapp.model_files.checkpoints import find_checkpoint

if TYPE_CHECKING:
    from generator.sample import AnyWriter


def open_writer(order: GenerationOrder, *, name: str, is_chat: bool) -> "AnyWriter":
    """The writer of the folder of that name.

    Raises:
        FileNotFoundError: no checkpoint lies there.
    """
    from generator import sample

    return sample.open_writer(find_checkpoint(name), chat=is_chat)
