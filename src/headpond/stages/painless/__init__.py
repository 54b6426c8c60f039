"""The part of Painless that conditions are written in: `tokens` -> `parser` -> functions of `values`, no `eval`."""
