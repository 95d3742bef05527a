"""What tells one PC or one person from another is replaced by names that tell nothing.

A pseudonym comes from the machine's new name and a running number, never from what it stands for:
nobody can compute it back. The same value has the same pseudonym throughout one machine.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from typing import Any
from uuid import UUID

_SERIALS = frozenset({
    "assettag", "clientid", "identifyingnumber", "managementid", "productid", "serialnumber",
    "smbiosassettag", "uniqueid", "volumeserialnumber",
})  # fmt: skip
_UUIDS = frozenset({"machineguid", "sqmmachineid", "uuid"})
_PERSONS = frozenset({
    "lastloggedonuser", "owner", "primaryownername", "registeredorganization", "registeredowner",
    "registereduser", "subjectusername", "targetusername", "username",
})  # fmt: skip
_COMPUTERS = frozenset({
    "activecomputername", "computername", "csname", "dnshostname", "hostname", "pscomputername",
    "systemname",
})  # fmt: skip
_NETWORKS = frozenset({"dnsdomain", "domain", "profilename", "ssid", "subjectdomainname"})
_KEYS = frozenset({"digitalproductid", "partialproductkey", "productkey"})
_MAKERS = frozenset({
    "displayname", "friendlyname", "manufacturer", "model", "publisher", "vendor",
})  # fmt: skip
_PRODUCTS = _MAKERS | {"caption", "description", "name", "partnumber", "updatetitle"}
# What firmware and installers say when nobody said anything: nobody's, and a finding by itself.
_NOBODY = frozenset({
    "", "0", "admin", "administrator", "default string", "n/a", "none", "not specified", "owner",
    "pc", "public", "system", "system serial number", "to be filled by o.e.m.", "user", "users",
    "utente", "utente windows", "windows", "windows user", "workgroup",
})  # fmt: skip
_SHORTEST = 4

_SID = re.compile(r"S-1-(?:5-21|12-1)(?:-\d+)+")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_MAC = re.compile(r"(?<![0-9A-Fa-f])(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}(?![0-9A-Fa-f])")
_IPV4 = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")
_IPV6 = re.compile(r"(?<![0-9A-Fa-f:.])[0-9A-Fa-f]*(?::[0-9A-Fa-f]*){2,7}(?![0-9A-Fa-f:.])")
_FOLDER = re.compile(r"(\\(?:Users|Documents and Settings)\\)([^\\/:*?\"<>|]+)", re.IGNORECASE)
_VOLUME = re.compile(r"(?<=Volume)\{[0-9A-Fa-f-]{36}\}")
_DEVICE = re.compile(r"((?:USB|USBSTOR|SWD\\WPDBUSENUM)\\.*\\)(?=[^\\&]*\d)([^\\&_]{8,})(.*)")
_BLUETOOTH = re.compile(r"(?<=[&_])[0-9A-Fa-f]{12}(?=[_&]|$)")
_OTHERS = frozenset({"all users", "default", "default user", "public"})


class Redactor:
    """Replaces what is personal, always by the same.

    Args:
        name: The machine's new name.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._known: dict[tuple[str, str], str] = {}
        self._words: dict[str, str] = {}
        self._makers: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    @property
    def secrets(self) -> list[str]:
        """Return what was replaced and may stand nowhere: lower case, long enough to be sure."""
        values = {value for _, value in self._known} | set(self._words)
        return sorted(value for value in values - self._makers if len(value) > _SHORTEST)

    def learn(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Note the names in columns and folders, so that they are found in other texts too."""
        table = list(rows)
        self._makers |= {
            word
            for row in table
            for column, value in row.items()
            if column.lower() in _MAKERS
            for word in re.split(r"[^\w]+", str(value).lower())
        }
        for row in table:
            for column, value in row.items():
                for text in _texts(value):
                    self._learn(column.lower(), text)
        words = sorted(self._words, key=lambda word: (-len(word), word))
        if words:
            inside = "|".join(re.escape(word) for word in words)
            self._pattern = re.compile(rf"(?<!\w)(?:{inside})(?!\w)", re.IGNORECASE)

    def value(self, column: str, value: Any) -> Any:
        """Return a value as it may be shown.

        Args:
            column: Column of a class, name of a registry value, or field of an event.
            value: Anything that JSON holds.
        """
        if isinstance(value, list):
            return [self.value(column, item) for item in value]
        if isinstance(value, Mapping):
            return {key: self.value(key, item) for key, item in value.items()}
        low = column.lower()
        if isinstance(value, bool) or value is None or str(value).strip().lower() in _NOBODY:
            return value
        if low in _SERIALS:
            return self._serial(value)
        if not isinstance(value, str):
            return value
        whole = next((make for names, make in self._columns() if low in names), None)
        if whole:
            return whole(value)
        return self.text(value, version="version" in low, product=low in _PRODUCTS)

    def text(self, text: str, *, version: bool = False, product: bool = False) -> str:
        """Return a text without names, addresses, numbers of people and devices.

        Args:
            text: Any text.
            version: Whether it is a version, which may look like an address.
            product: Whether it names a product, with its version perhaps.
        """
        text = _SID.sub(lambda found: self.sid(found[0]), text)
        text = _MAIL.sub(lambda found: self._mail(found[0]), text)
        text = _MAC.sub(lambda found: self._mac(found[0]), text)
        if not version:
            text = _IPV4.sub(lambda found: self._address(found[0], product=product), text)
        text = _IPV6.sub(lambda found: self._address(found[0]), text)
        text = _FOLDER.sub(lambda found: found[1] + self._profile(found[2]), text)
        text = _VOLUME.sub(lambda found: f"{{{self._guid(found[0])}}}", text)
        if text.upper().startswith("BTH"):
            text = _BLUETOOTH.sub(lambda found: str(self._serial(found[0])), text)
        device = _DEVICE.fullmatch(text)
        if device:
            text = f"{device[1]}{self._serial(device[2])}{device[3]}"
        if self._pattern:
            text = self._pattern.sub(lambda found: self._words[found[0].lower()], text)
        return text

    def person(self, number: int) -> str:
        """Return the name of the n-th person, from 1, of whom only the profile is known."""
        return f"person-{self._hex('person', 4)}-{number}"

    def sid(self, sid: str) -> str:
        """Return another SID of the same shape; what Windows has on every PC stays."""
        head, _, relative = sid.rpartition("-")
        if sid.startswith("S-1-12-1"):
            numbers = self._numbered("sid", sid, lambda key: self._numbers(key, 4))
            return f"S-1-12-1-{numbers}"
        made = self._numbered("sid", head, lambda key: self._numbers(key, 3))
        return f"S-1-5-21-{made}-{relative}"

    def authority(self) -> str:
        """Return what the SIDs of the PC's own accounts begin with."""
        return f"S-1-5-21-{self._numbers('own', 3)}"

    def _columns(self) -> Iterable[tuple[frozenset[str], Callable[[str], str]]]:
        return (
            (_UUIDS, self._guid),
            (_PERSONS, self._whole_person),
            (_COMPUTERS, lambda _: computer_name(self._name)),
            (_NETWORKS, lambda value: self._numbered("net", value, lambda key: f"net-{key[-1]}")),
            (_KEYS, lambda _: "XXXXX"),
        )

    def _learn(self, column: str, text: str) -> None:
        for found in _FOLDER.finditer(text):
            self._word(found[2], self._profile(found[2]))
        if text.strip().lower() in _NOBODY:
            return
        if column in _PERSONS:
            host, _, person = text.rpartition("\\")
            self._word(host, computer_name(self._name))
            self._word(person, self._profile(person))
        elif column in _COMPUTERS:
            self._word(text, computer_name(self._name))
        elif column in _SERIALS | _UUIDS:
            self._word(text, str(self.value(column, text)))
        for found in _SID.finditer(text):
            self.sid(found[0])

    def _word(self, word: str, pseudonym: str) -> None:
        low = word.strip().lower()
        # A PC whose user is called Lenovo is still a Lenovo.
        if len(low) >= _SHORTEST and low not in _NOBODY | _OTHERS | self._makers:
            self._words[low] = pseudonym

    def _whole_person(self, value: str) -> str:
        host, sign, person = value.rpartition("\\")
        return (computer_name(self._name) + sign if host else "") + self._profile(person)

    def _profile(self, folder: str) -> str:
        if folder.lower() in _OTHERS:
            return folder
        return self._numbered(
            "person", folder, lambda key: self.person(int(key.rpartition("/")[2]))
        )

    def _serial(self, value: Any) -> Any:
        if isinstance(value, int):
            return self._numbered_int(value)
        if re.fullmatch(r"\{?[0-9a-fA-F-]{36}\}?", value):
            return self._guid(value)
        return self._numbered("serial", value, lambda key: f"SN{self._hex(key, 10).upper()}")

    def _numbered_int(self, value: int) -> int:
        made = self._numbered("number", str(value), lambda key: self._numbers(key, 1))
        return int(made)

    def _guid(self, value: str) -> str:
        return self._numbered("guid", value, lambda key: str(UUID(self._hex(key, 32), version=4)))

    def _mail(self, value: str) -> str:
        return self._numbered("mail", value, lambda key: f"{key.replace('/', '-')}@example.com")

    def _mac(self, value: str) -> str:
        def make(key: str) -> str:
            return "-".join(("02", *re.findall("..", self._hex(key, 10).upper())))

        return self._numbered("mac", value, make)

    def _address(self, value: str, *, product: bool = False) -> str:
        try:
            address = ipaddress.ip_address(value)
        except ValueError:
            return value
        known = address.is_loopback or address.is_unspecified
        if known or not value.strip(":") or (product and address.is_global):
            return value
        block = "192.0.2.{}" if address.version == 4 else "2001:db8::{:x}"  # noqa: PLR2004 - IPv4
        return self._numbered(
            "address", value, lambda key: block.format(int(key.split("/")[1]) % 255)
        )

    def _numbered(self, kind: str, value: str, make: Callable[[str], str]) -> str:
        """Return a value's pseudonym, made from its kind and its number among that kind."""
        if value in self._known.values():
            return value  # it is a pseudonym already
        key = (kind, value.strip().lower())
        if key not in self._known:
            number = 1 + sum(known == kind for known, _ in self._known)
            self._known[key] = make(f"{kind}/{number}")
        return self._known[key]

    def _hex(self, key: str, digits: int) -> str:
        return sha256(f"{self._name}/{key}".encode()).hexdigest()[:digits]

    def _numbers(self, key: str, count: int) -> str:
        drawn = (int(self._hex(f"{key}/{index}", 12), 16) for index in range(count))
        return "-".join(str(10**9 + number % (3 * 10**9)) for number in drawn)


def computer_name(name: str) -> str:
    """Return what Windows calls a machine of such a name: at most 15 characters."""
    return name.upper()[:15].rstrip("-")


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
