"""Folders in Hugging Face layout become models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headpond.errors import InputError, ModelError
from headpond.models import CrossEncoder, DenseModel, SparseModel, store
from headpond.models.adding import add, name_for
from tests.models.onnx_files import table, write_folder, write_onnx
from tests.models.tiny import VOCABULARY, hidden_state, unit, write_model

WORDS = len(VOCABULARY)
A_CAT = [2, 6, 7, 3]


def write(folder: Path, file: str, content: Any) -> None:
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text(json.dumps(content), "utf-8")


@pytest.mark.parametrize("output", ["last_hidden_state", "token_embeddings"])
def test_a_dense_onnx_model_is_pooled_as_its_folder_says(home: Path, tmp_path: Path, output: str) -> None:
    rows = table(WORDS, 8)
    for mode, expected in (("mean", rows[A_CAT].mean(axis=0)), ("cls", rows[2])):
        folder = write_folder(tmp_path / mode)
        write_onnx(folder / "onnx" / "model.onnx", rows, output=output, inputs=("token_type_ids", "position_ids"))
        write(folder, "1_Pooling/config.json", {f"pooling_mode_{mode}_token{'s' * (mode == 'mean')}": True})
        card = add(mode, folder)
        assert (card.task, card.dims, card.pooling) == ("text_embedding", 8, mode)
        vectors = DenseModel.load(mode).embed(["a cat", "the cat sat on the mat"]).vectors
        np.testing.assert_allclose(vectors[0], unit(expected), atol=1e-5)


def test_a_sentence_embedding_in_the_graph_is_taken_as_it_is(home: Path, tmp_path: Path) -> None:
    rows = table(WORDS, 8)
    folder = write_folder(tmp_path / "m")
    write_onnx(folder / "model.onnx", rows, output="sentence_embedding", pool="ReduceSum")
    write(folder, "config.json", {"model_type": "mpnet", "hidden_size": 768, "max_position_embeddings": 514})
    card = add("own", folder)
    assert (card.dims, card.max_tokens) == (8, 512)
    np.testing.assert_allclose(
        DenseModel.load("own").embed(["a cat"]).vectors, [unit(rows[A_CAT].sum(axis=0))], atol=1e-5
    )


def test_token_vectors_need_a_graph_that_gives_them(home: Path, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "m")
    write_onnx(folder / "model.onnx", table(WORDS, 8), output="sentence_embedding", pool="ReduceSum")
    add("own", folder)
    with pytest.raises(ModelError, match="own gives one vector for a text and none for its tokens"):
        DenseModel.load("own").token_vectors(["a cat"])


def test_a_splade_onnx_model_gives_the_maximum_of_its_logits(home: Path, tmp_path: Path) -> None:
    logits = table(WORDS, WORDS)
    folder = write_folder(tmp_path / "m")
    write_onnx(folder / "onnx" / "model.onnx", logits, output="logits")
    write(folder, "config.json", {"architectures": ["DistilBertForMaskedLM"], "model_type": "distilbert"})
    card = add("own", folder)
    assert (card.task, card.dims) == ("sparse_embedding", None)
    expected = np.log1p(np.maximum(logits[A_CAT].max(axis=0), 0))
    terms = SparseModel.load("own").embed(["a cat", "the dog sat on the mat"]).terms[0]
    assert terms == pytest.approx({VOCABULARY[i]: w for i, w in enumerate(expected) if w > 0}, abs=1e-5)


def test_a_splade_graph_that_pools_by_itself_is_not_pooled_again(home: Path, tmp_path: Path) -> None:
    weights = np.abs(table(WORDS, WORDS))
    folder = write_folder(tmp_path / "m")
    write_onnx(folder / "model.onnx", weights, output="sentence_embedding", pool="ReduceSum")
    add("own", folder, task="sparse_embedding")
    terms = SparseModel.load("own").embed(["a cat"]).terms[0]
    assert terms["cat"] == pytest.approx(float(weights[A_CAT].sum(axis=0)[VOCABULARY.index("cat")]), rel=1e-5)


def test_the_modules_of_sentence_transformers_say_that_a_model_is_sparse(home: Path, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "m")
    write_onnx(folder / "model.onnx", table(WORDS, WORDS), output="logits")
    write(
        folder,
        "modules.json",
        [
            {"idx": 0, "path": "", "type": "sentence_transformers.sparse_encoder.models.MLMTransformer"},
            {"idx": 1, "path": "1_SpladePooling", "type": "sentence_transformers.sparse_encoder.models.SpladePooling"},
        ],
    )
    assert add("own", folder).task == "sparse_embedding"


def test_a_cross_encoder_as_onnx_gives_its_logit(home: Path, tmp_path: Path) -> None:
    rows = table(WORDS, 1)
    folder = write_folder(tmp_path / "m")
    write_onnx(folder / "onnx" / "model.onnx", rows, output="logits", pool="ReduceSum", inputs=("token_type_ids",))
    write(folder, "config.json", {"architectures": ["XLMRobertaForSequenceClassification"], "id2label": {"0": "L"}})
    assert add("own", folder).task == "rerank"
    score = CrossEncoder.load("own").score("a cat", ["dog"])
    np.testing.assert_allclose(score, [rows[[*A_CAT, 8, 3]].sum()], atol=1e-5)


@pytest.mark.parametrize(
    ("files", "taken"),
    [
        (["onnx/model_quantized.onnx", "onnx/model.onnx", "model.onnx"], "model.onnx"),
        (["onnx/model_quantized.onnx", "onnx/model.onnx"], "onnx/model.onnx"),
        (["onnx/model_fp16.onnx", "onnx/model_int8.onnx"], "onnx/model_int8.onnx"),
        (["onnx/model_qint8_avx512_vnni.onnx"], "onnx/model_qint8_avx512_vnni.onnx"),
    ],
)
def test_of_several_graphs_the_most_exact_is_taken(home: Path, tmp_path: Path, files: list[str], taken: str) -> None:
    folder = write_folder(tmp_path / "m")
    for place, file in enumerate(files):
        write_onnx(folder / file, table(WORDS, 8, seed=place), output="last_hidden_state")
    add("own", folder)
    assert (store.path("own") / "model.onnx").read_bytes() == (folder / taken).read_bytes()


def test_a_graph_can_be_named(home: Path, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "m")
    write_onnx(folder / "onnx" / "model.onnx", table(WORDS, 8), output="last_hidden_state")
    write_onnx(folder / "onnx" / "model_O4.onnx", table(WORDS, 4), output="last_hidden_state")
    assert add("own", folder, onnx=Path("onnx/model_O4.onnx")).dims == 4
    with pytest.raises(InputError) as caught:
        add("other", folder, onnx=Path("onnx/model_O3.onnx"))
    assert caught.value.hint == "ONNX files in the folder: onnx/model.onnx, onnx/model_O4.onnx"


def test_safetensors_of_bert_come_before_onnx_and_onnx_before_other_safetensors(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "m"
    write_model(folder)
    write_onnx(folder / "onnx" / "model.onnx", table(WORDS, 8), output="last_hidden_state")
    assert add("bert", folder).architecture == "bert"
    config = json.loads((folder / "config.json").read_text("utf-8"))
    write(folder, "config.json", {**config, "model_type": "distilbert"})
    assert add("other", folder).architecture == "onnx"


def test_vectors_for_dot_products_keep_their_length_unless_the_model_scales_them(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "m"
    weights = write_model(folder)
    write(folder, "config_sentence_transformers.json", {"similarity_fn_name": "dot"})
    modules = [
        {"path": "", "type": "sentence_transformers.models.Transformer"},
        {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
    ]
    write(folder, "modules.json", modules)
    assert add("long", folder).similarity == "max_inner_product"
    expected = hidden_state(weights, A_CAT).mean(axis=0)
    np.testing.assert_allclose(DenseModel.load("long").embed(["a cat"]).vectors[0], expected, atol=1e-4)
    write(folder, "modules.json", [*modules, {"path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}])
    assert add("unit", folder).similarity == "dot_product"
    np.testing.assert_allclose(DenseModel.load("unit").embed(["a cat"]).vectors[0], unit(expected), atol=1e-4)


@pytest.mark.parametrize(
    ("file", "content", "problem"),
    [
        ("config.json", "{", "config.json: not readable as JSON"),
        ("config.json", "[]", "config.json: not a JSON object"),
        ("config.json", '{"hidden_size": "wide"}', "hidden_size is 'wide', it must be a positive number"),
        (
            "config.json",
            '{"architectures": ["BertForQuestionAnswering"]}',
            "a BertForQuestionAnswering gives no vectors",
        ),
        (
            "config.json",
            '{"architectures": ["BertForSequenceClassification"], "id2label": {"0": "a", "1": "b", "2": "c"}}',
            "a classifier of 3 labels is no cross-encoder",
        ),
        ("modules.json", '[{"type": "sentence_transformers.models.Dense"}]', "the module 'Dense' is not computed here"),
        (
            "1_Pooling/config.json",
            '{"pooling_mode_lasttoken": true}',
            "pooling by pooling_mode_lasttoken is not computed",
        ),
        (
            "1_Pooling/config.json",
            '{"pooling_mode": ["mean", "max"]}',
            "pooling by mean and max is not computed here, known: mean, cls",
        ),
        (
            "config_sentence_transformers.json",
            '{"similarity_fn_name": "manhattan"}',
            "similarity_fn_name is 'manhattan', known: cosine, dot, euclidean",
        ),
        ("config_sentence_transformers.json", '{"prompts": ["query: "]}', "prompts must map names to texts"),
        ("model.onnx_data", "", "keeps its weights in model.onnx_data"),
    ],
)
def test_what_a_folder_cannot_say_is_one_clear_message(
    home: Path, tmp_path: Path, file: str, content: str, problem: str
) -> None:
    folder = write_folder(tmp_path / "m")
    write_onnx(folder / "model.onnx", table(WORDS, 8), output="last_hidden_state")
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text(content, "utf-8")
    with pytest.raises(InputError) as caught:
        add("own", folder)
    assert problem in caught.value.message
    assert not store.present("own")


def test_safetensors_of_other_kinds_say_how_to_export_them(home: Path, tmp_path: Path) -> None:
    write_model(tmp_path / "m")
    config = json.loads((tmp_path / "m" / "config.json").read_text("utf-8"))
    write(tmp_path / "m", "config.json", {**config, "model_type": "roberta"})
    with pytest.raises(InputError, match="holds a roberta model as safetensors: only BERT is read") as caught:
        add("own", tmp_path / "m")
    assert "optimum-cli export onnx" in (caught.value.hint or "")


def test_a_vocabulary_without_tokenizer_json_says_how_to_make_one(home: Path, tmp_path: Path) -> None:
    write_model(tmp_path / "m")
    (tmp_path / "m" / "tokenizer.json").rename(tmp_path / "m" / "vocab.txt")
    with pytest.raises(InputError, match=r"holds no tokenizer\.json") as caught:
        add("own", tmp_path / "m")
    assert "save_pretrained" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("output", "columns", "task", "problem"),
    [
        ("last_hidden_state", 8, "rerank", "own gives 56 numbers for a query and a text, not one relevance"),
        (
            "last_hidden_state",
            8,
            "sparse_embedding",
            f"own gives 8 weights for a text, its vocabulary has {WORDS} words",
        ),
    ],
)
def test_a_graph_of_another_task_is_refused(
    home: Path, tmp_path: Path, output: str, columns: int, task: Any, problem: str
) -> None:
    folder = write_folder(tmp_path / "m")
    write_onnx(folder / "model.onnx", table(WORDS, columns), output=output)
    with pytest.raises(ModelError) as caught:
        add("own", folder, task=task)
    assert problem in caught.value.message
    assert not store.present("own")


def test_a_graph_with_inputs_that_a_text_does_not_give_is_refused(home: Path, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "m")
    write_onnx(folder / "model.onnx", table(WORDS, 8), output="last_hidden_state", inputs=("past_key_values",))
    with pytest.raises(ModelError, match="takes the inputs past_key_values, which a text does not give"):
        add("own", folder)


def test_a_file_that_is_no_onnx_is_refused(home: Path, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "m")
    (folder / "model.onnx").write_bytes(b"\x00" * 64)
    with pytest.raises(ModelError, match=r"model\.onnx cannot be loaded"):
        add("own", folder)


@pytest.mark.parametrize(
    ("folder", "name"),
    [("all-MiniLM-L6-v2", "all-minilm-l6-v2"), ("My Model (final)", "my-model-final"), ("___", "model")],
)
def test_a_model_is_called_as_its_folder(tmp_path: Path, folder: str, name: str) -> None:
    assert name_for(tmp_path / folder) == name
