"""scikit-learn estimators for labels that models made: real rows decide, whatever else is trained on.

All fit plain ``(X, y)``, and are at home in pipelines, searches and metadata routing.

- `KernelRidgeLOO`: kernel ridge, the penalty by exact leave-one-out from one decomposition.
- `MixedRidgeCV`: ridge on real and synthetic rows, weight and penalty by leave-one-out on the real ones.
- `SelfTrainingRidge`: ridge on rows with and without labels, stopped by leave-one-out of the chain.
- `SelfDistillRidge`: ridge on its own predictions, mixed with the labels as leave-one-out says.
- `RetrainingLoop`: any estimator through any plan, every model scored on rows that none has seen.
- `RealFolds`: folds in which only real rows are scored.
"""

from __future__ import annotations

from genloss.estimators.kernel_ridge_loo import KernelRidgeLOO
from genloss.estimators.mixed_ridge_cv import MixedRidgeCV
from genloss.estimators.real_folds import RealFolds
from genloss.estimators.retraining_loop import RetrainingLoop
from genloss.estimators.self_distill_ridge import SelfDistillRidge
from genloss.estimators.self_training_ridge import SelfTrainingRidge

__all__ = [
    "KernelRidgeLOO",
    "MixedRidgeCV",
    "RealFolds",
    "RetrainingLoop",
    "SelfDistillRidge",
    "SelfTrainingRidge",
]
