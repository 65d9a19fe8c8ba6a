"""Building, running and testing: what stands around the product."""
