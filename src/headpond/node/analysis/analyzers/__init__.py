"""Built-in analyzers, one file each; the file's name is the analyzer's name."""
