"""Who is told of an alert, and after how long: a program's plan, and whoever is there to be told."""
