"""Runs a real Elasticsearch until Ctrl-C: `python -m tests.real [VERSION] [setting=value ...]`."""

from __future__ import annotations

import signal
import sys

from tests.real.distribution import DEFAULT_VERSION, UnavailableError
from tests.real.node import RealNode


def main(arguments: list[str]) -> int:
    versions = [one for one in arguments if "=" not in one]
    settings = dict(one.split("=", 1) for one in arguments if "=" in one)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with RealNode(versions[0] if versions else DEFAULT_VERSION, settings=settings) as node:
            print(node.url, flush=True)
            signal.pause()
    except UnavailableError as error:
        print(error, file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
