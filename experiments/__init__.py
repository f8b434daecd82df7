"""Runs and sweeps: the only folder that knows Hydra. Results go to results/raw, one record per (job, rung)."""

import os

# One BLAS thread per process, before numpy loads: workers share the cores, small products are several times slower
# with two threads, and the last bits depend on the number of threads.
for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
