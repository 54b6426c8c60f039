"""`dense_vector`: one vector a document, searched exactly whatever `index_options` say."""

from __future__ import annotations

from typing import Any, ClassVar

from headpond.node.analysis.analysis import Analysis
from headpond.node.call import illegal_argument
from headpond.node.mapping.base import BadValue, FieldType, Parameter, boolean, mapper_parsing
from headpond.node.mapping.vector_value import magnitude, read_bytes, read_floats
from headpond.node.store.sink import FieldSink

MOST_DIMS = 4096
MOST_BITS = 4096 * 8
SIMILARITIES = ("l2_norm", "cosine", "dot_product", "max_inner_product")
ELEMENT_TYPES = ("bit", "byte", "float")
GRAPH_OPTIONS = frozenset({"type", "m", "ef_construction"})
INDEX_TYPES = {
    "hnsw": GRAPH_OPTIONS,
    "int8_hnsw": GRAPH_OPTIONS | {"confidence_interval", "rescore_vector", "on_disk_rescore"},
    "int4_hnsw": GRAPH_OPTIONS | {"confidence_interval", "rescore_vector", "on_disk_rescore"},
    "bbq_hnsw": GRAPH_OPTIONS | {"rescore_vector", "on_disk_rescore"},
    "flat": frozenset({"type"}),
    "int8_flat": frozenset({"type", "confidence_interval", "rescore_vector"}),
    "int4_flat": frozenset({"type", "confidence_interval", "rescore_vector"}),
    "bbq_flat": frozenset({"type", "rescore_vector"}),
    "bbq_disk": frozenset({"type", "cluster_size", "default_visit_percentage", "rescore_vector"}),
}
"""The options of each index type; they are kept and shown, and change nothing about a search."""

BBQ_FROM = 384
"""Dims from which Elasticsearch 9 quantises to bits when nothing is said."""

BBQ_LEAST = 64
"""The fewest dims that quantising to bits takes."""

UNINDEXED = "can only be specified for a field of type [dense_vector] when it is indexed"


def _read_dims(value: Any) -> int:
    try:
        return int(str(value))
    except ValueError:
        raise mapper_parsing(f"Property [dims] on field [{{name}}] must be an integer but got [{value}]") from None


class DenseVector(FieldType):
    """One vector a document.

    Attributes:
        dims: length of the vectors (in bits for element type bit), None until the first one comes.
        element_type: float, byte or bit.
        indexed: whether knn searches may use the field.
        similarity: how closeness becomes a score; None when the field is not indexed.
    """

    type = "dense_vector"
    whole_arrays = True
    plain_errors = True
    parameters: ClassVar[dict[str, Parameter]] = {
        "meta": Parameter(updatable=True),
        "dims": Parameter(read=_read_dims),
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
        bits = self.element_type == "bit"
        least, most = (8, MOST_BITS) if bits else (1, MOST_DIMS)
        if self.dims is None:
            return
        if not least <= self.dims <= most:
            raise mapper_parsing(
                f"The number of dimensions should be in the range [{least}, {most}] but was [{self.dims}]"
            )
        if bits and self.dims % 8:
            raise mapper_parsing(f"The number of dimensions for should be a multiple of 8 but was [{self.dims}]")

    def _similarity(self) -> str | None:
        given = self.option("similarity")
        if given is None:
            return ("l2_norm" if self.element_type == "bit" else "cosine") if self.indexed else None
        if not self.indexed:
            raise illegal_argument(f"Field [similarity] {UNINDEXED}")
        if given not in SIMILARITIES:
            listed = ", ".join(SIMILARITIES)
            raise mapper_parsing(f"Unknown value [{given}] for field [similarity] - accepted values are [{listed}]")
        if self.element_type == "bit" and given != "l2_norm":
            raise illegal_argument("The [l2_norm] similarity is the only supported similarity for bit vectors")
        return str(given)

    def _check_index_options(self) -> None:
        options = self.option("index_options")
        if options is None:
            return
        if not self.indexed:
            raise illegal_argument(f"Field [index_options] {UNINDEXED}")
        kind = options.get("type") if isinstance(options, dict) else None
        if kind is None:
            raise mapper_parsing("[index_options] requires field [type] to be configured")
        if kind not in INDEX_TYPES:
            raise mapper_parsing(f"Unknown vector index options type [{kind}] for field [{self.name}]")
        if unknown := sorted(set(options) - INDEX_TYPES[kind]):
            listed = " ".join(f"[{name} : {options[name]}]" for name in unknown)
            raise mapper_parsing(f"Mapping definition for [{self.name}] has unsupported parameters:  {listed}")
        if kind not in ("hnsw", "flat") and self.element_type != "float":
            raise illegal_argument(f"[element_type] cannot be [{self.element_type}] when using index type [{kind}]")
        if kind.startswith("bbq") and self.dims is not None and self.dims < BBQ_LEAST:
            raise illegal_argument(f"{kind} does not support dimensions fewer than 64; provided={self.dims}")

    def index(self, value: Any, sink: FieldSink) -> None:
        """Adds the vector: a list of numbers, or for bytes and bits also a string of hex digits."""
        vector = read_floats(value) if self.element_type == "float" else read_bytes(value, self.element_type)
        self._check_length(len(vector), isinstance(value, str))
        length = magnitude(vector, self.similarity, bits=self.element_type == "bit")
        if not sink.dense(self.path, vector, length):
            raise BadValue(
                f"Field [{self.path}] of type [dense_vector] doesn't support indexing multiple values for "
                "the same field in "
                "the same document",
                at_end=True,
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

    def _check_length(self, count: int, text: bool) -> None:
        factor = 8 if self.element_type == "bit" else 1
        if self.dims is None or count * factor == self.dims:
            return
        start = f"The [dense_vector] field [{self.path}] in doc [document with id '{{id}}'] has"
        if count * factor > self.dims and not text:
            where = (self.dims // factor,)
            raise BadValue(f"{start} more dimensions than defined in the mapping [{self.dims}]", inner=where)
        raise BadValue(
            f"{start} a different number of dimensions [{count * factor}] than defined in the mapping [{self.dims}]",
            at_end=not text,
        )

    def shown_options(self) -> dict[str, Any]:
        """Kind and similarity are shown also when they were not given; how it is indexed once the dims are known."""
        shown: dict[str, Any] = {}
        if self.element_type != "float":
            shown["element_type"] = self.element_type
        if self.dims is not None:
            shown["dims"] = self.dims
        shown["index"] = self.indexed
        if self.indexed:
            shown["similarity"] = self.similarity
            options = self._shown_index()
            if options is not None:
                shown["index_options"] = options
        return {**shown, **({"meta": self.option("meta")} if self.option("meta") else {})}

    def _shown_index(self) -> dict[str, Any] | None:
        graph = {"m": 16, "ef_construction": 100}
        oversample = {"rescore_vector": {"oversample": 3.0}}
        given = self.option("index_options")
        if given is None:
            if self.dims is None or self.element_type != "float":
                return None
            given = {"type": "int8_hnsw" if self.dims < BBQ_FROM else "bbq_hnsw"}
        usual = {
            **(graph if given["type"].endswith("hnsw") else {}),
            **(oversample if given["type"].startswith("bbq") else {}),
        }
        return {"type": given["type"], **usual, **given}

    def conflicts(self, other: FieldType) -> list[str]:
        """Dims may be given once they are open; a similarity that was not given counts as the usual one."""
        lines = super().conflicts(other)
        if self.dims is None:
            lines = [line for line in lines if "parameter [dims]" not in line]
        lines = [line for line in lines if "parameter [similarity]" not in line]
        assert isinstance(other, DenseVector)
        if self.similarity != other.similarity:
            before, after = self.similarity or "null", other.similarity or "null"
            lines.append(f"Cannot update parameter [similarity] from [{before}] to [{after}]")
        return lines
