"""Trained models that clients upload, Eland first of all: kept, deployed, asked.

`reading.py` reads what a model is, `uploads.py` keeps it with its definition and vocabulary; `start.py` reads how it is
to be deployed, `running.py` keeps what is; `infer.py` reads a question. `trained_models.py` and `deployments.py` put
these together.
"""

from headpond.node.trained_models.trained_models import TrainedModels

__all__ = ["TrainedModels"]
