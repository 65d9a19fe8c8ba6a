"""What a newcomer and an operator run, tried as they would."""
