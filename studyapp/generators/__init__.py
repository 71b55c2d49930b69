"""What writes the texts of an arm, a file for each word before the colon of its generator, as `openai:MODEL`.

Every file has `open_writer(order, *, name, is_chat)`, which gives an object with `write_all`, as the `Writer` of
`generator.writer` has it. A file that is put here is a generator of every study; nothing lists it anywhere else. Only a
worker imports one, when it takes up a job of its arm (`studyapp.workers.writing`): the site never loads a model.
"""

import pkgutil

CHAT = "-chat"  # behind the word: the model is asked, and answers, instead of going on


def list_schemes() -> tuple[str, ...]:
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


SCHEMES = list_schemes()
