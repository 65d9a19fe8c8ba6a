"""Breaking the glass: medical staff who read without consent in an emergency, seen by everybody whom it concerns."""
