"""Coming in and going out: demo people, the first operator, sign-out."""
