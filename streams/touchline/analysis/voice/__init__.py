"""What customers say: topics of their texts, words that go with a friction, and whether a text is negative.

| Module | What |
|---|---|
| `language` | the language of a text |
| `words` | its words, without stop words, by their stems |
| `vectors` | texts as rows of numbers: TF-IDF |
| `factorise` | non-negative matrix factorisation |
| `topics` | topics of one language |
| `contrast` | words that those with a friction use more often |
| `sentiment` | whether a text is negative, learned from scores |
| `corpus` | the texts of one language, and all of the above for them |

No figure is said below its minimum number of texts or customers, and no word is shown that fewer than five
texts have.
"""
