"""Every kind of tokenizer that Eland uploads gives the vectors that transformers gives; needs Eland with torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from elasticsearch import Elasticsearch

from tests.models.tiny import VOCABULARY
from tests.node.test_trained_models_eland import needs_eland

TEXTS = ["the a cat sat on the mat", "How do Vaccines WORK?", "naïve  café 1 ½", "the dog " * 40, ""]
SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
CORPUS = [
    "how do vaccines work",
    "the cat sat on the mat",
    "vaccines train the immune system",
    "naive cafe one two",
] * 50

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]


def bert(folder: Path) -> Any:
    import transformers

    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", "utf-8")
    return transformers.DistilBertTokenizer(str(folder / "vocab.txt"), model_max_length=32)


def mpnet(folder: Path) -> Any:
    import transformers

    words = ["<s>", "<pad>", "</s>", "<unk>", "[UNK]", *VOCABULARY[5:], "<mask>"]
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", "utf-8")
    return transformers.MPNetTokenizer(str(folder / "vocab.txt"), model_max_length=32)


def roberta(folder: Path) -> Any:
    import transformers
    from tokenizers import ByteLevelBPETokenizer

    trained = ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trained.train_from_iterator(CORPUS, vocab_size=320, special_tokens=special, show_progress=False)
    trained.save_model(str(folder))
    return transformers.RobertaTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=32)


def xlm_roberta(folder: Path) -> Any:
    import sentencepiece
    import transformers

    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS),
        model_prefix=str(folder / "spiece"),
        vocab_size=50,
        hard_vocab_limit=False,
        model_type="unigram",
        minloglevel=2,
    )
    return transformers.XLMRobertaTokenizer(str(folder / "spiece.model"), model_max_length=32)


@pytest.mark.parametrize(
    ("make", "model", "more"),
    [
        (bert, "DistilBert", {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32}),
        (mpnet, "MPNet", SIZES),
        (roberta, "Roberta", {**SIZES, "type_vocab_size": 1}),
        (xlm_roberta, "XLMRoberta", {**SIZES, "type_vocab_size": 1}),
    ],
    ids=["bert without segments", "mpnet", "roberta", "xlm_roberta"],
)
def test_vectors_are_those_of_transformers(
    client: Elasticsearch, tmp_path: Path, make: Any, model: str, more: dict[str, Any]
) -> None:
    needs_eland()
    import torch
    import transformers
    from eland.ml.pytorch import PyTorchModel
    from eland.ml.pytorch.transformers import TransformerModel

    (tmp_path / "raw").mkdir()
    (tmp_path / "made").mkdir()
    torch.manual_seed(0)
    tokenizer = make(tmp_path / "raw")
    folder = tmp_path / "model"
    tokenizer.save_pretrained(folder)
    config = getattr(transformers, f"{model}Config")(vocab_size=len(tokenizer), max_position_embeddings=64, **more)
    getattr(transformers, f"{model}Model")(config).eval().save_pretrained(folder)
    exported = TransformerModel(model_id=str(folder), task_type="text_embedding", es_version=(9, 2, 4))
    definition, configuration, vocabulary = exported.save(str(tmp_path / "made"))
    (tmp_path / "config.json").write_text(json.dumps(configuration.to_dict()), "utf-8")
    uploaded = PyTorchModel(client, "m")
    uploaded.import_model(model_path=definition, config_path=str(tmp_path / "config.json"), vocab_path=vocabulary)
    uploaded.start()
    answers = uploaded.infer([{"text_field": text} for text in TEXTS])["inference_results"]
    reference = getattr(transformers, f"{model}Model").from_pretrained(folder).eval()
    for text, answer in zip(TEXTS, answers, strict=True):
        inputs = tokenizer(text, return_tensors="pt", truncation=True, max_length=32)
        with torch.inference_mode():
            wanted = reference(**inputs).last_hidden_state[0].mean(dim=0).numpy()
        np.testing.assert_allclose(answer["predicted_value"], wanted, atol=1e-5, err_msg=text)
        assert answer.get("is_truncated", False) == (text is TEXTS[3])
