"""What holds when somebody means harm, or only sends a great deal."""
