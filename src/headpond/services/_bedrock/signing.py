"""Signatures of requests to AWS, made by botocore (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html)."""

from __future__ import annotations

from collections.abc import Mapping

from headpond.errors import MissingExtraError, RestError
from headpond.inference.invalid import status_exception
from headpond.services._http.quiet import unlogged

SIGNING_NAME = "bedrock"


def missing(error: ModuleNotFoundError) -> RestError:
    """The caller's error when botocore is not installed; says what installs it."""
    package = (error.name or "botocore").partition(".")[0]
    extra = MissingExtraError("the service [amazonbedrock]", "bedrock", package)
    return status_exception(400, f"{extra.message}: {extra.hint}")


def signed(
    url: str, content: bytes, headers: Mapping[str, str], region: str, access_key: str, secret_key: str
) -> dict[str, str]:
    """The headers of a POST with its signature, good for a few minutes.

    Args:
        url: the whole URL.
        content: the body.
        headers: what else is sent; they are signed too.
        region: of AWS.
        access_key: whose request it is.
        secret_key: what it is signed with.

    Raises:
        RestError: 400, botocore is not installed.
    """
    try:
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials
    except ModuleNotFoundError as error:
        raise missing(error) from None
    request = AWSRequest("POST", url, headers=dict(headers), data=content)
    with unlogged():
        SigV4Auth(Credentials(access_key, secret_key), SIGNING_NAME, region).add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}
