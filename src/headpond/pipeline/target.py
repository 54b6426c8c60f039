"""Whether a target can be used at all."""

from __future__ import annotations

from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch, UnsupportedProductError

from headpond.errors import TargetError
from headpond.pipeline.api_error import describe

OLDEST = (8, 15)
"""The first version with everything a pipeline needs: sparse_vector queries, retrievers, inference endpoints."""


def check_version(client: Elasticsearch) -> str:
    """Refuses targets that are too old or no Elasticsearch; gives the version.

    Raises:
        TargetError: says what is there and what is needed.
    """
    try:
        number = _version(client.options(max_retries=0))
    except UnsupportedProductError:
        raise TargetError("the target is not an Elasticsearch") from None
    except ApiError as error:
        hint = None
        if error.error == "media_type_header_exception":
            hint = "it is older than the client; headpond's client speaks to Elasticsearch 9"
        raise TargetError(f"the target cannot be used: {describe(error)}", hint=hint) from None
    except TransportError as error:
        raise TargetError(f"the target does not answer: {describe(error)}", transient=True) from None
    major, _, rest = number.partition(".")
    minor = rest.partition(".")[0]
    if (int(major), int(minor)) < OLDEST:
        raise TargetError(f"the target runs Elasticsearch {number}", hint="8.15 or later is needed")
    return number


def version_of(client: Elasticsearch) -> tuple[int, int]:
    """Major and minor version of what answers.

    Raises:
        ApiError, TransportError: it does not say.
    """
    major, _, rest = _version(client).partition(".")
    return int(major), int(rest.partition(".")[0])


def _version(client: Elasticsearch) -> str:
    answer = client.options(ignore_status=[400, 405]).info()
    if "version" in answer:
        return str(answer["version"]["number"])
    if answer.get("error", {}).get("type") == "media_type_header_exception":
        raise TargetError("the target is older than the client", hint="headpond's client speaks to Elasticsearch 9")
    # A distribution without the main REST module does not answer GET /, but its nodes know their version.
    nodes = client.nodes.info(filter_path="nodes.*.version")["nodes"]
    return str(next(iter(nodes.values()))["version"])
