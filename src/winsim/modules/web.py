"""`win_get_url`, and the options of every module that asks the web for something."""

from __future__ import annotations

import ntpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote, urlsplit

from winsim.installers import build_installer
from winsim.model.files import File, FileSystem
from winsim.modules.call import Call, Model, ModuleFailure, Option, Result
from winsim.moments import resolve

WEB: Mapping[str, Option] = {
    name: Option("raw", modelled=False)
    for name in (
        "client_cert", "client_cert_password", "follow_redirects", "force_basic_auth", "headers",
        "http_agent", "maximum_redirection", "proxy_password", "proxy_url",
        "proxy_use_default_credential", "proxy_username", "url_method", "url_password",
        "url_timeout", "url_username", "use_default_credential", "use_proxy", "validate_certs",
    )
}  # fmt: skip
_SCRATCH = r"C:\download"
_REFUSED = 300  # the first status that is no success
_NO_FOLDER = (
    "or is not visible to the current user. Ensure download destination folder exists "
    "(perhaps using win_file state=directory) before win_get_url runs."
)


@dataclass
class _Work:
    """One download: what is asked for, and what the module will tell."""

    call: Call
    url: str
    result: Result

    def failure(self, message: str) -> ModuleFailure:
        return ModuleFailure(message, **self.result)

    def ask(self, url: str, before: str) -> File:
        """Return what is at an address; `before` is what the module says before .NET's words."""
        host, parts = self.call.host, urlsplit(url)
        if parts.scheme not in {"http", "https"}:
            raise self.failure(f"winsim does not model downloads from {parts.scheme}: addresses")
        found = host.downloads.get(url)
        if found is None:
            words = f"The remote name could not be resolved: '{parts.hostname}'"
            raise self.failure(f"{before} {words}")
        told = {"elapsed": float(found.seconds), "status_code": found.status, "msg": found.reason}
        self.result.update(told)
        if found.status >= _REFUSED:
            words = f"The remote server returned an error: ({found.status}) {found.reason}."
            raise self.failure(f"{before} {words}")
        data = None if found.data is None else found.data.encode()
        if found.spec:
            data = build_installer(host.specs[found.spec])
        size = found.size if data is None else len(data)
        return File(_SCRATCH, size=size, modified=found.modified, data=data)

    def digest(self, file: File | None) -> str | None:
        if file is None:
            return None
        scratch = FileSystem(self.call.host.clock)
        scratch.add(replace(file, path=_SCRATCH))
        return scratch.digest(_SCRATCH, self.call.params["checksum_algorithm"])


def win_get_url(call: Call) -> Result:
    """Download a file, unless the one that is there will do."""
    files, url = call.host.files, str(call.params["url"])
    work = _Work(call, url, {"elapsed": 0.0, "url": url})
    dest = work.result["dest"] = _destination(work)
    wanted, there = _wanted(work), files.get(dest)
    had = work.digest(there)
    right = had is not None and had == wanted
    # Another checksum than the wanted one overrules `force: false`.
    force = call.params["force"] or (there is not None and wanted is not None and not right)
    if force or there is None or (not right and _newer(work, there)):
        _download(work, dest, wanted=wanted, there=there)
    kept = files.get(dest)
    if kept is not None:
        work.result |= {"checksum_dest": work.digest(kept), "size": kept.size}
    return work.result


def _destination(work: _Work) -> str:
    dest, parts = str(work.call.params["dest"]), urlsplit(work.url)
    if work.call.host.files.is_folder(dest):
        return ntpath.join(dest, _name(work.url) or str(parts.hostname))
    if not ntpath.basename(dest):
        raise work.failure(f"The destination path '{dest}' does not exist, {_NO_FOLDER}")
    return dest


def _name(url: str) -> str:
    return unquote(urlsplit(url).path).rpartition("/")[2]


def _wanted(work: _Work) -> str | None:
    """Return the checksum that the file must have: as given, or as a list at an address has it."""
    given, listed = work.call.params["checksum"], work.call.params["checksum_url"]
    if not listed:
        return str(given).strip().lower() if given else None
    listed = str(listed).strip()
    file = work.ask(listed, f"Error when getting the remote checksum from '{listed}'.")
    name = re.escape(_name(work.url))
    for line in (file.data or b"").decode(errors="replace").splitlines():
        if re.search(rf"\s+\.?/?\\?{name}\s*$", line, re.IGNORECASE):
            return re.sub(r"\W+", "", line.split(" ", 1)[0]).lower()
    raise work.failure(
        f"Checksum record not found for file name '{name}' in file from url: '{listed}'"
    )


def _newer(work: _Work, there: File) -> bool:
    """Tell whether the file was changed at its address since it was written here."""
    now = work.call.host.clock.now()
    before = f"Error when requesting 'Last-Modified' date from '{work.url}'."
    return resolve(work.ask(work.url, before).modified, now) > resolve(there.modified, now)


def _download(work: _Work, dest: str, *, wanted: str | None, there: File | None) -> None:
    host, folder = work.call.host, ntpath.dirname(dest)
    if not host.files.is_folder(folder):
        raise work.failure(
            f"The path '{folder}' does not exist for destination '{dest}', {_NO_FOLDER}"
        )
    before = f"Error downloading '{work.url}' to '{dest}':"
    file = work.ask(work.url, before)
    found = work.result["checksum_src"] = work.digest(file)
    if wanted and wanted != found:
        raise work.failure(
            f"The checksum for {work.url} did not match '{wanted}', it was '{found}'"
        )
    if there is not None and found == work.digest(there):
        return
    if there is not None and there.locked:
        raise work.failure(
            f"{before} The process cannot access the file '{dest}' because it is being used by "
            "another process."
        )
    work.result["changed"] = True
    if not work.call.check:
        host.files.add(replace(file, path=dest, modified=host.clock.now()))


_TAKEN: Mapping[str, Any] = {
    "url_method": Option(aliases=("method",), modelled=False),
    # The server answers at once; `seconds` is how long the file takes to come.
    "url_timeout": Option("int", default=30, aliases=("timeout",)),
}
WIN_GET_URL = Model(
    win_get_url,
    {
        **WEB,
        **_TAKEN,
        "checksum": Option(),
        "checksum_algorithm": Option(
            default="sha1", choices=("md5", "sha1", "sha256", "sha384", "sha512")
        ),
        "checksum_url": Option(),
        "dest": Option("path", required=True),
        "force": Option("bool", default=True),
        "url": Option(required=True),
    },
    exclusive=[("checksum", "checksum_url")],
)
