from tests.services.cases.openai import compatible_case

CASES = [
    compatible_case("ai21", task_type, "", checked=("OpenAI's SDK",)) for task_type in ("completion", "chat_completion")
]
