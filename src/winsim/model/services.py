"""Starting and stopping services: what depends on what, and the errors that Windows gives."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import replace

from winsim.model.parts import Service

Services = MutableMapping[str, Service]

DISABLED, DEPENDENCY_FAILED, DEPENDENCY_MISSING = 1058, 1068, 1075
DEPENDENTS_RUNNING = 1051
_TEXTS = {
    DEPENDENTS_RUNNING: "A stop control has been sent to a service that other running services "
    "are dependent on.",
    1053: "The service did not respond to the start or control request in a timely fashion.",
    DISABLED: "The service cannot be started, either because it is disabled or because it has no "
    "enabled devices associated with it.",
    DEPENDENCY_FAILED: "The dependency service or group failed to start.",
    1069: "The service did not start due to a logon failure.",
    DEPENDENCY_MISSING: "The dependency service does not exist or has been marked for deletion.",
}


class ServiceError(Exception):
    """Windows refuses to start or stop a service.

    Attributes:
        code: Windows' number of the error.
        service: The service that it is about.
    """

    def __init__(self, code: int, service: Service) -> None:
        super().__init__(_TEXTS.get(code, f"The service returned the error {code}."))
        self.code, self.service = code, service


def find(services: Mapping[str, Service], name: str) -> Service | None:
    """Return a service by its name, or by the name that people see."""
    shown = (item for item in services.values() if item.display.lower() == name.lower())
    return services.get(name.lower()) or next(shown, None)


def dependents(services: Mapping[str, Service], name: str) -> list[Service]:
    """Return the services that need one directly, by name."""
    low = name.lower()
    return [
        service
        for _, service in sorted(services.items())
        if low in {needed.lower() for needed in service.depends_on}
    ]


def start(services: Services, name: str, *, _under_way: tuple[str, ...] = ()) -> None:
    """Start a service, and before it what it depends on.

    Raises:
        ServiceError: It is disabled, fails, or something that it needs does not start.
    """
    service = services[name.lower()]
    if service.state == "Running":
        return
    if service.start == "Disabled":
        raise ServiceError(DISABLED, service)
    for needed in service.depends_on:
        if needed.lower() not in services:
            raise ServiceError(DEPENDENCY_MISSING, service)
        if needed.lower() in (*_under_way, name.lower()):
            raise ServiceError(DEPENDENCY_FAILED, service)
        try:
            start(services, needed, _under_way=(*_under_way, name.lower()))
        except ServiceError as error:
            raise ServiceError(DEPENDENCY_FAILED, service) from error
    if service.fails:
        raise ServiceError(service.fails, service)
    services[name.lower()] = replace(service, state="Running")


def stop(services: Services, name: str, *, force: bool = False) -> list[str]:
    """Stop a service; with `force`, first those that depend on it.

    Returns:
        The names of the services that were stopped, in that order.

    Raises:
        ServiceError: Others that run depend on it.
    """
    service = services[name.lower()]
    if service.state == "Stopped":
        return []
    running = [other for other in dependents(services, name) if other.state != "Stopped"]
    if running and not force:
        raise ServiceError(DEPENDENTS_RUNNING, service)
    # Out of the way first: a circle of services must not keep this going for ever.
    services[name.lower()] = replace(service, state="Stopped")
    stopped = [each for other in running for each in stop(services, other.name, force=True)]
    return [*stopped, service.name]


def boot(services: Services) -> None:
    """Bring all services into the state in which a start of Windows leaves them."""
    for key, service in services.items():
        services[key] = replace(service, state="Stopped")
    for key in sorted(services):
        if services[key].start in {"Auto", "Delayed"}:
            try:
                start(services, key)
            except ServiceError:
                continue
