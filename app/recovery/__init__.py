"""Ten codes on paper, for whoever has lost everything else."""
