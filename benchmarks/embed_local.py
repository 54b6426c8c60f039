"""Local dense embedding beside fastembed and sentence-transformers: the same weights, texts and number of threads.

Each engine runs in a process of its own; they take turns set by set, so that a slow minute of the machine hits all.
Peers may live in another environment: `--peers /path/to/python`.
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
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
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


def work(name: str, folder: Path, threads: int) -> None:
    """Loads one engine, then embeds the set named on each line of standard input and answers with the seconds."""
    answers, sys.stdout = sys.stdout, sys.stderr  # whatever a library prints is no answer
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    started = time.perf_counter()
    encode = engine(name, folder, threads)
    vectors = encode(read(folder, "mixed")[:32])
    told = {"load": time.perf_counter() - started, "vectors": vectors.astype(float).round(5).tolist()}
    print(json.dumps(told), file=answers, flush=True)
    for line in sys.stdin:
        batch = read(folder, line.strip())
        started = time.perf_counter()
        encode(batch)
        seconds = time.perf_counter() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"seconds": seconds, "peak": peak}), file=answers, flush=True)


def read(folder: Path, kind: str) -> list[str]:
    """The texts of one set."""
    found: list[str] = json.loads((folder / f"{kind}.json").read_text("utf-8"))
    return found


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


class Worker:
    """An engine in a process of its own; raises EOFError with its last words when it ends, or is not installed."""

    def __init__(self, name: str, python: str, folder: Path, threads: int) -> None:
        self.name = name
        command = [python, __file__, "--worker", name, "--folder", str(folder), "--threads", str(threads)]
        self._log = folder / f"{name}.log"
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
            )
        self.loaded = self._answer()
        self.seconds: dict[str, list[float]] = {kind: [] for kind in SETS}
        self.peak = 0.0

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            code = self._process.wait()
            raise EOFError(f"{self.name} ended ({code}): " + "".join(self._log.read_text().splitlines()[-1:]))
        told: dict[str, Any] = json.loads(line)
        return told

    def embed(self, kind: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{kind}\n")
        self._process.stdin.flush()
        told = self._answer()
        self.seconds[kind].append(told["seconds"])
        self.peak = told["peak"]

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def started(python: str, folder: Path, threads: int) -> Iterator[Worker]:
    """Every engine that is installed."""
    for name in ENGINES:
        try:
            yield Worker(name, sys.executable if name.startswith("headpond") else python, folder, threads)
        except EOFError as error:
            print(error)


def ratio(ours: Worker, peer: Worker, kind: str) -> float:
    """How many times faster: the median over rounds, each of which ran one engine right after the other."""
    pairs = zip(ours.seconds[kind], peer.seconds[kind], strict=True)
    return round(statistics.median(theirs / own for own, theirs in pairs), 2)


def package_version(python: str, package: str) -> str | None:
    code = "import importlib.metadata as m, sys; print(m.version(sys.argv[1]))"
    done = subprocess.run([python, "-c", code, package], capture_output=True, text=True, check=False)
    return done.stdout.strip() or None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", default=sys.executable, help="python of an environment with the peers")
    parser.add_argument("--texts", type=int, default=128, help="texts of a set")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work(options.worker, options.folder, options.threads)
        return

    from benchmarks import report

    # the result keeps the command, not where this machine has its peers
    sys.argv = ["PEERS/bin/python" if argument == options.peers else argument for argument in sys.argv]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, options.texts)
        sizes = {kind: len(read(folder, kind)) for kind in SETS}
        workers = list(started(options.peers, folder, options.threads))
        for kind in [kind for _ in range(options.rounds) for kind in SETS]:
            for worker in workers:
                worker.embed(kind)
        for worker in workers:
            worker.close()
    by_name = {worker.name: worker for worker in workers}
    exact = np.array(by_name["headpond fp32"].loaded["vectors"])
    rows = [
        {
            "engine": worker.name,
            **{f"{kind}/s": sizes[kind] / min(worker.seconds[kind]) for kind in SETS},
            "load s": worker.loaded["load"],
            "peak MB": worker.peak,
            "cosine to fp32": float((np.array(worker.loaded["vectors"]) * exact).sum(axis=1).mean()),
        }
        for worker in workers
    ]
    ratios = {
        f"{precision} / {peer.name}": {kind: ratio(by_name[f"headpond {precision}"], peer, kind) for kind in SETS}
        for peer in workers
        if not peer.name.startswith("headpond")
        for precision in ("int8", "fp32")
    }
    report.write(
        "embed_local",
        rows,
        about=f"Texts per second, all-MiniLM-L6-v2, {options.threads} threads, best of {options.rounds} rounds",
        packages=["headpond", "onnxruntime", "tokenizers"],
        peers={name: package_version(options.peers, name) for name in ("fastembed", "sentence-transformers", "torch")},
        ratios=ratios,
        ratios_are="median over rounds in which the engines ran one right after the other",
        goals=GOALS,
        load_average=os.getloadavg()[0],
    )


if __name__ == "__main__":
    main()
