"""Local dense embedding beside fastembed and sentence-transformers: the same weights, texts and number of threads.

Each engine runs in a process of its own. Peers may live in another environment: `--peers /path/to/python`.
The texts are cut out of Python's own reference documentation, so nothing has to be downloaded but the weights.
fastembed cannot be handed safetensors: it gets the published ONNX file of the same model.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

MODEL = "all-minilm-l6-v2"
SETS = {"mixed": (16, 256), "short": (16, 32), "long": (140, 256)}
"""Tokens of the texts of each set, drawn evenly between the two."""
GOALS = {"fastembed": {"int8": 2.5, "fp32": 1.3}, "sentence-transformers": {"int8": 3.5, "fp32": 2.0}}
ENGINES = (
    "headpond int8",
    "headpond fp32",
    "fastembed",
    "fastembed batch 8",
    "fastembed batch 32",
    "sentence-transformers",
)
Encode = Callable[[list[str]], np.ndarray]


def texts(tokenizer: Path, low: int, high: int, count: int) -> list[str]:
    """Pieces of the Python reference with evenly drawn lengths, shuffled."""
    from pydoc_data.topics import topics

    from tokenizers import Tokenizer

    encoder = Tokenizer.from_file(str(tokenizer))
    encoder.no_padding()
    encoder.no_truncation()
    draw = random.Random(16)
    words = [re.sub(r"\s+", " ", topics[name]).split(" ") for name in sorted(topics)]
    found: list[str] = []
    while len(found) < count:
        page = draw.choice(words)
        wanted = draw.randint(low, high)
        start = draw.randrange(max(1, len(page) - wanted))
        piece = " ".join(page[start : start + wanted])
        encoding = encoder.encode(piece)
        if len(encoding.ids) > wanted:
            piece = piece[: encoding.offsets[wanted - 2][1]]
        if low <= len(encoder.encode(piece).ids) <= high:
            found.append(piece)
    return found


def headpond_engine(precision: str, threads: int) -> Encode:
    from headpond.models import DenseModel

    model = DenseModel.load(MODEL, precision=precision, threads=threads)
    return lambda batch: model.embed(batch).vectors


def fastembed_engine(folder: Path, threads: int, batch_size: int) -> Encode:
    from fastembed import TextEmbedding

    name = "sentence-transformers/all-MiniLM-L6-v2"
    model = TextEmbedding(name, specific_model_path=str(folder), threads=threads)
    return lambda batch: np.array(list(model.embed(batch, batch_size=batch_size)))


def sentence_transformers_engine(folder: Path, threads: int) -> Encode:
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(threads)
    model = SentenceTransformer(str(folder), device="cpu")
    model.max_seq_length = 256
    return lambda batch: np.asarray(model.encode(batch, normalize_embeddings=True))


def engine(name: str, folder: Path, threads: int) -> Encode:
    kind, _, rest = name.partition(" ")
    if kind == "headpond":
        return headpond_engine(rest, threads)
    if kind == "fastembed":
        return fastembed_engine(folder, threads, int(rest.removeprefix("batch ") or 256))
    return sentence_transformers_engine(folder, threads)


def work(name: str, folder: Path, threads: int) -> dict[str, Any]:
    """Loads one engine in this process and measures it on every set."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    started = time.perf_counter()
    encode = engine(name, folder, threads)
    sample = json.loads((folder / "mixed.json").read_text("utf-8"))[:32]
    vectors = encode(sample)
    told: dict[str, Any] = {"load s": time.perf_counter() - started}
    for kind in SETS:
        batch = json.loads((folder / f"{kind}.json").read_text("utf-8"))
        started = time.perf_counter()
        encode(batch)
        told[kind] = len(batch) / (time.perf_counter() - started)
    told["peak MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told["vectors"] = vectors.astype(float).round(5).tolist()
    return told


def prepare(folder: Path, count: int) -> None:
    """Lays out texts and weights where every engine can read them."""
    from headpond.models import pull

    weights, exported = pull(MODEL), pull(f"{MODEL}-onnx")
    for name in ("model.safetensors", "config.json", "tokenizer.json"):
        shutil.copyfile(weights / name, folder / name)
    shutil.copyfile(exported / "model.onnx", folder / "model.onnx")
    special = {
        "unk_token": "[UNK]",
        "sep_token": "[SEP]",
        "pad_token": "[PAD]",
        "cls_token": "[CLS]",
        "mask_token": "[MASK]",
    }
    tokenizer = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 256, **special}
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer), "utf-8")
    (folder / "special_tokens_map.json").write_text(json.dumps(special), "utf-8")
    kinds = {"0": "Transformer", "1_Pooling": "Pooling", "2_Normalize": "Normalize"}
    modules = [
        {"idx": i, "name": str(i), "path": path if i else "", "type": f"sentence_transformers.models.{kind}"}
        for i, (path, kind) in enumerate(kinds.items())
    ]
    (folder / "modules.json").write_text(json.dumps(modules), "utf-8")
    (folder / "1_Pooling").mkdir()
    (folder / "2_Normalize").mkdir()
    pooling = {"word_embedding_dimension": 384, "pooling_mode_mean_tokens": True}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling), "utf-8")
    for kind, (low, high) in SETS.items():
        size = count if kind != "long" else count // 2
        (folder / f"{kind}.json").write_text(json.dumps(texts(folder / "tokenizer.json", low, high, size)), "utf-8")


def measured(name: str, python: str, folder: Path, threads: int) -> dict[str, Any] | None:
    """What `work` found in a fresh process, or None where the engine is not installed."""
    command = [python, __file__, "--worker", name, "--folder", str(folder), "--threads", str(threads)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{name}: {done.stderr.strip().splitlines()[-1]}")
        return None
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def rounds(python: str, folder: Path, threads: int, count: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every engine in turn, `count` times, so that a slow minute of the machine does not hit one engine alone."""
    left = list(ENGINES)
    for _ in range(count):
        for name in list(left):
            found = measured(name, sys.executable if name.startswith("headpond") else python, folder, threads)
            if found is None:
                left.remove(name)
            else:
                yield name, found


def best(found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The fastest of several runs, set by set; the largest memory."""
    sets = {kind: max(run[kind] for run in found) for kind in SETS}
    return {**sets, "load s": min(run["load s"] for run in found), "peak MB": max(run["peak MB"] for run in found)}


def package_version(python: str, package: str) -> str | None:
    code = "import importlib.metadata as m, sys; print(m.version(sys.argv[1]))"
    done = subprocess.run([python, "-c", code, package], capture_output=True, text=True, check=False)
    return done.stdout.strip() or None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", default=sys.executable, help="python of an environment with the peers")
    parser.add_argument("--texts", type=int, default=256, help="texts of a set")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        print(json.dumps(work(options.worker, options.folder, options.threads)))
        return

    from benchmarks import report

    runs: dict[str, list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, options.texts)
        for engine_name, found in rounds(options.peers, folder, options.threads, options.rounds):
            runs.setdefault(engine_name, []).append(found)
    exact = np.array(runs["headpond fp32"][0]["vectors"])
    rows, ratios = [], {}
    for engine_name, found in runs.items():
        cosine = float((np.array(found[0]["vectors"]) * exact).sum(axis=1).mean())
        rows.append({"engine": engine_name, **best(found), "cosine to fp32": cosine})
    by_name = {row["engine"]: row for row in rows}
    for peer in [engine_name for engine_name in runs if not engine_name.startswith("headpond")]:
        for precision in ("int8", "fp32"):
            ours = by_name[f"headpond {precision}"]
            ratios[f"{precision} / {peer}"] = {kind: round(ours[kind] / by_name[peer][kind], 2) for kind in SETS}
    report.write(
        "embed_local",
        rows,
        about=f"Texts per second, all-MiniLM-L6-v2, {options.threads} threads, best of {options.rounds} runs",
        packages=["headpond", "onnxruntime", "tokenizers"],
        peers={name: package_version(options.peers, name) for name in ("fastembed", "sentence-transformers", "torch")},
        ratios=ratios,
        goals=GOALS,
        load_average=os.getloadavg()[0],
    )


if __name__ == "__main__":
    main()
