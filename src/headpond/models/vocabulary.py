"""Tokenizers made from an uploaded vocabulary, as Elasticsearch makes them from a trained model's configuration.

Eland sends no tokenizer.json but the vocabulary, the merges or scores, and the tokenizer's kind; the rest is known from
the kind. The kinds are those of `inference_config.*.tokenization`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from headpond.errors import InputError, ModelError
from headpond.models.extra import need
from headpond.models.tokenizer import Encoded, Tokenizer

Truncate = Literal["first", "second", "none"]
WORD_LENGTH = 100
"""Characters from which on a word of a WordPiece tokenizer is unknown, as in BERT and in Elasticsearch."""


@dataclass(frozen=True, slots=True)
class Tokenization:
    """How a model's texts become tokens; the members of Elasticsearch's object of this name.

    Attributes:
        kind: `bert`, `mpnet`, `roberta`, `xlm_roberta` or `deberta_v2` are made here; `bert_ja` is not.
        do_lower_case: BERT and MPNet only.
        with_special_tokens: whether start, separator and end tokens are added.
        max_sequence_length: most tokens, special ones included.
        truncate: which text of a pair is cut; `none` refuses what is too long.
        span: tokens that windows over a long text share; -1 for no windows.
        add_prefix_space: RoBERTa only.
    """

    kind: str
    do_lower_case: bool = False
    with_special_tokens: bool = True
    max_sequence_length: int = 512
    truncate: Truncate = "first"
    span: int = -1
    add_prefix_space: bool = False


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What was uploaded.

    Attributes:
        tokens: by id.
        merges: pairs joined by a blank, for `roberta`.
        scores: of each token, for `xlm_roberta` and `deberta_v2`.
    """

    tokens: tuple[str, ...]
    merges: tuple[str, ...] = ()
    scores: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class _Special:
    """A kind's special tokens, and what stands between two texts."""

    start: str
    end: str
    unknown: str
    mask: str
    double: bool
    """Whether the second text is preceded by a separator of its own, and both texts are of the first segment."""


_BERT = _Special("[CLS]", "[SEP]", "[UNK]", "[MASK]", double=False)
_ROBERTA = _Special("<s>", "</s>", "<unk>", "<mask>", double=True)
_MPNET = _Special("<s>", "</s>", "[UNK]", "<mask>", double=True)


class UploadedTokenizer:
    """The tokenizer of an uploaded model.

    Args:
        tokenization: its kind and limits.
        vocabulary: what was uploaded.

    Raises:
        ModelError: the kind is not made here, or the vocabulary lacks a token that it needs.
        MissingExtraError: the package `tokenizers` is missing.
    """

    def __init__(self, tokenization: Tokenization, vocabulary: Vocabulary) -> None:
        if tokenization.kind not in _KINDS:
            raise ModelError(
                f"the tokenization [{tokenization.kind}] is not implemented by headpond",
                hint=f"implemented are {', '.join(_KINDS)}",
            )
        if tokenization.span != -1:
            raise ModelError("windows over long texts (the tokenization's [span]) are not implemented by headpond")
        special, make = _KINDS[tokenization.kind]
        tokenizers = need("tokenizers", "running a model that Eland uploaded", extra="torch")
        ids = {token: number for number, token in enumerate(vocabulary.tokens)}
        needed = {special.unknown} | ({special.start, special.end} if tokenization.with_special_tokens else set())
        for token in sorted(needed - ids.keys()):
            raise ModelError(f"stored vocabulary is missing required [{token}] token")
        try:
            inner = make(tokenizers, tokenization, vocabulary, ids)
        except Exception as error:  # the library raises plain Exception
            raise ModelError(f"no [{tokenization.kind}] tokenizer can be made of the vocabulary: {error}") from error
        if tokenization.with_special_tokens:
            inner.post_processor = _template(tokenizers, special, ids)
        if special.mask in ids:
            inner.add_special_tokens([special.mask])
        self.tokenization = tokenization
        self.vocabulary = vocabulary
        self._inner = inner
        self._made: dict[Truncate, Tokenizer] = {}

    def encode(self, texts: Sequence[str], prefix: str = "", *, truncate: Truncate | None = None) -> list[Encoded]:
        """The tokens of each text, with `prefix` put before it.

        Args:
            texts: the texts.
            prefix: part of how the model was trained.
            truncate: instead of the tokenization's own; a text alone is the first one.

        Raises:
            InputError: a text is too long and is not to be cut.
        """
        how = truncate or self.tokenization.truncate
        return self._checked(self._cutting("none" if how == "none" else "first").encode(texts, prefix))

    def encode_pairs(self, first: str, seconds: Sequence[str], *, truncate: Truncate | None = None) -> list[Encoded]:
        """The tokens of `first` and each of `seconds` as one input.

        Raises:
            InputError: a pair is too long, and is not to be cut or cannot be by cutting one text alone.
        """
        try:
            encoded = self._cutting(truncate or self.tokenization.truncate).encode_pairs(first, seconds)
        except Exception as error:  # the library's, when the text to cut is shorter than what is too much
            limit = self.tokenization.max_sequence_length
            raise InputError(
                f"Input too large. One of the two texts alone exceeds the maximum sequence length [{limit}]"
            ) from error
        return self._checked(encoded)

    def _cutting(self, truncate: Truncate) -> Tokenizer:
        if truncate not in self._made:
            # Nothing is cut where too long a text is an error.
            limit = None if truncate == "none" else self.tokenization.max_sequence_length
            special = self.tokenization.with_special_tokens
            self._made[truncate] = Tokenizer.of(self._inner, limit, strategy=f"only_{truncate}", special=special)
        return self._made[truncate]

    def _checked(self, encoded: list[Encoded]) -> list[Encoded]:
        limit = self.tokenization.max_sequence_length
        for text in encoded:
            if len(text.ids) > limit:
                raise InputError(
                    f"Input too large. The tokenized input length [{len(text.ids)}] exceeds the maximum sequence"
                    f" length [{limit}]"
                )
        return encoded


def _wordpiece(lib: Any, tokenization: Tokenization, vocabulary: Vocabulary, ids: dict[str, int]) -> Any:
    model = lib.models.WordPiece(ids, unk_token="[UNK]", max_input_chars_per_word=WORD_LENGTH)
    inner = lib.Tokenizer(model)
    inner.normalizer = lib.normalizers.BertNormalizer(lowercase=tokenization.do_lower_case)
    inner.pre_tokenizer = lib.pre_tokenizers.BertPreTokenizer()
    return inner


def _bytes(lib: Any, tokenization: Tokenization, vocabulary: Vocabulary, ids: dict[str, int]) -> Any:
    merges = [tuple(pair.split(" ", 1)) for pair in vocabulary.merges]
    inner = lib.Tokenizer(lib.models.BPE(ids, merges))
    inner.pre_tokenizer = lib.pre_tokenizers.ByteLevel(add_prefix_space=tokenization.add_prefix_space)
    return inner


def _unigram(lib: Any, tokenization: Tokenization, vocabulary: Vocabulary, ids: dict[str, int]) -> Any:
    """SentencePiece's unigram model.

    Its normalisation (`nmt_nfkc`) is a table inside the model file, which Eland does not send. Unicode's NFKC with the
    library's rules for white space gives the same for all but a handful of characters.
    """
    unknown = _KINDS[tokenization.kind][0].unknown
    scored = list(zip(vocabulary.tokens, vocabulary.scores, strict=True))
    inner = lib.Tokenizer(lib.models.Unigram(scored, ids[unknown], byte_fallback="<0x00>" in ids))
    inner.normalizer = lib.normalizers.Sequence([lib.normalizers.Nmt(), lib.normalizers.NFKC()])
    split = [lib.pre_tokenizers.WhitespaceSplit(), lib.pre_tokenizers.Metaspace(prepend_scheme="always")]
    inner.pre_tokenizer = lib.pre_tokenizers.Sequence(split)
    return inner


_KINDS: Mapping[str, tuple[_Special, Callable[[Any, Tokenization, Vocabulary, dict[str, int]], Any]]] = {
    "bert": (_BERT, _wordpiece),
    "mpnet": (_MPNET, _wordpiece),
    "roberta": (_ROBERTA, _bytes),
    "xlm_roberta": (_ROBERTA, _unigram),
    "deberta_v2": (_BERT, _unigram),
}


def _template(lib: Any, special: _Special, ids: dict[str, int]) -> Any:
    start, end = special.start, special.end
    pair = f"{start}:0 $A:0 {end}:0 {end}:0 $B:0 {end}:0" if special.double else f"{start}:0 $A:0 {end}:0 $B:1 {end}:1"
    return lib.processors.TemplateProcessing(
        single=f"{start}:0 $A:0 {end}:0", pair=pair, special_tokens=[(start, ids[start]), (end, ids[end])]
    )
