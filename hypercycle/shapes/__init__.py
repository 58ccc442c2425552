"""What half a cycle looks like, and how cycles shrink: waveforms, scale policies, their names."""
