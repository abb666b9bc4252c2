"""Several classes: squared loss on one-hot labels, by products of classes times classes (`channels.md` 9)."""
