"""sparsify's folders, read and written."""
