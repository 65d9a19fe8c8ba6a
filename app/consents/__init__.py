"""A patient's written consent to let somebody outside their program read part of their record."""
