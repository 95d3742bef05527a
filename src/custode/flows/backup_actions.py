"""The action behind `plugins/action/backup_server.py`: what the server says of a PC's people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from custode.core.backup_server import SERVER_PROBE
from custode.core.errors import CustodeError, UsageError
from custode.edges.owncloud_server import (
    Administrator,
    OwncloudServerError,
    ServerSettings,
    read_person,
    read_status,
)
from custode.flows.actions import CustodeAction
from custode.flows.software_action import Result
from custode.flows.task_context import TaskContext


class BackupServerAction(CustodeAction):
    """Ask the backup's server, from the controller, how the people of a PC stand there."""

    argument_spec: ClassVar[dict[str, dict[str, Any]]] = {
        "ca_path": {"type": "path"},
        "password": {"type": "str", "required": True, "no_log": True},
        "timeout_seconds": {"type": "float", "default": 10.0},
        "url": {"type": "str", "default": ""},
        "user": {"type": "str", "required": True},
        "users": {"type": "list", "elements": "str", "default": []},
    }

    def act(
        self, context: TaskContext, arguments: Mapping[str, Any], variables: dict[str, Any]
    ) -> Result:
        """Return the answer as facts; what the server cannot tell is a fact and no failure."""
        del variables
        answer: dict[str, Any]
        try:
            settings = ServerSettings(
                url=arguments["url"] or context.loaded.client.contract.services.backup.server_url,
                ca_path=Path(arguments["ca_path"]) if arguments["ca_path"] else None,
                timeout_seconds=arguments["timeout_seconds"],
            )
        except UsageError as error:
            # A task that carries a password shows nothing: the role's next task says what is wrong.
            answer, said = _unheard("settings", error)
        else:
            administrator = Administrator(arguments["user"], arguments["password"])
            answer, said = ask_server(settings, administrator, arguments["users"])
        return {"changed": False, "facts": {SERVER_PROBE: answer}, "said": said}


def ask_server(
    settings: ServerSettings, administrator: Administrator, users: Sequence[str]
) -> tuple[dict[str, Any], list[str]]:
    """Return rows or an error, as probes give them, and a sentence for each thing not told.

    Args:
        settings: How the server is reached.
        administrator: Who asks.
        users: The user ids of the people of one PC; none of them is in what is returned.
    """
    try:
        status = read_status(settings)
    except OwncloudServerError as error:
        return _unheard(error.kind, error)
    about = {
        "maintenance": status.maintenance,
        "needs_upgrade": status.needs_upgrade,
        "person": None,
        "product": status.product,
    }
    if not users or status.maintenance or status.needs_upgrade:
        return {"rows": [about]}, _out_of_service(about)
    rows, said = [], []
    for number, user in enumerate(users, start=1):
        try:
            told = read_person(settings, administrator, user)
        except OwncloudServerError as error:
            told = {"account": error.kind}
            said.append(_sentence(error))
        rows.append({**about, "person": number, **told})
    return {"rows": rows}, sorted(set(said))


def _out_of_service(about: Mapping[str, Any]) -> list[str]:
    if about["maintenance"]:
        return ["the ownCloud server is in maintenance: nobody can synchronise, no PC is to blame"]
    if about["needs_upgrade"]:
        return ["the ownCloud server waits for its upgrade to be completed: no PC is to blame"]
    return []


def _unheard(word: str, error: CustodeError) -> tuple[dict[str, Any], list[str]]:
    kind = "timeout" if word == "timeout" else "failed"
    return {"error": {"kind": kind, "message": word}}, [_sentence(error)]


def _sentence(error: CustodeError) -> str:
    return f"{error} ({error.hint})"
