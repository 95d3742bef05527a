"""The shape of `policies/probes/*.yml` and `policies/rules/*.yml`, as pydantic models."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from custode.core.backup_server import ServerColumn
from custode.core.contract import DeviceKind

Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Names = Annotated[tuple[Text, ...], Field(min_length=1)]
Verdict = Literal["pass", "fail", "unknown", "not_applicable"]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, populate_by_name=True)


class Words(_Document):
    """A sentence in both languages of the reports."""

    it: Text
    en: Text


Error = Literal["not_found", "access_denied", "timeout", "refused", "unsupported", "failed"]


class ProbeErrorDocument(_Document):
    """The error that stands in the place of a probe's rows."""

    kind: Error
    message: Text


class ProbeExampleDocument(_Document):
    """An answer that a PC gives; columns left out are null."""

    values: Literal["synthetic", "recorded"]
    shape: Text
    rows: tuple[dict[str, Any], ...] | None = None
    error: ProbeErrorDocument | None = None

    @model_validator(mode="after")
    def _one_answer(self) -> Self:
        if (self.rows is None) == (self.error is None):
            raise ValueError("either `rows` or `error`")
        return self


class _Probe(_Document):
    id: Id
    purpose: Words
    freshness_days: Annotated[int, Field(ge=1, le=400)]
    cost: Literal["low", "medium", "high"]
    key: tuple[Text, ...] = ()
    volatile: tuple[Text, ...] = ()
    digest: tuple[Text, ...] = ()
    device_kinds: tuple[DeviceKind, ...] = ()
    no_data: dict[Text, Annotated[tuple[int | str, ...], Field(min_length=1)]] = Field(
        default_factory=dict
    )
    timeout_seconds: Annotated[int, Field(ge=1, le=120)] = 20
    examples: Annotated[tuple[ProbeExampleDocument, ...], Field(min_length=1)]


class Associated(_Document):
    """Columns of the one instance that belongs to each row."""

    class_: Annotated[Text, Field(alias="class")]
    properties: Names


class CimProbe(_Probe):
    """Rows of a CIM class."""

    kind: Literal["cim"]
    namespace: Text
    class_: Annotated[Text, Field(alias="class")]
    properties: Names
    filter: Text | None = None
    associated: Associated | None = None


class RegistryProbe(_Probe):
    """Named values of registry keys, or of each key directly below them.

    With `each_user`: of the keys of each person who is logged on, for the programs in `names`.
    """

    kind: Literal["registry"]
    keys: Names
    values: tuple[Text, ...] = ()
    subkeys: bool = False
    each_user: bool = False
    names: tuple[Text, ...] = ()


class AccountsProbe(_Probe):
    """How many accounts and administrators there are of each kind; never who."""

    kind: Literal["accounts"]


class EventLogProbe(_Probe):
    """Events by provider and number; the localised text is never read."""

    kind: Literal["event_log"]
    log: Text
    providers: Names
    ids: Annotated[tuple[int, ...], Field(min_length=1)]
    since_days: Annotated[int, Field(ge=1, le=400)]
    max: Annotated[int, Field(ge=1, le=500)] = 50
    fields: tuple[Text, ...] = ()
    digest_account: bool = False


class LogStartProbe(_Probe):
    """How far back a log remembers: the time and the number of its oldest record."""

    kind: Literal["log_start"]
    log: Text


class FileProbe(_Probe):
    """Whether files are there, and their size, time, version or signer; never their content."""

    kind: Literal["file"]
    paths: Names
    properties: tuple[Literal["size_bytes", "modified_at", "version", "signer"], ...] = ()
    each_profile: bool = False


class MarkerProbe(_Probe):
    """What may be told of the lines of an application's log that begin with a marker."""

    kind: Literal["marker"]
    paths: Annotated[tuple[Text, ...], Field(min_length=1, max_length=1)]
    markers: Names
    properties: Annotated[
        tuple[Literal["count", "first_at", "last_at", "number", "word"], ...], Field(min_length=1)
    ]


class EarlierProbe(_Probe):
    """Columns of another probe, as earlier looks at the PC saw them; taken from the store."""

    kind: Literal["earlier"]
    probe: Text
    properties: Names
    since_days: Annotated[int, Field(ge=1, le=1100)]


class ServerProbe(_Probe):
    """What the backup's server says of the PC's people; asked from the controller."""

    kind: Literal["server"]
    properties: Annotated[tuple[ServerColumn, ...], Field(min_length=1)]


ProbeDocument = (
    AccountsProbe
    | CimProbe
    | EarlierProbe
    | RegistryProbe
    | EventLogProbe
    | FileProbe
    | LogStartProbe
    | MarkerProbe
    | ServerProbe
)

PROBE_MODELS: Mapping[str, type[ProbeDocument]] = {
    "accounts": AccountsProbe,
    "cim": CimProbe,
    "earlier": EarlierProbe,
    "event_log": EventLogProbe,
    "file": FileProbe,
    "log_start": LogStartProbe,
    "marker": MarkerProbe,
    "registry": RegistryProbe,
    "server": ServerProbe,
}


class FailedProbe(_Document):
    """Stands in an example for a probe that failed."""

    error: Error


class ExampleDocument(_Document):
    """Facts for which a rule gives a stated verdict; columns left out are null."""

    facts: dict[Id, tuple[dict[str, Any], ...] | FailedProbe]
    device: dict[str, Any] = Field(default_factory=dict)
    contract: dict[str, Any] = Field(default_factory=dict)
    now: datetime | None = None


class Examples(_Document):
    """At least one example that passes and one that fails.

    `limits` are the thresholds they are judged by, so that another baseline changes no example.
    """

    pass_: Annotated[tuple[ExampleDocument, ...], Field(alias="pass", min_length=1)]
    fail: Annotated[tuple[ExampleDocument, ...], Field(min_length=1)]
    unknown: tuple[ExampleDocument, ...] = ()
    not_applicable: tuple[ExampleDocument, ...] = ()
    limits: dict[Id, int | float] = Field(default_factory=dict)


class Remedy(Words):
    """What to do; `role` names the Ansible role that does it."""

    role: Id | None = None


class RuleDocument(_Document):
    """One requirement."""

    id: Id
    title: Words
    why: Words
    area: Literal[
        "hardware",
        "data_safety",
        "operating_system",
        "antivirus",
        "backup",
        "remote_support",
        "identity",
        "security",
        "software",
        "stability",
        "capacity",
        "clock",
    ]
    scope: Literal["hardware", "compliance"]
    severity: Literal["low", "medium", "high", "critical"]
    clause: Literal["inspection", "antivirus", "backup", "remote_support", "monitoring", "validity"]
    needs: Annotated[tuple[Id, ...], Field(min_length=1)]
    pass_: Annotated[Text, Field(alias="pass")]
    observed: Annotated[dict[Id, Text], Field(min_length=1)]
    remedy: Remedy
    examples: Examples
    let: dict[Id, Text] = Field(default_factory=dict)
    unknown_means: Words | None = None
    applies: Text | None = None
    each: Text | None = None
    when_empty: Verdict | None = None
    gate: bool = False
    hazard: bool = False
    service: Literal["antivirus", "backup"] | None = None
    proves: Literal["installed", "working"] | None = None
