"""Questions in plain words for the demo; the names of what answers them do not stand in them."""

QUESTIONS = (
    "how do I read rows from a spreadsheet saved as comma separated values",
    "make a folder that deletes itself when I am done",
    "run another program and capture what it prints",
    "remember the results of expensive function calls",
)
