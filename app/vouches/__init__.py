"""Two of the staff who know somebody say that it is them who holds this device."""
