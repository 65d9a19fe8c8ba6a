"""A colleague stands in for somebody, from until: their patients are the colleague's for that time."""
