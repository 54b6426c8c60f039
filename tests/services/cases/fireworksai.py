from tests.services.cases.openai import compatible_case

CHAT = "/inference/v1/chat/completions"
SHARED = {"retried": (429, 500), "checked": ("OpenAI's SDK",)}
CASES = [
    compatible_case("fireworksai", "text_embedding", "/inference/v1/embeddings", max_inputs=2048, **SHARED),
    compatible_case("fireworksai", "completion", CHAT, **SHARED),
    compatible_case("fireworksai", "chat_completion", CHAT, **SHARED),
]
