"""The actions about the backup's server: what it says of a PC's people, and which client it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from custode.core.backup_pin import TITLES, Server, guess_refusal, pin_refusal
from custode.core.backup_server import SERVER_PROBE
from custode.core.errors import CustodeError, UsageError
from custode.edges.catalog import load_product
from custode.edges.owncloud_server import (
    Administrator,
    OwncloudServerError,
    ServerSettings,
    read_person,
    read_status,
)
from custode.flows import task_context
from custode.flows.actions import CustodeAction
from custode.flows.software import installation, state_probes
from custode.flows.software_action import (
    CATALOG,
    Result,
    SoftwareAction,
    Specification,
    catalog_of,
    refused,
)
from custode.flows.task_context import TaskContext

PRODUCT_ID = "owncloud"
"""The backup client's entry in the catalog."""


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


class PinAction(SoftwareAction):
    """Refuse a pinned backup client that would cut the backup off, before anything is changed."""

    argument_spec: ClassVar[Specification] = {
        **CATALOG,
        "ca_path": {"type": "path"},
        "look_at_pc": {"type": "bool", "default": False},
        "server_product": {"type": "str", "choices": ["", *TITLES], "default": ""},
        "timeout_seconds": {"type": "float", "default": 10.0},
        "url": {"type": "str", "default": ""},
    }

    def act(self, arguments: Mapping[str, Any], variables: dict[str, Any]) -> Result:
        """Compare the pin with the server; the PC is asked only where the server is not known."""
        pinned = load_product(catalog_of(arguments), PRODUCT_ID).version
        server = self._server(arguments, variables)
        result: Result = {"changed": False, "pinned": pinned, "server_product": server.product}
        if reason := pin_refusal(pinned, server):
            return {**result, **refused(reason)}
        if server.product is not None:
            return {**result, "msg": f"client {pinned} fits {TITLES[server.product]}"}
        if arguments["look_at_pc"]:
            answer = self.probe(state_probes(catalog_of(arguments), PRODUCT_ID), variables)
            if "facts" not in answer:
                return answer
            found = installation(catalog_of(arguments), PRODUCT_ID, answer["facts"])
            if reason := guess_refusal(pinned, found.version, server):
                return {**result, **refused(reason)}
        return {**result, "warnings": [f"the server's product is not known: {server.said}"]}

    def _server(self, arguments: Mapping[str, Any], variables: Mapping[str, Any]) -> Server:
        if arguments["server_product"]:
            return Server(arguments["server_product"], "owncloud_server_product says so")
        url = arguments["url"] or self._contracted(variables)
        if not url:
            return Server(None, "no address of it was given (owncloud_server_url)")
        settings = ServerSettings(
            url=url,
            ca_path=Path(arguments["ca_path"]) if arguments["ca_path"] else None,
            timeout_seconds=arguments["timeout_seconds"],
        )
        try:
            status = read_status(settings)
        except OwncloudServerError as error:
            return Server(None, str(error))
        if status.product is None:
            return Server(None, f"the ownCloud server hides it: {url}")
        return Server(status.product, f"version {status.version or 'hidden'} at {url}")

    def _contracted(self, variables: Mapping[str, Any]) -> str:
        """Return the address that the contract names, where the inventory has a contract."""
        if task_context.client_id(variables) is None:
            return ""
        start = Path(self._loader.get_basedir())
        context = task_context.for_task(start, variables, real_now=datetime.now(UTC))
        return context.loaded.client.contract.services.backup.server_url
