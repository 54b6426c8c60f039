"""The `tokenization` of a trained model: how its texts become tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from headpond.errors import RestError
from headpond.inference.body import Body, Members, Reader
from headpond.inference.invalid import not_implemented, status_exception
from headpond.inference.json_position import Path
from headpond.models.vocabulary import Tokenization

T = TypeVar("T")

KINDS = ("bert", "bert_ja", "deberta_v2", "mpnet", "roberta", "xlm_roberta")
"""What Elasticsearch 9.2 knows."""

MISSING = ("bert_ja",)
TRUNCATE = ("first", "second", "none")
NO_LOWER_CASE = {"roberta": "roberta", "xlm_roberta": "XLMRoberta"}


def read_tokenization(body: Body, path: Path, value: Any, *, update: bool = False) -> tuple[str, dict[str, Any]]:
    """Reads `{"bert": {...}}`.

    Args:
        body: the whole request.
        path: where the object stands.
        value: the object.
        update: whether it stands in a request to infer, which may change less.

    Returns:
        The kind, and its members as they were given.

    Raises:
        RestError: 400, with Elasticsearch's texts; 501, a kind that is not there.
    """
    kind, members = _single(body, path, value, "tokenization")

    def read() -> dict[str, Any]:
        if kind not in KINDS:
            raise unknown_name(body, (*path, kind))
        if kind in MISSING:
            raise not_implemented(f"the tokenization [{kind}]")
        reader = _Reader(body, f"{kind}_tokenization")
        names = ("truncate", "span", "max_sequence_length") if update else tuple(reader.readers(kind))
        known = {name: read for name, read in reader.readers(kind).items() if name in names}
        return body.object(reader.parser, (*path, kind), members, known)

    return kind, within(body, path, "tokenization", kind, read)


def tokenization_of(kind: str, given: Mapping[str, Any]) -> Tokenization:
    """The tokenization with its defaults.

    Raises:
        RestError: 400, members that contradict each other; 501, windows over long texts.
    """
    made = Tokenization(kind, **given)
    if made.do_lower_case and kind in NO_LOWER_CASE:
        reason = f"unable to set [do_lower_case] to [true] for {NO_LOWER_CASE[kind]} tokenizer"
        raise status_exception(400, reason)
    if made.span != -1:
        if made.truncate != "none":
            reason = f"[span] must not be provided when [truncate] is [{made.truncate}]"
            raise RestError(400, "illegal_argument_exception", reason)
        raise not_implemented("windows over long texts ([span] of a tokenization)")
    return made


def shown(tokenization: Tokenization) -> dict[str, Any]:
    """The tokenization as GET shows it."""
    members: dict[str, Any] = {
        "do_lower_case": tokenization.do_lower_case,
        "with_special_tokens": tokenization.with_special_tokens,
        "max_sequence_length": tokenization.max_sequence_length,
        "truncate": tokenization.truncate,
        "span": tokenization.span,
    }
    if tokenization.kind == "roberta":
        members["add_prefix_space"] = tokenization.add_prefix_space
    return {tokenization.kind: members}


def within(body: Body, path: Path, parser: str, name: str, read: Callable[[], T]) -> T:
    """What `read` gives; its errors get the parser around them, as Elasticsearch nests them.

    Raises:
        RestError: as `read` does, wrapped where it was the parser that failed.
    """
    try:
        return read()
    except RestError as error:
        if error.status != 400 or error.type == "illegal_state_exception":
            raise
        at = body.position((*path, name), of_key=True)
        raise body.failed(parser, (*path, name), error, at=at) from None


def unknown_name(body: Body, path: Path) -> RestError:
    """A named object of a name that nobody knows."""
    line, column = body.position(path, of_key=True)
    return RestError(400, "named_object_not_found_exception", f"[{line}:{column}] unknown field [{path[-1]}]")


def _single(body: Body, path: Path, value: Any, parser: str) -> tuple[str, Any]:
    if not isinstance(value, dict):
        raise body.unsupported(parser, path, value)
    if len(value) != 1:
        raise RestError(400, "illegal_state_exception", f"parser for [{parser}] did not end on END_OBJECT")
    return next(iter(value.items()))


class _Reader(Members):
    def __init__(self, body: Body, parser: str) -> None:
        super().__init__(body, parser)
        self.parser = parser

    def readers(self, kind: str) -> Mapping[str, Reader]:
        """What a tokenization of this kind may hold."""
        readers: dict[str, Reader] = {
            "do_lower_case": self.flag,
            "with_special_tokens": self.flag,
            "max_sequence_length": self._length,
            "truncate": self._truncate,
            "span": self._span,
        }
        return {**readers, "add_prefix_space": self.flag} if kind == "roberta" else readers

    def _length(self, path: Path, value: Any) -> int:
        number = self.integer(path, value)
        if number <= 0:
            raise RestError(400, "illegal_argument_exception", "[max_sequence_length] must be positive")
        return number

    def _span(self, path: Path, value: Any) -> int:
        number = self.integer(path, value)
        if number < -1:
            reason = "[span] must be non-negative to indicate span length or -1 to indicate no windowing should occur"
            raise RestError(400, "illegal_argument_exception", reason)
        return number

    def _truncate(self, path: Path, value: Any) -> str:
        text = self.text(path, value).lower()
        if text not in TRUNCATE:
            known = "org.elasticsearch.xpack.core.ml.inference.trainedmodel.Tokenization.Truncate"
            raise RestError(400, "illegal_argument_exception", f"No enum constant {known}.{text.upper()}")
        return text
