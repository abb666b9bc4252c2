"""What jobs need, loaded where processes are copied from: importing this is all there is to do."""

from __future__ import annotations

import scipy.linalg  # noqa: F401
import threadpoolctl  # noqa: F401

import genloss.app.compare
import genloss.app.explore
import genloss.app.jobs
import genloss.app.map
import genloss.trials.simulate
import genloss.tuning.tune  # noqa: F401
from genloss.trials.engine import all_engines

all_engines()
