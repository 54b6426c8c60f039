"""The shipped carriers, as they are on the indexes today."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from headpond.models import DenseModel
from tests.models.conftest import fetched

pytestmark = pytest.mark.models


def test_the_maven_build_of_minilm_is_the_same_model(minilm: str) -> None:
    if shutil.which("mvn") is None:
        pytest.skip("there is no mvn here")
    texts = ["how do vaccines work", "The cat sat on the mat.", "list.sort(key=None) sorts the list in place"]
    ours = DenseModel.load(minilm, precision="fp32").embed(texts).vectors
    theirs = DenseModel.load(fetched("all-minilm-l6-v2-q")).embed(texts).vectors
    assert (ours * theirs).sum(axis=1).min() > 0.98


def test_e5_answers_with_its_prefixes() -> None:
    if shutil.which("mvn") is None:
        pytest.skip("there is no mvn here")
    model = DenseModel.load(fetched("e5-small-v2-q"))
    asked = model.embed(["how do vaccines work"], "search").vectors
    passages = model.embed(["Vaccines train the immune system.", "The cat sat on the mat."], "ingest").vectors
    near, far = (asked @ passages.T)[0]
    assert near > far + 0.1
    np.testing.assert_allclose(asked, model.embed(["query: how do vaccines work"]).vectors, atol=1e-5)
