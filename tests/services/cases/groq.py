from tests.services.cases.openai import compatible_case

CASES = [compatible_case("groq", "chat_completion", "/openai/v1/chat/completions", checked=("vendor's SDK",))]
