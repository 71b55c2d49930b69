"""Text to tokens and back: reversible byte-level BPE, trained here on the corpus it is to serve."""

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from huggingface_hub import try_to_load_from_cache
from huggingface_hub.errors import HFValidationError
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

END_OF_TEXT = "<|endoftext|>"
MIN_VOCABULARY = 257  # the 256 bytes and the end of text; with fewer some text could not be written
_FILE = "tokenizer.json"
_CONFIG_FILE = "tokenizer_config.json"
_GPT2_VOCABULARY, _GPT2_MERGES = "vocab.json", "merges.txt"


class TextCodec:
    """Encodes and decodes without loss. A literal "<|endoftext|>" within a text is text, never the mark."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        tokenizer.encode_special_tokens = True  # the mark is added by number only, where a document ends
        self._tokenizer = tokenizer
        self.vocab_size: int = tokenizer.get_vocab_size()
        self.end_of_text: int = tokenizer.token_to_id(END_OF_TEXT)

    def encode(self, text: str) -> list[int]:
        return self._tokenizer.encode(text).ids

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of many texts, encoded on all cores."""
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(list(texts))]

    def decode(self, tokens: Sequence[int]) -> str:
        return self._tokenizer.decode(list(tokens), skip_special_tokens=False)

    def save(self, folder: Path) -> None:
        """Write the files that transformers' AutoTokenizer opens (as PreTrainedTokenizerFast)."""
        folder.mkdir(parents=True, exist_ok=True)
        self._tokenizer.save(str(folder / _FILE))
        described = {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": END_OF_TEXT,
            "eos_token": END_OF_TEXT,
            "unk_token": END_OF_TEXT,
            "clean_up_tokenization_spaces": False,
        }
        (folder / _CONFIG_FILE).write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")


def train_tokenizer(texts: Iterable[str], *, vocab_size: int) -> TextCodec:
    """A byte-level BPE (as GPT-2's: a word keeps its leading space) of at most `vocab_size` tokens.

    A corpus too small to fill the vocabulary gives a smaller one; see `TextCodec.vocab_size`.

    Raises:
        ValueError: the vocabulary could not hold every byte.
    """
    if vocab_size < MIN_VOCABULARY:
        raise ValueError(f"a vocabulary of {vocab_size} tokens is too small; it needs at least {MIN_VOCABULARY}")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[END_OF_TEXT],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer=trainer)
    return TextCodec(tokenizer)


def load_tokenizer(folder: str | Path) -> TextCodec:
    """The codec of a folder that `TextCodec.save` wrote, or of any byte-level BPE with an end-of-text mark.

    GPT-2's own 50,257 tokens are had from its published files, tokenizer.json or vocab.json and merges.txt.

    Raises:
        FileNotFoundError: no such files there.
        ValueError: it knows no end-of-text mark.
    """
    path = find_tokenizer_file(folder)
    tokenizer = Tokenizer.from_file(str(path)) if path.name == _FILE else _read_gpt2_files(path)
    if tokenizer.token_to_id(END_OF_TEXT) is None:
        raise ValueError(f"{path} has no {END_OF_TEXT} token; documents could not be parted")
    return TextCodec(tokenizer)


def find_cached_tokenizer(repository: str) -> Path | None:
    """The folder in the local Hugging Face cache that has this repository's tokenizer, as openai-community/gpt2."""
    with suppress(HFValidationError):  # a path, and no repository's name
        for name in (_FILE, _GPT2_MERGES):
            found = try_to_load_from_cache(repository, name)
            if isinstance(found, str):
                return Path(found).parent
    return None


def find_tokenizer_file(folder: str | Path) -> Path:
    """The file that decides a tokenizer: tokenizer.json, or merges.txt beside vocab.json in GPT-2's older form.

    Raises:
        FileNotFoundError: neither is there.
    """
    folder = Path(folder)
    if (folder / _FILE).is_file():
        return folder / _FILE
    if (folder / _GPT2_MERGES).is_file() and (folder / _GPT2_VOCABULARY).is_file():
        return folder / _GPT2_MERGES
    raise FileNotFoundError(f"there is no {_FILE} in {folder}, and no {_GPT2_VOCABULARY} with {_GPT2_MERGES}")


def _read_gpt2_files(merges: Path) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE.from_file(str(merges.with_name(_GPT2_VOCABULARY)), str(merges)))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([END_OF_TEXT])  # keeps the number that vocab.json gives it
    return tokenizer
