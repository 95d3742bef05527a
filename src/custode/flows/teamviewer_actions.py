"""The actions behind `plugins/action/teamviewer_*.py`: what PC and API show, what codes mean."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from custode.core import teamviewer
from custode.core.errors import UsageError
from custode.core.observation import Facts
from custode.core.readers.teamviewer import API_PROBE
from custode.core.symptoms import Reason
from custode.edges.teamviewer_api import BASE_URL, ApiSettings, TeamViewerApiError, look_up
from custode.flows.software_action import Result, SoftwareAction, Specification, refused

_LOOK_BY_HAND = "Open TeamViewer on the PC and look at its ID and owner, then run again."


class StateAction(SoftwareAction):
    """Tell from the PC's own registry whether TeamViewer is installed and assigned."""

    argument_spec: ClassVar[Specification] = {
        "configuration_id": {"type": "str", "default": ""},
        "expect": {"type": "str", "choices": ["installed", "assigned"]},
    }

    def act(self, arguments: Mapping[str, Any], variables: dict[str, Any]) -> Result:
        """Ask the PC once and decide on the controller."""
        answer = self.probe(teamviewer.probes(), variables)
        if "facts" not in answer:
            return answer
        try:
            found, assigned = teamviewer.seen(Facts.from_json(answer["facts"]))
        except teamviewer.UnclearError as error:
            return _unclear(error.why, expected=arguments["expect"])
        reason = _unexpected(found, assigned=assigned, expected=arguments["expect"])
        warnings = _remarks(found, arguments["configuration_id"])
        return {
            "changed": False,
            "installed": found is not None,
            "assigned": assigned,
            "client_id": found.client_id if found else None,
            "program": found.program if found else None,
            "msg": _sentence(found, assigned=assigned),
            **({"warnings": warnings} if warnings else {}),
            **(refused(reason) if reason else {}),
        }


class OutcomeAction(SoftwareAction):
    """Say what an exit code of TeamViewer means, and fail if it means failure."""

    argument_spec: ClassVar[Specification] = {
        "codes": {"type": "dict", "required": True},
        "exit_code": {"type": "int", "required": True},
        "what": {"type": "str", "required": True},
    }

    def act(self, arguments: Mapping[str, Any], variables: dict[str, Any]) -> Result:
        """Judge the exit code; the controller alone is asked."""
        del variables
        code = arguments["exit_code"]
        meaning = arguments["codes"].get(code, {})
        words = meaning.get("words", "its maker does not say what this code means")
        said = f"{arguments['what']} ended with {code}: {words}"
        if code == 0:
            return {"changed": False, "msg": f"{said}."}
        tried = ", and it went on so" if meaning.get("retry") else ""
        hint = meaning.get("hint", "Run it by hand on the PC, then run again.")
        return {"changed": False, **refused(Reason("teamviewer_refused", f"{said}{tried}.", hint))}


class LookupAction(SoftwareAction):
    """Ask TeamViewer's web API when it last saw the PC."""

    argument_spec: ClassVar[Specification] = {
        "ca_path": {"type": "path"},
        "client_id": {"type": "int", "required": True},
        "timeout_seconds": {"type": "float", "default": 10.0},
        "token": {"type": "str", "required": True, "no_log": True},
        "url": {"type": "str", "default": ""},
    }

    def act(self, arguments: Mapping[str, Any], variables: dict[str, Any]) -> Result:
        """Ask from the controller; what the API cannot tell is a fact."""
        del variables
        answer: dict[str, Any]
        try:
            settings = ApiSettings(
                token=arguments["token"],
                url=arguments["url"] or BASE_URL,
                ca_path=Path(arguments["ca_path"]) if arguments["ca_path"] else None,
                timeout_seconds=arguments["timeout_seconds"],
            )
            found = look_up(settings, arguments["client_id"])
        except (TeamViewerApiError, UsageError) as error:
            # A task that carries a token shows nothing: the role's next task says what is wrong.
            kind = error.kind if isinstance(error, TeamViewerApiError) else "settings"
            message = f"{error} ({error.hint})" if error.hint else str(error)
            answer = {"error": {"kind": kind, "message": message}}
        else:
            answer = {"rows": [vars(found)] if found else []}
        return {"changed": False, "facts": {API_PROBE: answer}}


def _unclear(why: str, *, expected: str | None) -> Result:
    """Return what cannot be told; only who leans on it fails."""
    message = f"What the PC shows of TeamViewer could not be told: {why}."
    nothing = dict.fromkeys(("installed", "assigned", "client_id", "program"))
    if expected is None:
        return {"changed": False, **nothing, "msg": message}
    return {**nothing, **refused(Reason("teamviewer_unclear", message, _LOOK_BY_HAND))}


def _unexpected(
    found: teamviewer.Registration | None, *, assigned: bool, expected: str | None
) -> Reason | None:
    if expected is not None and found is None:
        message = "TeamViewer is not on the PC: neither its program nor its registration."
        return Reason("teamviewer_missing", message, "Install it with the role, then run again.")
    if expected == "assigned" and not assigned:
        return Reason(
            "teamviewer_unassigned",
            "The assignment was accepted, but the PC does not show that it is assigned.",
            "Look for the PC in TeamViewer's Management Console; restart its service, run again.",
        )
    return None


def _sentence(found: teamviewer.Registration | None, *, assigned: bool) -> str:
    if found is None:
        return "TeamViewer is not installed"
    number = found.client_id if found.client_id is not None else "without an ID yet"
    return f"TeamViewer {number} is {'assigned' if assigned else 'not assigned'}"


def _remarks(found: teamviewer.Registration | None, wanted: str) -> list[str]:
    """Return what is no failure and yet worth a look."""
    if found is None:
        return []
    remarks = [
        f"An old registration of TeamViewer is left under {key}; it counts for nothing."
        for key in found.stale
    ]
    if wanted and found.configuration_id != wanted:
        seen = found.configuration_id or "none"
        remarks.append(
            f"TeamViewer has the custom module {seen}; wanted: {wanted}. It is chosen when "
            "TeamViewer is installed: remove it and run the role again to change it."
        )
    return remarks
