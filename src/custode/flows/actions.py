"""The actions behind `plugins/action`: each makes at most one call to the PC.

The plugins themselves are only doors, because Ansible loads them by path and name.
"""

from __future__ import annotations

import socket
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from ansible.plugins.action import ActionBase

from custode.core.errors import CustodeError
from custode.core.identity import IDENTITY_PROBES, Identity
from custode.core.observation import utc_moment
from custode.core.people import pc_key, salt_id
from custode.core.probes import NOT_OF_THE_PC, Probe, normalise
from custode.core.register import Entry, entry_of, read_of
from custode.core.symptoms import Reason, no_answer
from custode.edges.salts import people_salt
from custode.edges.store import recorded_identity, recorded_ledger
from custode.flows import antivirus, audit, task_context
from custode.flows.earlier import seen_before
from custode.flows.hand_back import is_released, record_of
from custode.flows.task_context import TaskContext

Result = dict[str, Any]


class CustodeAction(ActionBase):  # type: ignore[misc]
    """An action that knows its client, and whose errors are sentences."""

    TRANSFERS_FILES = False
    argument_spec: ClassVar[dict[str, dict[str, Any]]] = {}

    def run(self, tmp: str | None = None, task_vars: Mapping[str, Any] | None = None) -> Result:
        """Validate the arguments and act; a `CustodeError` becomes a failed result."""
        variables = dict(task_vars or {})
        self._read: list[Entry] = []
        result: Result = super().run(tmp, variables)
        _, arguments = self.validate_argument_spec(argument_spec=self.argument_spec)
        try:
            context = task_context.for_task(
                Path(self._loader.get_basedir()), variables, real_now=datetime.now(UTC)
            )
            result |= self.act(context, arguments, variables)
        except CustodeError as error:
            reason = Reason("controller", str(error), error.hint)
            result |= refusal(reason)
        # An observation tells by its facts what was read.
        if self._read and "custode" not in result:
            result["custode_read"] = self._read
        return result

    @abstractmethod
    def act(
        self, context: TaskContext, arguments: Mapping[str, Any], variables: dict[str, Any]
    ) -> Result:
        """Do the work and return the result's keys."""

    def probe(
        self,
        probes: Sequence[Probe],
        *,
        now: datetime,
        variables: dict[str, Any],
        account_key: str | None = None,
    ) -> Result:
        """Run the probes on the PC in one call to `fleet_probe`; return the module's result."""
        told: Result = {"probes": audit.wire_plan(probes, now=now)}
        if account_key is not None:
            told["account_key"] = account_key
        answer: Result = self._execute_module(
            module_name="fleet_probe", module_args=told, task_vars=variables
        )
        self._read += read_of(map(entry_of, probes), answer.get("facts", {}))
        return answer


class ReachAction(CustodeAction):
    """Tell in a second or two whether the PC answers at all, before Ansible waits half a minute."""

    argument_spec: ClassVar[dict[str, dict[str, Any]]] = {
        "antivirus": {"type": "str", "default": ""},
        "host": {"type": "str", "required": True},
        "port": {"type": "int", "required": True},
        "timeout_seconds": {"type": "float", "default": 2.0},
    }

    def act(
        self, context: TaskContext, arguments: Mapping[str, Any], variables: dict[str, Any]
    ) -> Result:
        """Open and close a TCP connection; of a silent PC the store is asked what may be why."""
        del variables
        address = (arguments["host"], arguments["port"])
        try:
            socket.create_connection(address, timeout=arguments["timeout_seconds"]).close()
        except OSError as error:
            reason = handed_back(context) or antivirus.silence(
                no_answer(*address, str(error)),
                recorded_ledger(
                    context.loaded.project.store(context.loaded.client.id), context.host
                ),
                port=arguments["port"],
                just_seen=arguments["antivirus"],
                now=context.now,
            )
            return {
                "unreachable": True,
                "msg": f"{reason.message} {reason.hint}",
                "custode_reason": reason.to_json(),
            }
        return {"changed": False}


class IdentityCheckAction(CustodeAction):
    """Prove that it is the right machine and that work may begin on it."""

    argument_spec: ClassVar[dict[str, dict[str, Any]]] = {
        "accept_new_identity": {"type": "bool", "default": False},
        "max_clock_offset_seconds": {"type": "int", "default": 300},
        "min_free_bytes": {"type": "int", "default": 2 * 2**30},
    }

    def act(
        self, context: TaskContext, arguments: Mapping[str, Any], variables: dict[str, Any]
    ) -> Result:
        """Compare the identity with the store's, then check rights, clock and space."""
        probes = audit.named_probes(
            context.loaded.policies, [*IDENTITY_PROBES, *audit.PREFLIGHT_PROBES]
        )
        answer = self.probe(probes, now=context.now, variables=variables)
        if "facts" not in answer:
            return answer
        facts = normalise(probes, answer["facts"])
        reason = wrong_machine(context, facts_identity=Identity.from_facts(facts), ask=arguments)
        reason = reason or audit.preflight_problem(
            facts,
            collected_at=utc_moment(str(answer["collected_at"])),
            now=context.now,
            min_free_bytes=arguments["min_free_bytes"],
            max_clock_offset_seconds=arguments["max_clock_offset_seconds"],
        )
        return {"changed": False} if reason is None else refusal(reason)


class AuditAction(CustodeAction):
    """Look at the PC once, judge what came back, and return facts and findings."""

    scopes: ClassVar[tuple[str, ...]] = ()
    argument_spec: ClassVar[dict[str, dict[str, Any]]] = {
        "accept_new_identity": {"type": "bool", "default": False},
        "gate": {"type": "bool", "default": False},
    }

    def act(
        self, context: TaskContext, arguments: Mapping[str, Any], variables: dict[str, Any]
    ) -> Result:
        """Probe, judge, and close the gate if one was asked for and a fault stands in it."""
        probes = audit.planned_probes(
            context.loaded.policies, self.scopes, kinds=[context.device["kind"]]
        )
        salt = None
        if any(probe.arguments.get("digest_account") for probe in probes):
            salt = people_salt(context.loaded.project, context.loaded.client.id)
        answer = self.probe(
            probes,
            now=context.now,
            variables=variables,
            account_key=pc_key(salt, context.host) if salt else None,
        )
        if "facts" not in answer:
            return answer
        observation = audit.observe(
            context.loaded.policies,
            {
                **answer["facts"],
                **self.told_elsewhere(arguments),
                **seen_before(
                    context.loaded.project.store(context.loaded.client.id),
                    context.host,
                    probes,
                    now=context.now,
                ),
            },
            probes=probes,
            scopes=self.scopes,
            device=context.device,
            contract=context.loaded.client.contract.view(),
            waivers=context.loaded.waivers,
            salt=salt_id(salt) if salt else None,
            now=context.now,
        )
        found = Identity.from_json(observation["identity"])
        if reason := wrong_machine(context, facts_identity=found, ask=arguments):
            # What another machine says is not this PC's: it is not recorded.
            return refusal(reason)
        result: Result = {"changed": False, "custode": observation}
        if arguments["gate"] and (reason := audit.closed_gate(observation["findings"])):
            return {**result, **refusal(reason)}
        return result

    def told_elsewhere(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return facts that were not asked of the PC."""
        del arguments
        return {}


class ProbeFactsAction(CustodeAction):
    """Ask the PC for facts and hand them to whoever asked; nothing is judged or recorded."""

    argument_spec: ClassVar[dict[str, dict[str, Any]]] = {
        "probes": {"type": "list", "elements": "str", "default": []},
    }

    def act(
        self, context: TaskContext, arguments: Mapping[str, Any], variables: dict[str, Any]
    ) -> Result:
        """Probe once, the identity with it: another machine's facts are not shown."""
        policies = context.loaded.policies
        asked = [
            probe.id
            for probe in audit.planned_probes(
                policies, audit.EVERYTHING, kinds=[context.device["kind"]]
            )
            if probe.kind not in NOT_OF_THE_PC
        ]
        wanted = arguments["probes"] or asked
        probes = audit.named_probes(policies, [*wanted, *IDENTITY_PROBES])
        answer = self.probe(probes, now=context.now, variables=variables)
        if "facts" not in answer:
            return answer
        facts = normalise(probes, answer["facts"])
        found = Identity.from_facts(facts)
        if reason := wrong_machine(
            context, facts_identity=found, ask={"accept_new_identity": False}
        ):
            return refusal(reason)
        shown = {
            probe_id: entry for probe_id, entry in facts.to_json().items() if probe_id in wanted
        }
        told = {"collected_at": answer["collected_at"], "facts": shown}
        return {"changed": False, "custode_facts": told}


class HardwareAuditAction(AuditAction):
    """The contract's first clause: the inspection before anything is installed."""

    scopes = audit.HARDWARE


class ComplianceAuditAction(AuditAction):
    """Everything the contract asks of a PC, in one look."""

    scopes = audit.EVERYTHING
    argument_spec: ClassVar[dict[str, dict[str, Any]]] = {
        **AuditAction.argument_spec,
        "server_facts": {"type": "dict", "default": {}},
    }

    def told_elsewhere(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what the backup's server said."""
        told: Mapping[str, Any] = arguments["server_facts"]
        return told


def handed_back(context: TaskContext) -> Reason | None:
    """Return why a PC that was handed back does not answer, or None for any other."""
    record = record_of(context.loaded.project, context.loaded.client.id, context.host)
    if record is None or not is_released(record):
        return None
    return Reason(
        "handed_back",
        f"The PC was handed back on {record['at'][:10]}: it no longer lets us in.",
        "Take it out of hosts.yml and contract.yml; the record is in the client's store.",
    )


def wrong_machine(
    context: TaskContext, *, facts_identity: Identity, ask: Mapping[str, Any]
) -> Reason | None:
    """Return why this is not the recorded machine, unless a technician accepted a new one."""
    if ask["accept_new_identity"]:
        return None
    recorded = recorded_identity(
        context.loaded.project.store(context.loaded.client.id), context.host
    )
    return audit.identity_problem(recorded, facts_identity, device=context.host)


def refusal(reason: Reason) -> Result:
    """Return a failed result that carries its reason to the recorder and the terminal."""
    return {
        "failed": True,
        "msg": f"{reason.message} {reason.hint}".strip(),
        "custode_reason": reason.to_json(),
    }
