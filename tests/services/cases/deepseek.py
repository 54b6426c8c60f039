from tests.services.cases.openai import compatible_case

CASES = [
    compatible_case("deepseek", task_type, "/chat/completions", checked=("OpenAI's SDK",))
    for task_type in ("completion", "chat_completion")
]
