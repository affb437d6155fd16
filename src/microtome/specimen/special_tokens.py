"""The special tokens of specimens that read words; their ids are 0 to 3, in this order."""

SPECIALS = PAD, START, END, UNKNOWN = "<pad>", "<s>", "</s>", "<unk>"
