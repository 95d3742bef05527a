"""How a module is called: its options checked and filled in as Ansible does on the PC."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from winsim.errors import NeverEnds
from winsim.host import Host

__all__ = [
    "Call",
    "Model",
    "ModuleFailure",
    "NeverEnds",
    "Option",
    "Result",
    "Skipped",
    "bind",
]

Result = dict[str, Any]
_TRUE = {"y", "yes", "on", "1", "true", "t", "1.0"}
_FALSE = {"n", "no", "off", "0", "false", "f", "0.0"}


class ModuleFailure(Exception):  # noqa: N818 - modules fail; it is no error of ours
    """A module ends with `failed`: its message, and what it had found until then."""

    def __init__(self, message: str, **result: Any) -> None:
        super().__init__(message)
        self.result: Result = {**result, "failed": True, "msg": message}


class Skipped(Exception):  # noqa: N818 - it is no error
    """A module that cannot tell what it would do is not run in check mode."""


@dataclass(frozen=True)
class Option:
    """One option of a module, as its argument spec declares it.

    One that is not modelled is refused when it is used: winsim makes up no success.
    """

    type: str = "str"
    default: Any = None
    required: bool = False
    choices: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    elements: str | None = None
    options: Mapping[str, Option] = field(default_factory=dict)
    modelled: bool = True


@dataclass(frozen=True)
class Call:
    """One call of a module: the PC, every option with its value, and Ansible's two modes."""

    host: Host
    params: Mapping[str, Any]
    check: bool = False
    diff: bool = False


@dataclass(frozen=True)
class Model:
    """What a module does.

    Attributes:
        run: Does it, and returns the result.
        options: Its options by name.
        strict: Whether options that it does not know are refused; old modules overlook them.
        check_mode: Whether it can tell what it would do; one that cannot is skipped.
        exclusive: Options of which at most one may be given.
        one_of: Options of which at least one must be given.
        together: Options that are given all or none.
        needs: For an option's value, what must be given with it: all, or any of it.
        needs_by: What must be given with an option.
    """

    run: Callable[[Call], Result]
    options: Mapping[str, Option] = field(default_factory=dict)
    strict: bool = True
    check_mode: bool = True
    exclusive: Sequence[Sequence[str]] = ()
    one_of: Sequence[Sequence[str]] = ()
    together: Sequence[Sequence[str]] = ()
    needs: Sequence[tuple[str, Any, Sequence[str], Literal["all", "any"]]] = ()
    needs_by: Mapping[str, Sequence[str]] = field(default_factory=dict)


def bind(model: Model, host: Host, arguments: Mapping[str, Any], *, name: str) -> Call:
    """Return a call with checked options, converted to their types, defaults filled in.

    Raises:
        ModuleFailure: An option is unknown, missing, of the wrong type or not among its choices.
        Skipped: It cannot be run in check mode, which was asked for.
    """
    given = {key: value for key, value in arguments.items() if not key.startswith("_ansible_")}
    check = bool(arguments.get("_ansible_check_mode"))
    if check and not model.check_mode:
        which = f" ({name})" if model.strict else ""
        raise Skipped(f"remote module{which} does not support check mode")
    there = {
        _spelt(model.options).get(key.lower(), key) for key, v in given.items() if v is not None
    }
    _refuse_two(model, there)
    params = _bound(model.options, given, host, name=name, strict=model.strict)
    _refuse_lacking(model, there, params)
    return Call(host, params, check=check, diff=bool(arguments.get("_ansible_diff")))


def _spelt(options: Mapping[str, Option]) -> dict[str, str]:
    """Return the option's name for each of its spellings."""
    return {s.lower(): key for key, o in options.items() for s in (key, *o.aliases)}


def _refuse_two(model: Model, given: set[str]) -> None:
    for group in model.exclusive:
        if len(given & set(group)) > 1:
            raise ModuleFailure(f"parameters are mutually exclusive: {', '.join(group)}")


def _refuse_lacking(model: Model, given: set[str], params: Mapping[str, Any]) -> None:
    there = given | {key for key, value in params.items() if value is not None}
    for group in model.together:
        if given & set(group) and set(group) - there:
            raise ModuleFailure(f"parameters are required together: {', '.join(group)}")
    for group in model.one_of:
        if not there & set(group):
            raise ModuleFailure(f"one of the following is required: {', '.join(group)}")
    for key, value, wanted, how in model.needs:
        missing = [name for name in wanted if name not in there]
        if params.get(key) == value and len(missing) >= (1 if how == "all" else len(wanted)):
            raise ModuleFailure(
                f"{key} is {value} but {how} of the following are missing: {', '.join(missing)}"
            )
    for key, wanted in model.needs_by.items():
        missing = [name for name in wanted if name not in there]
        if key in given and missing:
            raise ModuleFailure(f"missing parameter(s) required by '{key}': {', '.join(missing)}")


def _bound(
    options: Mapping[str, Option],
    given: Mapping[str, Any],
    host: Host,
    *,
    name: str,
    strict: bool,
    inside: str = "",
) -> dict[str, Any]:
    spelt = _spelt(options)
    unknown = sorted(key for key in given if key.lower() not in spelt)
    found = f" found in {inside}" if inside else ""
    if unknown and strict:
        allowed = sorted({*options, *(alias for o in options.values() for alias in o.aliases)})
        raise ModuleFailure(
            f"Unsupported parameters for ({name}) module: {', '.join(unknown)}{found}. "
            f"Supported parameters include: {', '.join(allowed)}"
        )
    values = {spelt[key.lower()]: given[key] for key in given if key.lower() in spelt}
    missing = sorted(key for key, o in options.items() if o.required and values.get(key) is None)
    if missing:
        raise ModuleFailure(f"missing required arguments: {', '.join(missing)}{found}")
    bound = {}
    for key, option in options.items():
        value = values.get(key)
        if value is None:
            paths = option.type == "path" and option.default is not None
            bound[key] = host.expand(option.default) if paths else option.default
            continue
        place = f"{inside} -> {key}" if inside else key
        bound[key] = _converted(key, option, value, host, name=name, place=place)
    return bound


def _converted(key: str, option: Option, value: Any, host: Host, *, name: str, place: str) -> Any:
    try:
        made = _CONVERTERS[option.type](value)
        if option.elements and option.elements != "dict":
            made = [_CONVERTERS[option.elements](item) for item in made]
    except (TypeError, ValueError) as error:
        kind = type(value).__name__
        raise ModuleFailure(
            f"argument for {key} is of type {kind} and we were unable to convert to "
            f"{option.type}: {error}"
        ) from error
    if not option.modelled and made != option.default:
        raise ModuleFailure(f"winsim does not model the option {key} of {name}")
    if option.type == "path":
        made = host.expand(made)
    for item in made if isinstance(made, list) and option.choices else [made]:
        if option.choices and item not in option.choices:
            raise ModuleFailure(
                f"value of {key} must be one of: {', '.join(option.choices)}. "
                f"Got no match for: {item}"
            )
    if option.options and isinstance(made, list):
        return [
            _bound(option.options, item, host, name=name, strict=True, inside=place)
            for item in made
        ]
    if option.options:
        return _bound(option.options, made, host, name=name, strict=True, inside=place)
    return made


def _flag(value: Any) -> bool:
    text = str(value).lower()
    if text not in _TRUE | _FALSE:
        raise ValueError(f"The value '{value}' is not a valid boolean")
    return text in _TRUE


def _list(value: Any) -> list[Any]:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")]
    return list(value) if isinstance(value, list | tuple) else [value]


def _dict(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"{type(value).__name__} cannot be converted to a dict")
    return dict(value)


def _text(value: Any) -> str:
    return str(value)


def _integer(value: Any) -> int:
    return int(str(value))


def _raw(value: Any) -> Any:
    return value


_CONVERTERS: Mapping[str, Callable[[Any], Any]] = {
    "bool": _flag,
    "dict": _dict,
    "int": _integer,
    "list": _list,
    "path": _text,
    "raw": _raw,
    "str": _text,
}
