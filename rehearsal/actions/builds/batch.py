"""The builds of a batch: its tasks and their order ("Batch build buildspec reference", CodeBuild User Guide)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from rehearsal.actions.builds.buildspec import YES, BuildspecError
from rehearsal.actions.builds.shards import SHARD, SHARDS

KINDS = ("build-graph", "build-list", "build-matrix", "build-fanout")


@dataclass(frozen=True)
class Task:
    """One build of a batch."""

    identifier: str
    buildspec: str = ""
    """The file of its own buildspec; empty for the batch's."""
    variables: Mapping[str, str] = field(default_factory=dict)
    image: str = ""
    environment_type: str = ""
    privileged: bool | None = None
    """None for the project's setting."""
    depends_on: tuple[str, ...] = ()
    ignore_failure: bool = False

    def environment(self, project: Mapping[str, Any]) -> dict[str, Any]:
        """Return the environment of a project with what the task changes of it."""
        changes = {"image": self.image, "type": self.environment_type, "privilegedMode": self.privileged}
        return {**project, **{name: value for name, value in changes.items() if value not in ("", None)}}


@dataclass(frozen=True)
class Batch:
    """The tasks of a batch."""

    tasks: tuple[Task, ...]
    fast_fail: bool
    """Whether no further build starts after one has failed."""

    def next_tasks(self, ended: set[str], failed: set[str]) -> list[Task]:
        """Return the tasks that can start: not ended, and everything they depend on has ended well."""
        if self.fast_fail and failed:
            return []
        return [
            task
            for task in self.tasks
            if task.identifier not in ended and set(task.depends_on) <= ended and not failed & set(task.depends_on)
        ]


def read(section: Mapping[str, Any]) -> Batch:
    """Read a buildspec's `batch`; raises BuildspecError."""
    kinds = [kind for kind in KINDS if section.get(kind)]
    if len(kinds) != 1:
        raise BuildspecError(f"batch needs exactly one of {', '.join(KINDS)}; it has {', '.join(kinds) or 'none'}")
    [kind] = kinds
    found = section[kind]
    tasks = _SPECIAL[kind](found) if kind in _SPECIAL else [_task(item) for item in found]
    _check(tasks)
    return Batch(tuple(tasks), _is_true(section.get("fast-fail")))


def _task(item: Mapping[str, Any]) -> Task:
    if not isinstance(item, Mapping) or not item.get("identifier"):
        raise BuildspecError("a build of the batch has no identifier")
    environment = item.get("env") or {}
    return Task(
        identifier=str(item["identifier"]),
        buildspec=str(item.get("buildspec") or ""),
        variables=_variables(environment),
        image=str(environment.get("image") or ""),
        environment_type=str(environment.get("type") or ""),
        privileged=_is_true(environment["privileged-mode"]) if "privileged-mode" in environment else None,
        depends_on=tuple(item.get("depend-on") or ()),
        ignore_failure=_is_true(item.get("ignore-failure")),
    )


def _matrix(section: Mapping[str, Any]) -> list[Task]:
    """Return a task for each combination of the dynamic values.

    The reference does not say how CodeBuild names them; here they are build0, build1 and so on.
    """
    static, dynamic = section.get("static") or {}, section.get("dynamic") or {}
    fixed, varied = static.get("env") or {}, dynamic.get("env") or {}
    values = varied.get("variables") or {}
    axes: list[Sequence[Any]] = [
        _values(dynamic.get("buildspec")),
        _values(varied.get("image")),
        _values(varied.get("type")),
        _values(varied.get("compute-type")),
        *(_values(found) for found in values.values()),
    ]
    tasks: list[Task] = []
    for number, (buildspec, image, kind, _, *chosen) in enumerate(product(*axes)):
        environment = {
            **fixed,
            **({"image": image} if image else {}),
            **({"type": kind} if kind else {}),
            "variables": {**(fixed.get("variables") or {}), **dict(zip(values, chosen, strict=True))},
        }
        item = {"identifier": f"build{number}", "buildspec": buildspec, "env": environment}
        tasks.append(_task({**item, "ignore-failure": static.get("ignore-failure")}))
    return tasks


def _fanout(section: Mapping[str, Any]) -> list[Task]:
    """Return identical tasks, each of which runs its part of the tests; they are named like those of a matrix."""
    try:
        count = int(section["parallelism"])
    except (KeyError, TypeError, ValueError):
        count = 0
    if count < 1:
        raise BuildspecError("batch build-fanout needs parallelism, the number of its builds")
    return [
        Task(
            identifier=f"build{number}",
            variables={SHARD: str(number), SHARDS: str(count)},
            ignore_failure=_is_true(section.get("ignore-failure")),
        )
        for number in range(count)
    ]


_SPECIAL: Mapping[str, Callable[[Mapping[str, Any]], list[Task]]] = {"build-matrix": _matrix, "build-fanout": _fanout}
"""How the tasks of a section are read that does not list them."""


def _values(found: object) -> Sequence[Any]:
    if not found:
        return [""]
    return found if isinstance(found, list) else [found]


def _variables(environment: Mapping[str, Any]) -> dict[str, str]:
    return {
        str(name): "" if value is None else str(value) for name, value in (environment.get("variables") or {}).items()
    }


def _check(tasks: Sequence[Task]) -> None:
    names = [task.identifier for task in tasks]
    if len(set(names)) != len(names):
        raise BuildspecError(f"the batch has two builds of the same identifier: {', '.join(sorted(names))}")
    done: set[str] = set()
    while len(done) < len(tasks):
        ready = {task.identifier for task in tasks if set(task.depends_on) <= done} - done
        if not ready:
            rest = ", ".join(name for name in names if name not in done)
            raise BuildspecError(f"builds of the batch depend on each other, or on none that exists: {rest}")
        done |= ready


def _is_true(value: object) -> bool:
    return str(value).lower() in YES
