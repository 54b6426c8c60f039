"""Token filters, one file each; the file's name is the filter's name."""
