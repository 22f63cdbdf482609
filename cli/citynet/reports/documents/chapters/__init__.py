"""The chapters: each takes the atlas and a language and gives sections of words, pictures and tables."""
