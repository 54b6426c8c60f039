"""What is wrong with an inference endpoint, and what to do about it."""

from headpond.pipeline.doctor.causes import explain_target
from headpond.pipeline.doctor.examine import examine
from headpond.pipeline.doctor.finding import Diagnosis, Finding

__all__ = ["Diagnosis", "Finding", "examine", "explain_target"]
