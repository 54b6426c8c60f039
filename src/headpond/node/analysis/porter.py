"""Porter's stemming algorithm with the two changes its author made later, which Lucene's PorterStemFilter follows.

Source: M. F. Porter, "An algorithm for suffix stripping", Program 14(3), 1980, and the "points of difference" on his
page of the algorithm: in step 2 `bli` becomes `ble` (instead of `abli` -> `able`) and `logi` becomes `log`. The
Snowball version has neither, and undoubles fewer consonants.
"""

from __future__ import annotations

_STEP_2 = {
    "ational": "ate", "tional": "tion", "enci": "ence", "anci": "ance", "izer": "ize", "bli": "ble", "alli": "al",
    "entli": "ent", "eli": "e", "ousli": "ous", "ization": "ize", "ation": "ate", "ator": "ate", "alism": "al",
    "iveness": "ive", "fulness": "ful", "ousness": "ous", "aliti": "al", "iviti": "ive", "biliti": "ble", "logi": "log",
}  # fmt: skip
_STEP_3 = {"icate": "ic", "ative": "", "alize": "al", "iciti": "ic", "ical": "ic", "ful": "", "ness": ""}
_STEP_4 = (
    "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism", "ate", "iti",
    "ous", "ive", "ize",
)  # fmt: skip
_LONGEST_FIRST_2 = sorted(_STEP_2, key=len, reverse=True)
_LONGEST_FIRST_3 = sorted(_STEP_3, key=len, reverse=True)
_LONGEST_FIRST_4 = sorted(_STEP_4, key=len, reverse=True)


def stem(word: str) -> str:
    """The stem of a word in lower case; words of one or two letters stay as they are."""
    if len(word) <= 2:
        return word
    word = _step_1(word)
    word = _replaced(word, _LONGEST_FIRST_2, _STEP_2)
    word = _replaced(word, _LONGEST_FIRST_3, _STEP_3)
    return _step_5(_step_4(word))


def _shape(word: str) -> str:
    """`c` for each consonant, `v` for each vowel; y is a vowel behind a consonant."""
    shape: list[str] = []
    for letter in word:
        vowel = letter in "aeiou" or (letter == "y" and bool(shape) and shape[-1] == "c")
        shape.append("v" if vowel else "c")
    return "".join(shape)


def _measure(word: str) -> int:
    """Porter's m: how often a consonant follows a vowel."""
    return _shape(word).count("vc")


def _has_vowel(word: str) -> bool:
    return "v" in _shape(word)


def _ends_double(word: str) -> bool:
    return len(word) >= 2 and word[-1] == word[-2] and _shape(word)[-1] == "c"


def _ends_short(word: str) -> bool:
    """Porter's *o: consonant, vowel, consonant at the end, the last not w, x or y."""
    return _shape(word)[-3:] == "cvc" and word[-1] not in "wxy"


def _step_1(word: str) -> str:
    if word.endswith(("sses", "ies")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    if word.endswith("eed"):
        if _measure(word[:-3]) > 0:
            word = word[:-1]
    else:
        for ending in ("ed", "ing"):
            if word.endswith(ending):
                if _has_vowel(word[: -len(ending)]):
                    word = _mended(word[: -len(ending)])
                break
    if word.endswith("y") and _has_vowel(word[:-1]):
        word = f"{word[:-1]}i"
    return word


def _mended(word: str) -> str:
    """What is left when `ed` or `ing` is gone."""
    if word.endswith(("at", "bl", "iz")):
        return f"{word}e"
    if _ends_double(word) and word[-1] not in "lsz":
        return word[:-1]
    return f"{word}e" if _measure(word) == 1 and _ends_short(word) else word


def _replaced(word: str, endings: list[str], becomes: dict[str, str]) -> str:
    for ending in endings:
        if word.endswith(ending):
            start = word[: -len(ending)]
            return start + becomes[ending] if _measure(start) > 0 else word
    return word


def _step_4(word: str) -> str:
    for ending in _LONGEST_FIRST_4:
        if word.endswith(ending):
            start = word[: -len(ending)]
            fits = ending != "ion" or start.endswith(("s", "t"))
            return start if fits and _measure(start) > 1 else word
    return word


def _step_5(word: str) -> str:
    if word.endswith("e"):
        start = word[:-1]
        measure = _measure(start)
        if measure > 1 or (measure == 1 and not _ends_short(start)):
            word = start
    if word.endswith("ll") and _measure(word) > 1:
        word = word[:-1]
    return word
