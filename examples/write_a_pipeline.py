"""A pipeline of your own: long texts are cut into passages, and each passage gets a vector of its own."""

import tempfile
from pathlib import Path

import headpond

PIPELINE = """
description: Passages of long texts, found by meaning
endpoints:
  dense:
    task_type: text_embedding
    service: elasticsearch
    service_settings: {model_id: all-minilm-l6-v2, num_allocations: 1, num_threads: 1}
index:
  mapping:
    mappings:
      properties:
        text: {type: text}
        passages:
          type: nested
          properties:
            text: {type: text}
            vector: {type: dense_vector}
processors:
  - chunk: {field: text, target_field: passages, strategy: sentence, max_chunk_size: 20, sentence_overlap: 0}
  - inference: {model_id: dense, input_output: {input_field: passages.text, output_field: passages.vector}}
search:
  retriever:
    knn:
      field: passages.vector
      k: 3
      num_candidates: 50
      query_vector_builder: {text_embedding: {model_id: dense, model_text: "{{query}}"}}
"""

LONG = (
    "The mill stands where the brook leaves the wood. Its wheel is four metres wide and made of oak. "
    "In winter the miller repairs the stones. He bakes bread on Saturdays, and children come for the warm loaves."
)

with headpond.connect("memory") as es, tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "passages-of-mine.yaml"
    file.write_text(PIPELINE)
    pipeline = headpond.load(file, client=es)
    pipeline.ingest([{"_id": "mill", "text": LONG}, {"_id": "cat", "text": "A cat sleeps. It dreams of mice."}])
    stored = es.get(index="passages-of-mine", id="mill")["_source"]["passages"]
    print(f"{len(stored)} passages:", *(passage["text"].strip() for passage in stored), sep="\n  ")
    hits = pipeline.search("where can I get something fresh from the oven")["hits"]["hits"]
    assert hits[0]["_id"] == "mill"
