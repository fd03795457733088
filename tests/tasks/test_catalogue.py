"""The list of estimators, and what being on it is enough for."""

import inspect
import subprocess
import sys

import pytest

import gruvy
from gruvy.tasks.catalogue import ESTIMATORS, TASKS
from gruvy.tasks.shared.estimator import Estimator

# Prints the packages of tasks that have been imported.
IMPORTED = """
import sys, warnings
warnings.simplefilter("ignore")
{do}
tasks = {{name.split(".")[2] for name in sys.modules if name.startswith("gruvy.tasks.")}}
print(*sorted(tasks - {{"catalogue", "shared"}}))
"""


def imported(do):
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED.format(do=do)], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_the_list_imports_no_estimator():
    assert imported("import gruvy, gruvy.tasks; dir(gruvy)") == []


@pytest.mark.parametrize("task", ["music", "language"])
def test_loading_a_model_imports_its_own_task_alone(task):
    path = f"tests/tasks/saved/{task}.gruvy"
    assert imported(f"import gruvy; gruvy.load({path!r})") == [task]


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_what_a_task_says_of_its_estimator_holds(task):
    kind = task.load()
    assert issubclass(kind, Estimator)
    assert task.name == kind.TASK
    assert getattr(gruvy, task.estimator) is kind
    assert task.estimator in gruvy.__all__


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_every_parameter_has_a_rule_that_its_default_keeps(task):
    kind = task.load()
    rules = kind._all_rules()
    parameters = [name for name in inspect.signature(kind).parameters if name != "self"]
    assert [name for name in parameters if name not in rules] == []
    kind().check_params()
    assert set(kind._rules) <= set(parameters)
    assert {*kind._free, *kind._shaping} <= set(parameters)


def test_an_unknown_name():
    with pytest.raises(AttributeError, match=r"module 'gruvy.tasks' has no attribute 'Forecasted'; it has Forecaster"):
        _ = gruvy.tasks.Forecasted
    assert len(ESTIMATORS) == len(TASKS)
