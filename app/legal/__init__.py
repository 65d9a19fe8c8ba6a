"""What the law lets vary, and the words that people read and sign: dated rows, never code."""
