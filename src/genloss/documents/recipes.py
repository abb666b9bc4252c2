"""What a report gives to copy: the plan, and the model in scikit-learn."""

from __future__ import annotations

from genloss.documents.document import Recipe
from genloss.files import to_toml
from genloss.plan import Plan
from genloss.report.numbers import counted
from genloss.script import to_python


def of_plan(plan: Plan) -> list[Recipe]:
    """The plan as a file and in Python."""
    return [
        Recipe("The plan as a file", "toml", to_toml(plan=plan)),
        Recipe("The plan in Python", "python", to_python(plan=plan)),
    ]


def of_model(module: str, model: str, n_samples: int, *remarks: str) -> Recipe:
    """A model of standardised features, ``model`` as it is called, from a module of scikit-learn."""
    text = (
        f"from sklearn.{module} import {model.split('(')[0]}\n"
        "from sklearn.pipeline import make_pipeline\n"
        "from sklearn.preprocessing import StandardScaler\n\n"
        f"# {counted(n_samples, 'row')} a generation; alpha grows with the rows\n"
        + "".join(f"# {remark}\n" for remark in remarks)
        + f"model = make_pipeline(StandardScaler(), {model})\n"
    )
    return Recipe("The model in scikit-learn", "python", text)
