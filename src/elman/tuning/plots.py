"""Save Optuna's own plots of a study as files."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from optuna.exceptions import ExperimentalWarning
from optuna.study import Study
from optuna.trial import TrialState

from elman.files import make_folder
from elman.pictures import save


def save_plots(study: Study, folder: Path, loss_unit: str) -> list[Path]:
    """Draw the history of a study, its options and their importance into a folder, and return the files.

    The importance of options needs two trials that were not pruned, with losses that differ.
    """
    from matplotlib import pyplot
    from optuna.visualization import matplotlib as plots

    label = f"held-out loss ({loss_unit})"
    drawn: dict[str, Callable[[], Any]] = {
        "history": lambda: plots.plot_optimization_history(study, target_name=label),
        "options": lambda: plots.plot_slice(study, target_name=label),
    }
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len({trial.value for trial in complete}) > 1:
        drawn["importance"] = lambda: plots.plot_param_importances(study, target_name=label)
    make_folder(folder)
    files = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        for name, draw in drawn.items():
            axes = np.ravel(draw())[0]
            files.append(folder / f"{name}.png")
            save(axes.figure, files[-1])
            pyplot.close(axes.figure)
    return files
