"""Field types, one file each; the file's name is the type's name in mappings."""
