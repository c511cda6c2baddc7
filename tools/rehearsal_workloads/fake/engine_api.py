"""The engine's interfaces A and B as in YAWL 6: forms in, XML out, failures with status 200."""

from collections.abc import Callable, Mapping
from urllib.parse import parse_qs
from xml.sax.saxutils import escape, quoteattr

from tools.rehearsal_workloads.fake.engine import Case, Engine, EngineError, SpecificationId

INTERFACE_A, INTERFACE_B = "/yawl/ia", "/yawl/ib"
PATHS = (INTERFACE_A, INTERFACE_B)

Form = Mapping[str, str]
SUCCESS = "<success/>"


class EngineApi:
    """Answers calls of the engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        shared = {"checkConnection": self._check, "disconnect": self._disconnect}
        self._calls: Mapping[str, Mapping[str, Callable[[Form], str]]] = {
            INTERFACE_A: {
                **shared,
                "connect": lambda form: self._connect(form, "userID"),
                "upload": self._upload,
                "unload": self._unload,
                "getList": self._specifications,
            },
            INTERFACE_B: {
                **shared,
                "connect": lambda form: self._connect(form, "userid"),
                "launchCase": self._launch,
                "cancelCase": self._cancel,
                "getWorkItemsWithIdentifier": self._items_of_case,
                "getLiveItems": self._items,
                "getAllRunningCases": self._cases,
                "getSpecificationPrototypesList": self._specifications,
            },
        }

    def answer(self, path: str, parameters: str) -> str:
        """Answer one call; `parameters` are those of a form or a query."""
        form = {name: values[0] for name, values in parse_qs(parameters, keep_blank_values=True).items()}
        return f"<response>{self._answer(path, form)}</response>"

    def _answer(self, path: str, form: Form) -> str:
        action = form.get("action", "")
        call = self._calls[path].get(action)
        try:
            if action not in ("connect", "disconnect"):
                self._engine.check(form.get("sessionHandle", ""))
            if call is None:
                return "" if path == INTERFACE_B else _failure("Invalid action or exception was thrown.")
            return call(form)
        except EngineError as refusal:
            # A failed connect has another shape than other failures.
            reason = escape(str(refusal))
            return f"<failure>{reason}</failure>" if action == "connect" else _failure(reason)

    def _connect(self, form: Form, user: str) -> str:
        if user not in form:
            raise EngineError("Null user name")
        return self._engine.connect(form[user], form.get("password", ""))

    def _disconnect(self, form: Form) -> str:
        self._engine.disconnect(form.get("sessionHandle", ""))
        return SUCCESS

    def _check(self, _form: Form) -> str:
        return SUCCESS

    def _upload(self, form: Form) -> str:
        try:
            loaded = self._engine.upload(form.get("specXML", ""))
        except EngineError as refusal:
            message = f"<error><message>{escape(str(refusal))}</message></error>"
            return _failure(f"<verificationMessages>{message}</verificationMessages>")
        members = {"identifier": loaded.identifier, "version": loaded.version, "uri": loaded.uri}
        specifications = f"<specifications><specificationid>{_elements(members)}</specificationid></specifications>"
        return f"<upload>{specifications}<verificationMessages/></upload>"

    def _unload(self, form: Form) -> str:
        self._engine.unload(_named(form))
        return SUCCESS

    def _launch(self, form: Form) -> str:
        return self._engine.launch(_named(form))

    def _cancel(self, form: Form) -> str:
        self._engine.cancel(form.get("caseID", ""))
        return SUCCESS

    def _items_of_case(self, form: Form) -> str:
        return "".join(_item(case) for case in self._engine.cases() if case.number == form.get("id"))

    def _items(self, _form: Form) -> str:
        return "".join(_item(case) for case in self._engine.cases())

    def _cases(self, _form: Form) -> str:
        running: dict[SpecificationId, list[str]] = {}
        for case in self._engine.cases():
            running.setdefault(case.specification, []).append(case.number)
        found = "".join(
            f"<specificationID identifier={quoteattr(of.identifier)} version={quoteattr(of.version)} "
            f"uri={quoteattr(of.uri)}>{''.join(f'<caseID>{number}</caseID>' for number in numbers)}</specificationID>"
            for of, numbers in running.items()
        )
        return f"<AllRunningCases>{found}</AllRunningCases>" if found else "<AllRunningCases/>"

    def _specifications(self, _form: Form) -> str:
        return "".join(
            f"<specificationData>{_elements({'uri': of.uri, **_specification(of)})}</specificationData>"
            for of in self._engine.specifications()
        )


def _named(form: Form) -> SpecificationId:
    return SpecificationId(form.get("specidentifier", ""), form.get("specversion", ""), form.get("specuri", ""))


def _specification(of: SpecificationId) -> dict[str, str]:
    return {"specversion": of.version, "specidentifier": of.identifier}


def _item(case: Case) -> str:
    members = {"taskid": case.task, "caseid": case.number, "uniqueid": case.number.zfill(18), "taskname": case.task}
    of = {**_specification(case.specification), "specuri": case.specification.uri}
    return f"<workItem>{_elements({**members, **of, 'status': 'Enabled'})}</workItem>"


def _elements(members: Mapping[str, str]) -> str:
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in members.items())


def _failure(reason: str) -> str:
    return f"<failure><reason>{reason}</reason></failure>"
