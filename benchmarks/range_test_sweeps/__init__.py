"""Range tests of real models, recorded with what training really does at each rate."""
