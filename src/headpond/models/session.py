"""Running ONNX graphs: one session for each file in a process, one pool of workers for all of them.

A session computes on the thread that calls it, and batches run side by side on a shared pool. Measured against threads
inside one product, that is faster (no barrier after every product), and no thread spins while it waits, so several
models in one process do not slow each other.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from headpond.errors import InputError, ModelError
from headpond.models.extra import need

SLOWER = ["SkipLayerNormFusion"]
"""Optimisations left out: the kernel that joins addition and layer norm is four times slower than the two it joins."""

T = TypeVar("T")
R = TypeVar("R")

_lock = threading.Lock()
_sessions: dict[Path, Session] = {}
_pools: dict[int, ThreadPoolExecutor] = {}
if hasattr(os, "register_at_fork"):  # threads do not survive a fork: a child makes its own
    os.register_at_fork(after_in_child=_pools.clear)


def default_threads() -> int:
    """Threads for local models: the cores this process may use, at most `HEADPOND_THREADS`.

    Raises:
        InputError: `HEADPOND_THREADS` is not a positive number.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    wanted = os.environ.get("HEADPOND_THREADS")
    if not wanted:
        return cores
    if not wanted.isdigit() or int(wanted) < 1:
        raise InputError(f"HEADPOND_THREADS is {wanted!r}, valid is a number from 1", where="environment")
    return min(cores, int(wanted))


class Session:
    """One loaded graph; safe to be run from several threads at once.

    Args:
        path: an ONNX file.

    Raises:
        ModelError: the runtime cannot load it.
    """

    def __init__(self, path: Path) -> None:
        runtime = need("onnxruntime", "local models")
        self.path = path
        options = runtime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.enable_mem_pattern = False  # a pattern fits one shape only, and every batch has its own
        options.log_severity_level = 3
        try:
            self._inner: Any = runtime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"], disabled_optimizers=SLOWER
            )
        except Exception as error:  # the runtime has a dozen unrelated exception classes
            raise ModelError(f"{path} cannot be loaded: {error}") from error
        self.inputs: frozenset[str] = frozenset(item.name for item in self._inner.get_inputs())
        self.outputs: tuple[str, ...] = tuple(item.name for item in self._inner.get_outputs())

    def run(self, output: str, feeds: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[np.float32]:
        """One output of one batch, float32.

        Raises:
            ModelError: the graph does not take these inputs.
        """
        try:
            result: npt.NDArray[Any] = self._inner.run([output], feeds)[0]
        except Exception as error:  # as above
            raise ModelError(f"{self.path} cannot be run: {str(error).strip()}") from error
        return result.astype(np.float32, copy=False)


def session(path: Path) -> Session:
    """The process's session for a file, made when first asked for."""
    real = path.resolve()  # a file of the store is a link to its content: other content, other session
    with _lock:
        if real not in _sessions:
            _sessions[real] = Session(real)
        return _sessions[real]


def parallel(work: Callable[[T], R], items: Iterable[T], threads: int) -> list[R]:
    """`work` of each item, in order, on at most `threads` threads shared by the whole process."""
    todo = list(items)
    if threads == 1 or len(todo) < 2:
        return [work(item) for item in todo]
    with _lock:
        if threads not in _pools:
            _pools[threads] = ThreadPoolExecutor(threads, thread_name_prefix="headpond-model")
        pool = _pools[threads]
    return list(pool.map(work, todo))
