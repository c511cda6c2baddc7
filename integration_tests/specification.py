"""The smallest process that shows that an engine works: one task, offered to a user."""

import re
import secrets
import time
from dataclasses import dataclass
from xml.etree import ElementTree as ET

LEFTOVER_SECONDS = 3600.0
"""Age from which a specification of these tests must be left over from an aborted run."""
TASK = "Check"

_NAME = re.compile(r"UID_yawl-delivery-([0-9a-f]{8})[0-9a-f]{8}")
_TEMPLATE = """\
<?xml version="1.0" encoding="UTF-8"?>
<specificationSet xmlns="http://www.yawlfoundation.org/yawlschema" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" version="4.0" \
xsi:schemaLocation="http://www.yawlfoundation.org/yawlschema \
http://www.yawlfoundation.org/yawlschema/YAWL_Schema4.0.xsd">
  <specification uri="{uri}">
    <documentation>Shows after a deployment that the engine works; removed at once.</documentation>
    <metaData>
      <version>{version}</version>
      <persistent>false</persistent>
      <identifier>{identifier}</identifier>
    </metaData>
    <xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" />
    <decomposition id="CheckNet" isRootNet="true" xsi:type="NetFactsType">
      <processControlElements>
        <inputCondition id="Start">
          <flowsInto><nextElementRef id="{task}" /></flowsInto>
        </inputCondition>
        <task id="{task}">
          <name>{task}</name>
          <flowsInto><nextElementRef id="End" /></flowsInto>
          <join code="xor" />
          <split code="and" />
          <resourcing>
            <offer initiator="user" />
            <allocate initiator="user" />
            <start initiator="user" />
          </resourcing>
          <decomposesTo id="CheckTask" />
        </task>
        <outputCondition id="End" />
      </processControlElements>
    </decomposition>
    <decomposition id="CheckTask" xsi:type="WebServiceGatewayFactsType">
      <externalInteraction>manual</externalInteraction>
    </decomposition>
  </specification>
</specificationSet>
"""


@dataclass(frozen=True, kw_only=True)
class Specification:
    """A specification as the engine identifies it."""

    identifier: str
    version: str
    uri: str

    @property
    def xml(self) -> str:
        """The whole specification."""
        return _TEMPLATE.format(uri=self.uri, version=self.version, identifier=self.identifier, task=TASK)

    @property
    def parameters(self) -> dict[str, str]:
        """The form fields that identify the specification."""
        return {"specidentifier": self.identifier, "specversion": self.version, "specuri": self.uri}


def new_specification() -> Specification:
    """Make a unique specification; its name contains the time, which identifies leftovers."""
    digits = f"{int(time.time()) & 0xFFFFFFFF:08x}{secrets.token_hex(4)}"
    return Specification(identifier=f"UID_yawl-delivery-{digits}", version="0.1", uri=f"yawl-delivery-check-{digits}")


def leftovers(loaded: ET.Element) -> list[Specification]:
    """Find specifications of these tests that are too old to belong to a current run."""
    found = []
    for data in loaded.iter("specificationData"):
        identifier = _text(data, "specidentifier") or _text(data, "id")
        name = _NAME.fullmatch(identifier)
        if name and time.time() - int(name[1], 16) > LEFTOVER_SECONDS:
            version = _text(data, "specversion") or "0.1"
            found.append(Specification(identifier=identifier, version=version, uri=_text(data, "uri")))
    return found


def _text(element: ET.Element, name: str) -> str:
    return (element.findtext(name) or "").strip()
