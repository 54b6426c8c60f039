"""`dense_vector`: one vector a document, searched exactly."""

from __future__ import annotations

import binascii
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headpond.node.analysis.analysis import Analysis
from headpond.node.mapping.base import BadValue, FieldType, Parameter, boolean, mapper_parsing
from headpond.node.mapping.json_token import token
from headpond.node.mapping.text_value import java_float, number_text
from headpond.node.store.sink import FieldSink

MOST_DIMS = 4096
MOST_BITS = 4096 * 8
SIMILARITIES = ("l2_norm", "cosine", "dot_product", "max_inner_product")
INDEX_TYPES = (
    "hnsw", "int8_hnsw", "int4_hnsw", "bbq_hnsw", "flat", "int8_flat", "int4_flat", "bbq_flat", "bbq_disk",
)  # fmt: skip
ELEMENT_TYPES = ("bit", "byte", "float")
BBQ_FROM = 384
"""Dims from which Elasticsearch 9 quantises to bits when nothing is said."""
UNIT_TOLERANCE = 1e-3
"""How far a squared length may be from 1 for dot_product, as Elasticsearch's EPS has it."""


class DenseVector(FieldType):
    """One vector a document.

    Attributes:
        dims: length of the vectors (in bits for element type bit), None until the first one comes.
        element_type: float, byte or bit.
        similarity: how closeness becomes a score; None when the field is not indexed.
    """

    type = "dense_vector"
    whole_arrays = True
    plain_errors = True
    parameters = {
        "meta": Parameter(updatable=True),
        "dims": Parameter(read=lambda value: _dims(value)),
        "element_type": Parameter(default="float"),
        "index": Parameter(default=True, read=boolean),
        "similarity": Parameter(),
        "index_options": Parameter(updatable=True),
    }

    def configure(self, analysis: Analysis) -> None:
        """Checks the options against each other."""
        self.element_type: str = self.option("element_type")
        if self.element_type not in ELEMENT_TYPES:
            listed = ", ".join(ELEMENT_TYPES)
            raise mapper_parsing(f"invalid element_type [{self.element_type}]; available types are [{listed}]")
        self.dims: int | None = self.option("dims")
        self._check_dims()
        self.indexed: bool = self.option("index")
        self.similarity: str | None = self._similarity()
        self._check_index_options()

    def _check_dims(self) -> None:
        most = MOST_BITS if self.element_type == "bit" else MOST_DIMS
        if self.dims is not None and not 1 <= self.dims <= most:
            raise mapper_parsing(f"The number of dimensions should be in the range [1, {most}] but was [{self.dims}]")
        if self.element_type == "bit" and self.dims is not None and self.dims % 8:
            raise mapper_parsing(f"The number of dimensions for should be a multiple of 8 but was [{self.dims}]")

    def _similarity(self) -> str | None:
        given = self.option("similarity")
        if given is None:
            return ("l2_norm" if self.element_type == "bit" else "cosine") if self.indexed else None
        if not self.indexed:
            raise mapper_parsing(
                "Field [similarity] can only be specified for a field of type [dense_vector] when it is indexed"
            )
        if given not in SIMILARITIES:
            listed = ", ".join(SIMILARITIES)
            reason = f"Unknown value [{given}] for field [similarity] - accepted values are [{listed}]"
            raise mapper_parsing(reason)
        if self.element_type == "bit" and given != "l2_norm":
            raise mapper_parsing("The [l2_norm] similarity is the only supported similarity for bit vectors")
        return str(given)

    def _check_index_options(self) -> None:
        options = self.option("index_options")
        if options is None:
            return
        if not self.indexed:
            raise mapper_parsing(
                "Field [index_options] can only be specified for a field of type [dense_vector] when it is indexed"
            )
        kind = options.get("type") if isinstance(options, dict) else None
        if kind is None:
            raise mapper_parsing("[index_options] requires field [type] to be configured")
        if kind not in INDEX_TYPES:
            raise mapper_parsing(f"Unknown vector index options type [{kind}] for field [{self.name}]")

    def index(self, value: Any, sink: FieldSink) -> None:
        """Adds the vector: a list of numbers, or for bytes and bits also a string of hex digits."""
        vector = self._floats(value) if self.element_type == "float" else self._bytes(value)
        magnitude = self._check(vector)
        if not sink.dense(self.path, vector, magnitude):
            raise BadValue(
                f"Field [{self.path}] of type [dense_vector] can't be used in multifields or hold several vectors"
            )

    def length_of(self, value: Any) -> int | None:
        """The dims that a first value gives the field; None when it is no vector."""
        if isinstance(value, list):
            count = len(value)
        elif isinstance(value, str) and self.element_type != "float":
            count = len(value) // 2
        else:
            return None
        return count * 8 if self.element_type == "bit" else count

    def _floats(self, value: Any) -> NDArray[np.float32]:
        if not isinstance(value, list):
            raise BadValue(
                "Failed to parse object: expecting token of type [VALUE_NUMBER] but found [END_OBJECT]",
                type="parsing_exception",
                at_end=True,
            )
        try:
            with np.errstate(over="ignore"):
                vector = np.array(value, dtype=np.float32)
        except (TypeError, ValueError):
            vector = np.empty((0, 0), np.float32)
        if vector.ndim != 1 or _has_other_items(value):
            raise _not_a_number(value)
        self._check_length(vector, len(vector))
        return vector

    def _bytes(self, value: Any) -> NDArray[np.int8]:
        if isinstance(value, str):
            try:
                vector = np.frombuffer(bytes.fromhex(value), np.int8)
            except ValueError:
                raise BadValue(f"{binascii.Error.__name__}: [{value}] is not a string of hex digits") from None
            self._check_length(vector, len(vector))
            return vector
        if not isinstance(value, list) or _has_other_items(value):
            raise _not_a_number(value if isinstance(value, list) else [value])
        for dim, item in enumerate(value):
            where = f"at dim [{dim}];"
            if isinstance(item, float) and not item.is_integer():
                raise BadValue(
                    f"element_type [{self.element_type}] vectors only support non-decimal values but found decimal "
                    f"value [{number_text(item)}] {where}",
                    inner=(dim,),
                )
            if not -128 <= item <= 127:
                raise BadValue(
                    f"element_type [{self.element_type}] vectors only support integers between [-128, 127] but found "
                    f"[{int(item)}] {where}",
                    inner=(dim,),
                )
        vector = np.array(value, np.int8)
        self._check_length(vector, len(vector))
        return vector

    def _check_length(self, vector: NDArray[Any], count: int) -> None:
        stored = None if self.dims is None else self.dims // 8 if self.element_type == "bit" else self.dims
        if stored is None or count == stored:
            return
        start = f"The [dense_vector] field [{self.path}] in doc [document with id '{{id}}'] has "
        if count > stored:
            raise BadValue(f"{start}more dimensions than defined in the mapping [{self.dims}]", inner=(stored,))
        given = count * 8 if self.element_type == "bit" else count
        raise BadValue(
            f"{start}a different number of dimensions [{given}] than defined in the mapping [{self.dims}]",
            at_end=True,
        )

    def _check(self, vector: NDArray[np.float32] | NDArray[np.int8]) -> float:
        if self.element_type == "bit":
            return float(np.sqrt(np.bitwise_count(vector.view(np.uint8)).sum()))
        exact = vector.astype(np.float64)
        squared = float(exact @ exact)
        if not np.isfinite(squared) or not np.isfinite(exact).all():
            raise BadValue(
                "NaN or Infinite magnitude detected, this usually means the vector values are too extreme to fit within "
                f"the supported range. Preview of invalid vector: {self._preview(vector)}",
                at_end=True,
            )
        if self.similarity == "cosine" and squared == 0:
            raise BadValue(
                "The [cosine] similarity does not support vectors with zero magnitude. Preview of invalid vector: "
                + self._preview(vector),
                at_end=True,
            )
        if self.similarity == "dot_product" and self.element_type == "float" and abs(squared - 1) > UNIT_TOLERANCE:
            raise BadValue(
                "The [dot_product] similarity can only be used with unit-length vectors. Preview of invalid vector: "
                + self._preview(vector),
                at_end=True,
            )
        return float(np.sqrt(squared))

    @staticmethod
    def _preview(vector: NDArray[np.float32] | NDArray[np.int8]) -> str:
        whole = vector.dtype == np.int8
        shown = [str(int(item)) if whole else java_float(item) for item in vector[:5]]
        return f"[{', '.join(shown)}{', ...' if len(vector) > 5 else ''}]"

    def shown_options(self) -> dict[str, Any]:
        """Once dims are known all options are shown, also those that were not given."""
        if self.dims is None:
            return self.options
        shown: dict[str, Any] = {"dims": self.dims}
        if self.element_type != "float":
            shown["element_type"] = self.element_type
        shown["index"] = self.indexed
        if self.indexed:
            shown["similarity"] = self.similarity
            shown["index_options"] = self.option("index_options") or self._usual_index()
        return shown

    def _usual_index(self) -> dict[str, Any]:
        graph = {"m": 16, "ef_construction": 100}
        if self.element_type != "float":
            return {"type": "hnsw", **graph}
        if (self.dims or 0) < BBQ_FROM:
            return {"type": "int8_hnsw", **graph}
        return {"type": "bbq_hnsw", **graph, "rescore_vector": {"oversample": 3.0}}

    def conflicts(self, other: FieldType) -> list[str]:
        """Dims may be given once they are open; index types may only be changed to ones of the same family."""
        lines = super().conflicts(other)
        if self.dims is None:
            lines = [line for line in lines if "parameter [dims]" not in line]
        return lines


def _dims(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ValueError(f"Property [dims] on field must be an integer but got [{value}]")
    return int(value)


def _has_other_items(items: list[Any]) -> bool:
    """Whether an item is no number: numpy takes true, null and digits in strings for numbers."""
    return not {type(item) for item in items} <= {int, float}


def _not_a_number(items: list[Any]) -> BadValue:
    for position, item in enumerate(items):
        if type(item) not in (int, float):
            break
    return BadValue(
        f"Failed to parse object: expecting token of type [VALUE_NUMBER] but found [{token(item)}]",
        type="parsing_exception",
        inner=(position,),
    )
