"""What was shown across organisations: the statement that goes with it, and the patient's accounting."""
