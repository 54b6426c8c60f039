"""What a service says to the settings of an endpoint, without making the endpoint and without calling anybody."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from headpond.errors import RestError, nearest
from headpond.inference.task_type import TaskType
from headpond.node.inference import SERVICES
from headpond.services._known import ELASTICSEARCH_SERVICES

_LOCAL = ("elasticsearch", "elser")
_NUMBERED = re.compile(r"(?:^Validation Failed: |;)\d+: |;$")


def settings_problems(inference_id: str, body: Mapping[str, Any]) -> Iterator[tuple[bool, str]]:
    """Everything the service refuses about a body.

    Args:
        inference_id: the endpoint.
        body: as for `PUT _inference`, with its `task_type`.

    Yields:
        Whether Elasticsearch would refuse it, too, and what is wrong. What only the pond has not (a service, a task
        type, a local model) may be there on a cluster.
    """
    config = dict(body)
    name, task_type = config.pop("service"), TaskType(config.pop("task_type"))
    if name not in SERVICES:
        known = name in ELASTICSEARCH_SERVICES
        near = nearest(name, [*SERVICES, *ELASTICSEARCH_SERVICES])
        meant = f", did you mean {near!r}?" if near and not known else ""
        yield not known, f"the pond has no service {name!r}" if known else f"unknown service {name!r}{meant}"
        return
    service = SERVICES.get(name)()
    try:
        service.parse(inference_id, task_type, config)
    except RestError as error:
        unknown_model = name in _LOCAL and error.type not in ("validation_exception", "status_exception")
        surely = error.status == 400 and not unknown_model
        for text in filter(None, _NUMBERED.split(error.reason)):
            yield surely, text
    finally:
        service.close()
