"""What a person's ownCloud client leaves in the profile: settings, a journal, a log of its runs."""

from __future__ import annotations

import ntpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zlib import crc32

from winsim.model.files import File
from winsim.moments import resolve, utc_text

_ANY = datetime(2026, 1, 1, tzinfo=UTC)
_RUN_SECONDS = 9
_ROUND_SECONDS = 7200  # it looks at everything again at least every two hours
_FAILED_ROUNDS = 3
_HEAD = (
    "# timestamp | duration | file | instruction | dir | modtime | etag | size | fileId | status | "
    "errorString | http result code | other size | other modtime | X-Request-ID"
)


@dataclass(frozen=True)
class OwnCloud:
    """How a person's client stands.

    Attributes:
        account: Whether the person ever signed in.
        folder: What is kept in step: below the profile, or anywhere where it names a drive.
        ran: When its last run was over, or began when it never ended.
        ended: Whether that run ended.
        copied: When a run last got as far as copying; None for the last one.
        paused: Whether the person paused the folder.
        mode: What the PC holds: `off` documents, `wincfapi` or `suffix` placeholders.
        since: When its settings were last written.
    """

    account: bool = True
    folder: str = "ownCloud"
    ran: Any = "now - 20m"
    ended: bool = True
    copied: Any = None
    paused: bool = False
    mode: str = "off"
    since: Any = "now - 120d"

    def files(self, home: str, there: Iterable[str]) -> list[File]:
        """Return what the client leaves on the PC.

        Args:
            home: The profile's folder.
            there: The files on the PC: the log names the documents among them.
        """
        inside = rf"{home}\Documents" + "\\"
        documents = [path[len(inside) :] for path in there if path.startswith(inside)]
        settings = rf"{home}\AppData\Roaming\ownCloud\owncloud.cfg"
        root = self.folder if ":" in self.folder else rf"{home}\{self.folder}"
        lines = ["[General]", "clientVersion=6.0.3.18040", "confirmExternalStorage=true"]
        if not self.account:
            return [File(settings, modified=self.since, lines=lines)]
        place = root.replace("\\", "/")
        return [
            File(settings, modified=self.since, lines=[*lines, *self._account(home, place)]),
            File(rf"{root}\.sync_journal.db", size=2310144, modified=self.ran),
            File(
                rf"{root}\.owncloudsync.log",
                modified=self.ran,
                lines=[f"Log for:{place}/", _HEAD, *self._runs(documents)],
            ),
        ]

    def _account(self, home: str, place: str) -> Iterator[str]:
        user = ntpath.basename(home)
        folder = rf"0\Folders\{crc32(home.encode()):08x}-7b1f-4c05-9d2e-5f0c3a1b8e64"
        yield ""
        yield "[Accounts]"
        yield rf"{folder}\davUrl=@Variant(\0\0\0\x11\0\0\0\x31https://cloud.studio-rovere.example)"
        yield rf"{folder}\ignoreHiddenFiles=false"
        yield rf"{folder}\journalPath=.sync_journal.db"
        yield rf"{folder}\localPath={place}/"
        yield rf"{folder}\paused={str(self.paused).lower()}"
        yield rf"{folder}\targetPath=/"
        yield rf"{folder}\virtualFilesMode={self.mode}"
        yield rf"0\dav_user={user}"
        yield rf"0\display-name={user}"
        yield r"0\url=https://cloud.studio-rovere.example"
        yield "version=2"

    def _runs(self, documents: Sequence[str]) -> Iterator[str]:
        copied = self.copied or self.ran
        if self.copied:
            yield from _run(copied, documents)
            for left in range(_FAILED_ROUNDS, 0, -1):
                yield from _run(_before(self.ran, left * _ROUND_SECONDS), documents, copies=False)
        else:
            yield from _run(_before(copied, _ROUND_SECONDS), documents)
        yield from _run(self.ran, documents, copies=not self.copied, ends=self.ended)


def _run(
    at: Any, documents: Sequence[str], *, copies: bool = True, ends: bool = True
) -> Iterator[str]:
    """Yield the lines of a run that was over at a moment, or began then when it never ended."""
    began = _before(at, _RUN_SECONDS) if ends else at
    yield f"#=#=#=# Syncrun started {_shown(began)}"
    if copies:
        yield (
            f"#=#=#=#=# Propagation starts {_shown(began)} (last step: 212 msec , total: 214 msec)"
        )
        for name in documents:
            yield f"{_shown(began)}|{name}|INST_NEW|Up||1790000000|4f1d|20480|0112|1||201|0|0|7c1e|"
    if ends:
        yield (
            f"#=#=#=# Syncrun finished {_shown(at)} "
            f"(last step: {_RUN_SECONDS}000 msec , total: {_RUN_SECONDS}214 msec)"
        )


def _before(moment: Any, seconds: int) -> Any:
    """Return a moment so much earlier; one that follows the clock goes on to follow it."""
    if isinstance(moment, str) and moment.startswith("now"):
        span = int((_ANY - resolve(moment, _ANY)).total_seconds()) + seconds
        return f"now {'-' if span >= 0 else '+'} {abs(span)}s"
    return resolve(moment, _ANY) - timedelta(seconds=seconds)


def _shown(moment: Any) -> str:
    """Return a moment as it stands in a line: in braces where it follows the clock."""
    if isinstance(moment, str) and moment.startswith("now"):
        return f"{{{moment}}}"
    return utc_text(resolve(moment, _ANY))
