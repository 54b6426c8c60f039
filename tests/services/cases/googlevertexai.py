import json
from functools import cache
from typing import Any
from urllib.parse import parse_qs

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import jwt

from tests.services.case import SECRET, Case
from tests.services.cases.googleaistudio import error, gemini_answer
from tests.services.provider import Asked, Reply

AUDIENCE = "https://oauth2.googleapis.com/token"


@cache
def keys() -> tuple[str, str]:
    """A private key and its public half, made anew for every run."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    secret = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return secret.decode(), public.decode()


def key_file(url: str, key_id: str = SECRET) -> str:
    """A service account's key file as Google hands it out; tokens are had from the stand-in."""
    names = {"type": "service_account", "project_id": "p", "client_email": "a@p.iam.gserviceaccount.com"}
    return json.dumps({**names, "private_key_id": key_id, "private_key": keys()[0], "token_uri": f"{url}/token"})


def fetches(asked: Asked) -> bool:
    return asked.path == "/token"


def token_answer(asked: Asked) -> Reply:
    """Google's token endpoint: the signature is checked, and the token depends on the key."""
    form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
    assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    claims = jwt.decode(form["assertion"], certs=keys()[1], audience=AUDIENCE)  # type: ignore[no-untyped-call]
    assert claims["iss"] == "a@p.iam.gserviceaccount.com"
    assert claims["scope"] == "https://www.googleapis.com/auth/cloud-platform"
    return Reply(body={"access_token": token_of(_key_id(asked)), "expires_in": 3599, "token_type": "Bearer"})


def token_of(key_id: str) -> str:
    """The access token that the stand-in gives for a key."""
    return f"token-{len(key_id)}-{key_id[:3]}"


def vertex_answer(asked: Asked) -> Reply:
    """Vertex AI: embeddings are [length of the text, 1, 0.5], longer documents are ranked higher."""
    if fetches(asked):
        return token_answer(asked)
    if asked.path.endswith(":predict"):
        texts = [item["content"] for item in asked.json()["instances"]]
        statistics = {"token_count": 2.0, "truncated": False}
        found = [{"values": [float(len(text)), 1.0, 0.5], "statistics": statistics} for text in texts]
        return Reply(body={"predictions": [{"embeddings": item} for item in found]})
    if asked.path.endswith(":rank"):
        return Reply(body={"records": _ranked(asked.json())})
    return gemini_answer(asked)


def _ranked(body: Any) -> list[dict[str, Any]]:
    order = sorted(body["records"], key=lambda record: -len(record["content"]))
    scored = [{**record, "score": 0.5 ** (place + 1)} for place, record in enumerate(order)][: body.get("topN")]
    if body.get("ignoreRecordDetailsInResponse"):
        return [{"id": record["id"], "score": record["score"]} for record in scored]
    return scored


def _key_id(asked: Asked) -> str:
    (assertion,) = parse_qs(asked.body.decode())["assertion"]
    return str(jwt.decode_header(assertion)["kid"])  # type: ignore[no-untyped-call]


def _authorized(asked: Asked) -> bool:
    if fetches(asked):
        return _key_id(asked) == SECRET
    return asked.headers["authorization"] == f"Bearer {token_of(SECRET)}"


def _case(task_type: str, *checked: str, **more: Any) -> Case:
    return Case(
        service="googlevertexai",
        task_type=task_type,
        settings=lambda url: {
            "service_account_json": key_file(url),
            "project_id": "p",
            "model_id": "m",
            "url": url,
        },
        answer=vertex_answer,
        error=error,
        words={503: "The Google Vertex AI service may be temporarily overloaded or down"},
        authorized=_authorized,
        secrets=("service_account_json",),
        fetches=fetches,
        renews=True,
        checked=checked,
        **more,
    )


_NEEDED = ("service_account_json", "project_id")

CASES = [
    _case("text_embedding", "vendor's SDK", required=(*_NEEDED, "model_id"), max_inputs=250),
    _case("rerank", required=_NEEDED),
    _case("completion", "vendor's SDK", required=(*_NEEDED, "model_id")),
    _case("chat_completion", "vendor's SDK", required=(*_NEEDED, "model_id")),
]
