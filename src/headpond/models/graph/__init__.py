"""ONNX graphs made from BERT-family weights by own code, without torch."""
