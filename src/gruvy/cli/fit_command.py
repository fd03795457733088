"""``gruvy fit TASK``: what all of these commands share."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any, get_type_hints

import typer

from gruvy.cli.expansion import expanded
from gruvy.cli.job import Job
from gruvy.cli.lazy import single
from gruvy.cli.options import RunOptions
from gruvy.cli.output import Training, print_fitted, working
from gruvy.cli.parameters import parameters_of
from gruvy.cli.tasks import commands_of
from gruvy.errors import ArgumentError
from gruvy.tasks.catalogue import TASKS

# Option -> the heading under which it stands in the help; all others that a command declares tell of its data.
_PANELS = {
    **dict.fromkeys(("minutes", "from_", "rescale", "checkpoint", "resume", "balanced", "test_fraction"), "Training"),
    **dict.fromkeys(("out", "report", "json"), "Output"),
    **dict.fromkeys(("attention", "streaming", "ensemble"), "Model"),
}
_ORDER = (None, "Data", "Model", "Training", "Output")


def fit_command(task: str) -> typer.Typer:
    """Return the command of a task: the options of its module's ``fit``, and one for each other parameter of its
    estimator's constructor."""
    commands = commands_of(task)
    fit = expanded(_carried_out(commands.fit, task))
    signature = inspect.signature(fit)
    own = [*signature.parameters]
    added = [one for one in parameters_of(TASKS[task]) if one.option(own) not in own]
    options = [
        _unless_from(parameter.replace(annotation=_in_panel(parameter.annotation, _PANELS.get(parameter.name, "Data"))))
        for parameter in signature.parameters.values()
    ]
    for one in added:
        annotation, default = one.declared()
        options.append(
            inspect.Parameter(one.option(own), inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        )
    options.sort(key=_place)
    names = {one.option(own) for one in added}

    @functools.wraps(fit)
    def run(**given: Any) -> None:
        # `RunOptions.estimator` finds those of the constructor in the context of the command.
        fit(**{name: value for name, value in given.items() if name not in names})

    run.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in options}
    return single(run, epilog=commands.EXAMPLES)


def _place(parameter: inspect.Parameter) -> int:
    """Arguments come first, then the options by their headings."""
    metadata = getattr(parameter.annotation, "__metadata__", (None,))
    return _ORDER.index(getattr(metadata[0], "rich_help_panel", None))


def _unless_from(parameter: inspect.Parameter) -> inspect.Parameter:
    """An option that has to be given, unless --from names a model that knows what it is."""
    metadata = getattr(parameter.annotation, "__metadata__", (None,))
    if parameter.default is not parameter.empty or not isinstance(metadata[0], typer.models.OptionInfo):
        return parameter
    info = copy.copy(metadata[0])
    info.help = f"{info.help} Required, except with --from."
    return parameter.replace(default=None, annotation=Annotated[parameter.annotation.__origin__ | None, info])


def _in_panel(annotation: Any, panel: str) -> Any:
    """The annotation of an option under a heading of the help."""
    if not getattr(annotation, "__metadata__", ()):
        return annotation
    info = copy.copy(annotation.__metadata__[0])
    if isinstance(info, typer.models.OptionInfo):
        info.rich_help_panel = panel
    return Annotated[annotation.__origin__, info]


def _carried_out(fit: Callable[..., Job], task: str) -> Callable[..., None]:
    """The command that carries out the job that ``fit`` returns; it has the options of ``fit``."""
    needed = [name for name, one in inspect.signature(fit).parameters.items() if one.default is one.empty]

    @functools.wraps(fit)
    def command(*, run: RunOptions, **given: Any) -> None:
        run.check()
        if run.from_ is not None:
            given |= run.columns(TASKS[task].load(), given)
        missing = [name for name in needed if given.get(name, "") in (None, [])]
        if missing:
            option = "--" + missing[0].replace("_", "-")
            raise ArgumentError(f"Missing option '{option}' (see 'gruvy fit {task} --help')")
        with working("loading", quiet=run.json):
            from gruvy.report import write_report

            job = fit(run=run, **given)
        model = job.model
        with Training(job.name or _name(model), quiet=run.json) as progress:
            test = job.train(**run.training, progress=progress)
        model.save(run.out)
        with working("scoring", quiet=run.json):
            scores = model.scores_ if job.score is None else job.score(test)
        if run.report is not None:
            with working("writing the report", quiet=run.json):
                write_report(job.report(test, scores), run.report)
        print_fitted(model, run, show=lambda: job.show(scores), **{job.scores: scores}, **job.facts(model))

    command.__annotations__ = get_type_hints(fit, include_extras=True)
    return command


def _name(model: Any) -> str:
    from gruvy.nn.cells import CELL_NAMES

    return str(CELL_NAMES.get(model.cell, model.cell))
