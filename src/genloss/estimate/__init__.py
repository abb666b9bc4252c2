"""The problem behind real rows: spectrum, truth and noise, from a sample, its moments or a sketch.

Rows are taken as they come from `Standardiser`. Nothing is read off a small sample's eigenvectors, which
mix signal with noise. At every penalty k rows tell two numbers without bias: the population's effective
penalty kappa, and the leave-one-out error. Both are linear in what is sought (`theory.md` 2.2):

    df1(kappa)              = sum_j s_j / (s_j + kappa)
    loo * (1 - df2 / k)     = sum_j energy_j kappa**2 / (s_j + kappa)**2 + noise**2

The first gives the spectrum (`spectrum`), the second energies ``truth_j**2 s_j`` and noise (`signal`).

- `rows`: from a table in memory, for linear models and kernels.
- `moments`: from first and second moments of rows that passed by.
- `sketch`: from a covariance too large to be held.
- `leave_one_out`: the exact errors, all penalties from one decomposition.
- `tails`: how much the lengths of rows vary.
"""

from genloss.estimate.kernels import Kernel, Nystrom, nystrom_features
from genloss.estimate.leave_one_out import leave_one_out
from genloss.estimate.rows import Estimate, estimate, estimate_standardised
from genloss.estimate.standardise import Standardiser
from genloss.estimate.tails import tails_of_rows

__all__ = [
    "Estimate",
    "Kernel",
    "Nystrom",
    "Standardiser",
    "estimate",
    "estimate_standardised",
    "leave_one_out",
    "nystrom_features",
    "tails_of_rows",
]
