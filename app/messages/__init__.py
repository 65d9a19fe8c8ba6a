"""What a patient and one of those beside them write to each other."""
