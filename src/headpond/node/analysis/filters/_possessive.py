"""Takes away the English possessive's ending."""

from __future__ import annotations

from headpond.node.analysis.analyzer import TokenFilter

_ENDINGS = ("'s", "'S", "’s", "’S", "＇s", "＇S")


class Possessive(TokenFilter):
    """`dog's` becomes `dog`."""

    def __call__(self, terms: list[str | None]) -> list[str | None]:
        """The terms without possessive endings."""
        return [term[:-2] if term is not None and term.endswith(_ENDINGS) else term for term in terms]
