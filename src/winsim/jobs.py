"""Tasks that Ansible starts and asks for later: the files in which Windows keeps their results."""

from __future__ import annotations

import json
import ntpath
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from winsim.helpers import Outcome, expanded, failed
from winsim.host import Host
from winsim.modules.call import NeverEnds
from winsim.wire.recogniser import Job

_WATCHDOG = 5120


def begin_job(host: Host, job: Job, work: Callable[[], Outcome], *, user: str) -> Outcome:
    """Start a job and return what its task is told; the result waits in the job's file.

    A job that never ends is found at work until its time is over on the PC's clock, and timed out
    then, as the watchdog on a real PC sees to.
    """
    job_id = f"{job.id}.{_WATCHDOG - 4}"
    path = ntpath.join(expanded(job.folder, user), job_id)
    told = {
        "started": True,
        "finished": False,
        "results_file": path,
        "ansible_job_id": job_id,
        "_ansible_suppress_tmpdir_delete": True,
        "ansible_async_watchdog_pid": _WATCHDOG,
    }
    try:
        outcome = work()
    except NeverEnds:
        until = host.clock.now() + timedelta(seconds=job.seconds)
        kept: dict[str, Any] = {**told, "until": until.isoformat()}
    else:
        kept = {**told, "finished": True, **_result(outcome)}
    host.files.write(path, json.dumps(kept).encode())
    return Outcome(json.dumps(told))


def read_job(host: Host, arguments: Mapping[str, Any], *, user: str) -> Outcome:
    """Answer `async_status`: what a job left, whether it still runs, or that it is not there."""
    job_id = str(arguments.get("jid", ""))
    folder = str(arguments.get("_async_dir") or r"%USERPROFILE%\.ansible_async")
    path = ntpath.join(expanded(folder, user), job_id)
    if not host.files.exists(path):
        gone = {"ansible_job_id": job_id, "started": 1, "finished": 1, "failed": True}
        message = f"could not find job at '{ntpath.dirname(path)}'"
        return Outcome(json.dumps({**gone, "changed": False, "msg": message}), exit_code=1)
    if arguments.get("mode") == "cleanup":
        host.files.remove(path)
        return Outcome(json.dumps({"changed": False, "ansible_job_id": job_id, "erased": path}))
    kept: dict[str, Any] = json.loads(host.files.read(path))
    until = kept.pop("until", None)
    if until is not None and host.clock.now() >= datetime.fromisoformat(until):
        words = "failure during async watchdog: timed out waiting for module completion"
        kept |= {"finished": True, "failed": True, "msg": words}
    return Outcome(json.dumps(kept), exit_code=int(bool(kept.get("failed"))))


def _result(outcome: Outcome) -> dict[str, Any]:
    try:
        found = json.loads(outcome.stdout)
    except ValueError:
        found = json.loads(failed(f"no result: {outcome.stderr}").stdout)
    return found if isinstance(found, dict) else {"msg": found}
