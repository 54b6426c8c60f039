"""Runs every benchmark that needs nothing but the installed packages: `python -m benchmarks [NAME...]`."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import benchmarks

NOT_BENCHMARKS = {"__main__", "inference_servers", "peers", "report", "stand_in"}


def main() -> None:
    known = sorted(m.name for m in pkgutil.iter_modules(benchmarks.__path__) if m.name not in NOT_BENCHMARKS)
    wanted = sys.argv[1:] or known
    if unknown := [name for name in wanted if name not in known]:
        sys.exit(f"unknown benchmark {unknown[0]!r}; known: {', '.join(known)}")
    for name in wanted:
        sys.argv = [name]
        importlib.import_module(f"benchmarks.{name}").main()


main()
