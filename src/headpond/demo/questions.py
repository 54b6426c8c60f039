"""Questions in plain words for the demo; the names of what answers them do not stand in them."""

QUESTIONS = (
    "pick random items from a list without repeating",
    "split a path into directory and file name",
    "convert a string with a date into an object",
    "remember the results of expensive function calls",
)
