"""Tokenizers, one file each; the file's name is the tokenizer's name."""
