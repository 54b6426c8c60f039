"""What the inference API says when it cannot do as asked, in Elasticsearch's words."""

from __future__ import annotations

from headpond.errors import RestError
from headpond.inference.invalid import status_exception


def not_found(inference_id: str) -> RestError:
    """The answer for an id that no endpoint has."""
    return RestError(404, "resource_not_found_exception", f"Inference endpoint not found [{inference_id}]")


def no_such_to_update(inference_id: str) -> RestError:
    """The answer to an `_update` of an id that no endpoint has."""
    reason = f"The inference endpoint [{inference_id}] does not exist and cannot be updated"
    return RestError(404, "resource_not_found_exception", reason)


def in_use(inference_id: str, pipelines: list[str]) -> str:
    """Why an endpoint is not deleted."""
    listed = ", ".join(pipelines)
    return (
        f"Inference endpoint {inference_id} is referenced by pipelines: [{listed}]. Ensure that no pipelines are using"
        " this inference endpoint, or use force to ignore this warning and delete the inference endpoint."
    )


def not_created(cause: RestError) -> RestError:
    """The answer to a PUT or an `_update` whose first call failed."""
    reason = "Could not complete inference endpoint creation as validation call to service threw an exception."
    return status_exception(400, reason, caused_by=cause)
