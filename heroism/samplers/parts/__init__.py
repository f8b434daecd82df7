"""What a composed sampler is put together from: clocks, predictions, weights, sweeps, steps and their placement."""
