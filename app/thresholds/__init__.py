"""From when on an answer worries a program, and why."""
