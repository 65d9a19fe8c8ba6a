"""Coming in and going out: demo people, the first operator, one-time links, sign-out."""
