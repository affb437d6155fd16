"""dictionary_learning's folders, read and written."""
