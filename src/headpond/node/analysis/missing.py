"""Names that Elasticsearch knows and headpond does not have yet: they are answered 501 instead of 400."""

from __future__ import annotations

ANALYZERS = frozenset(
    ["arabic", "armenian", "basque", "bengali", "brazilian", "bulgarian", "catalan", "chinese", "cjk", "czech", "danish", "dutch", "estonian", "fingerprint", "finnish", "french", "galician", "german", "greek", "hindi", "hungarian", "indonesian", "irish", "italian", "latvian", "lithuanian", "norwegian", "pattern", "persian", "portuguese", "romanian", "russian", "serbian", "snowball", "sorani", "spanish", "swedish", "thai", "turkish", "icu_analyzer", "kuromoji", "nori", "smartcn", "polish"]
)

TOKENIZERS = frozenset(
    ["char_group", "classic", "edge_ngram", "letter", "lowercase", "ngram", "path_hierarchy", "pattern", "PathHierarchy", "nGram", "edgeNGram", "simple_pattern", "simple_pattern_split", "thai", "uax_url_email", "icu_tokenizer", "kuromoji_tokenizer", "nori_tokenizer"]
)

TOKEN_FILTERS = frozenset(
    ["apostrophe", "arabic_normalization", "arabic_stem", "asciifolding", "bengali_normalization", "brazilian_stem", "cjk_bigram", "cjk_width", "classic", "common_grams", "condition", "czech_stem", "decimal_digit", "delimited_payload", "dictionary_decompounder", "dutch_stem", "edge_ngram", "elision", "fingerprint", "flatten_graph", "french_stem", "german_normalization", "german_stem", "hindi_normalization", "hunspell", "hyphenation_decompounder", "indic_normalization", "keep", "keep_types", "keyword_marker", "keyword_repeat", "kstem", "length", "limit", "min_hash", "multiplexer", "ngram", "pattern_capture", "pattern_replace", "persian_normalization", "phonetic", "predicate_token_filter", "remove_duplicates", "reverse", "russian_stem", "scandinavian_folding", "scandinavian_normalization", "serbian_normalization", "shingle", "snowball", "sorani_normalization", "stemmer", "stemmer_override", "synonym", "synonym_graph", "trim", "truncate", "unique", "uppercase", "word_delimiter", "word_delimiter_graph", "icu_folding", "icu_normalizer"]
)

CHAR_FILTERS = frozenset(["html_strip", "mapping", "pattern_replace", "icu_normalizer"])
