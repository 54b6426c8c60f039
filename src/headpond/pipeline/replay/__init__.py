"""Dead letters as input: read, reconciled with the index, repaired, and sent through their pipeline again."""

from headpond.pipeline.replay.report import ReplayReport
from headpond.pipeline.replay.run import Replay, replay

__all__ = ["Replay", "ReplayReport", "replay"]
