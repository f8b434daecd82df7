"""What is measured of a run: distances of its output from the target, and the quantities of the theory's lemmas."""
