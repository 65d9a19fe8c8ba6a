"""What a program asks each day, beside mood and craving."""
