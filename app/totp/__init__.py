"""An authenticator app: six digits that show, beside something else, that it is you."""
