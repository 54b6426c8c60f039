"""Terms within an edit distance of a word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from headpond.errors import RestError
from headpond.node.scoring.match import Match, boolean, combine
from headpond.node.scoring.terms import Weighted, match_term
from headpond.node.search.json import Json
from headpond.node.search.shard import Shard
from headpond.node.store.segment import Int32


@dataclass(frozen=True, slots=True)
class Fuzziness:
    """How many edits are allowed: a number, or by the word's length.

    Attributes:
        edits: 0, 1 or 2; None for AUTO.
        low: AUTO allows no edit in words shorter than this.
        high: AUTO allows two edits in words of this length or longer, one below.
    """

    edits: int | None = None
    low: int = 3
    high: int = 6

    def distance(self, word: str) -> int:
        """Edits allowed in the word."""
        if self.edits is not None:
            return self.edits
        return 0 if len(word) < self.low else 1 if len(word) < self.high else 2


AUTO = Fuzziness()


def read_fuzziness(source: Json) -> Fuzziness:
    """Reads `AUTO`, `AUTO:low,high`, `0`, `1` or `2`.

    Raises:
        RestError: 400 for anything else.
    """
    text = source.text().upper()
    if text == "AUTO":
        return AUTO
    if text.startswith("AUTO:"):
        low, _, high = text[5:].partition(",")
        if not (low.strip().isdigit() and high.strip().isdigit()):
            raise RestError(400, "parse_exception", f"failed to find low and high distance values: {source.text()}")
        return Fuzziness(None, int(low), int(high))
    try:
        edits = float(text)
    except ValueError:
        cause = RestError(400, "number_format_exception", f'For input string: "{text}"')
        reason = f"fuzziness cannot be [{source.text()}]."
        raise RestError(400, "illegal_argument_exception", reason, caused_by=cause) from None
    if edits not in (0, 1, 2):
        reason = f"Valid edit distances are [0, 1, 2] but was [{source.text()}]"
        raise RestError(400, "illegal_argument_exception", reason)
    return Fuzziness(int(edits))


def match_fuzzy(
    shard: Shard,
    path: str,
    word: str,
    fuzziness: Fuzziness,
    *,
    prefix_length: int = 0,
    max_expansions: int = 50,
    transpositions: bool = True,
) -> list[Match]:
    """Documents with a term near the word.

    Each term scores by BM25, times `1 - edits / length of the shorter word`, and with the largest document frequency
    of them all, so that a rare misspelling does not beat the word itself (Lucene's FuzzyQuery with its
    TopTermsBlendedFreqScoringRewrite).
    """
    distance = fuzziness.distance(word)
    if distance == 0:
        return match_term(shard, path, Weighted(word))
    near = expand(sorted(shard.terms(path)), word, distance, prefix_length, transpositions)[:max_expansions]
    doc_freq = max((shard.doc_freq(path, term) for term, _ in near), default=0)
    clauses = [match_term(shard, path, Weighted(term, boost, doc_freq)) for term, boost in near]
    sizes = iter([leaf.segment.max_doc for leaf in shard.leaves])
    return combine(
        len(shard.leaves),
        clauses,
        lambda found: boolean(next(sizes), should=found, minimum_should_match=1),
    )


def expand(
    terms: Sequence[str], word: str, distance: int, prefix_length: int = 0, transpositions: bool = True
) -> list[tuple[str, float]]:
    """The terms within the distance and the factor of each, best first, then by term."""
    start = word[:prefix_length]
    close = [term for term in terms if abs(len(term) - len(word)) <= distance and term.startswith(start) and term]
    edits = edit_distances(close, word, transpositions=transpositions)
    near = [
        (term, 1.0 if not edit else 1.0 - edit / min(len(term), len(word)))
        for term, edit in zip(close, edits.tolist(), strict=True)
        if edit <= distance
    ]
    return sorted((found for found in near if found[1] > 0), key=lambda found: (-found[1], found[0]))


def edit_distances(terms: Sequence[str], word: str, *, transpositions: bool = True) -> Int32:
    """int32[n]: insertions, deletions, replacements and swaps of neighbours between each term and the word.

    All terms advance through one table at once: a row for each of the word's characters, a column for each place in
    the longest term.
    """
    width = max((len(term) for term in terms), default=0)
    letters = np.zeros((len(terms), width), np.int32)
    for row, term in enumerate(terms):
        letters[row, : len(term)] = [ord(character) for character in term]
    before: Int32 | None = None
    last = np.broadcast_to(np.arange(width + 1, dtype=np.int32), (len(terms), width + 1)).copy()
    for i, character in enumerate(word, 1):
        code, current = ord(character), np.empty_like(last)
        current[:, 0] = i
        for j in range(1, width + 1):
            same = letters[:, j - 1] == code
            best = np.minimum(last[:, j] + 1, current[:, j - 1] + 1)
            best = np.minimum(best, last[:, j - 1] + ~same)
            if transpositions and before is not None and j > 1:
                swapped = (letters[:, j - 2] == code) & (letters[:, j - 1] == ord(word[i - 2]))
                best = np.where(swapped, np.minimum(best, before[:, j - 2] + 1), best)
            current[:, j] = best
        before, last = last, current
    lengths = np.array([len(term) for term in terms], np.int64)
    return np.asarray(last[np.arange(len(terms)), lengths], np.int32)
