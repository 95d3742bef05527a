"""The WinRM service of one PC: what each operation does, within the service's limits."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from winsim.host import Host
from winsim.model.winrm import settings_shown
from winsim.wire import refusals, replies
from winsim.wire.psrp import PsrpError, RunspacePool
from winsim.wire.refusals import Fault
from winsim.wire.replies import About, Output, Reply, room
from winsim.wire.shells import Command, Finished, Invocation, Shell, Shells, account_of
from winsim.wire.soap import CONFIG, POWERSHELL, Request

Runner = Callable[[Invocation, Shell], Awaitable[Finished]]
# A PowerShell process with Ansible's code in it needs about as much.
_PROCESS_MB = 64
_NO_ROOM = Finished(b"", b"", 0xC0000142)


@dataclass(frozen=True)
class Caller:
    """Who asks, from where, and at which address of the PC."""

    user: str
    client: str
    address: str


class RefusedError(Exception):
    """Windows refuses; `fault` says how."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.reason)
        self.fault = fault


class Service:
    """The service.

    Args:
        host: The PC.
        run: Runs a command in a shell.
    """

    def __init__(self, host: Host, run: Runner) -> None:
        self._host = host
        self._run = run
        self.shells = Shells(host.name)
        self._operations = {
            "Create": self._create,
            "Command": self._command,
            "Send": self._send,
            "Receive": self._receive,
            "Signal": self._signal,
            "Delete": self._delete,
            "Get": self._get,
        }

    async def serve(self, request: Request, caller: Caller) -> tuple[Reply, Callable[[], None]]:
        """Answer one request.

        Returns:
            The reply, and what is to be called once the client has it: output is forgotten only
            then, so that it comes again when a reply was lost.
        """
        self.shells.reap(self._host.clock.now())
        fault = refusals.judged(request)
        operation = self._operations.get(request.operation)
        if fault is None and operation is None:
            fault = refusals.ACTION_NOT_SUPPORTED
        if fault is not None or operation is None:
            return self.refuse(request, fault or refusals.ACTION_NOT_SUPPORTED, caller), _nothing
        try:
            return await operation(request, caller)
        except RefusedError as error:
            return self.refuse(request, error.fault, caller), _nothing
        except PsrpError as error:
            return self.refuse(request, refusals.not_valid(str(error)), caller), _nothing

    def refuse(self, request: Request, fault: Fault, caller: Caller) -> Reply:
        """Return the reply that tells a fault."""
        return replies.refused(request, fault, machine=caller.address)

    def command_of(self, request: Request) -> Command | None:
        """Return the command that a request speaks of, or None."""
        shell = self.shells.find(request.shell_id)
        return shell.commands.get(request.command_id) if shell else None

    async def _create(self, request: Request, caller: Caller) -> tuple[Reply, Callable[[], None]]:
        host, now = self._host, self._host.clock.now()
        quotas, owner = host.winrm.quotas, account_of(caller.user)
        account = host.people.find_logon(owner)
        if account is None or not host.people.is_administrator(account.sid):
            raise RefusedError(refusals.DENIED)
        powershell = request.resource.startswith(POWERSHELL)
        shells = quotas.powershell_shells_per_user if powershell else quotas.shells_per_user
        if self.shells.count(owner, powershell=powershell) >= shells:
            raise RefusedError(refusals.too_many_shells(shells))
        users = quotas.powershell_users if powershell else quotas.users
        if len(self.shells.owners(powershell=powershell) | {owner}) > users:
            raise RefusedError(refusals.too_many_users(users))
        host.welcome(account.sid)
        idle = quotas.idle_seconds
        if request.idle_seconds is not None:
            idle = min(int(request.idle_seconds), idle)
        pool = RunspacePool(host.powershell_version, request.fragments) if powershell else None
        shell = self.shells.add(
            caller.user,
            resource=request.resource,
            client=caller.client,
            now=now,
            idle_limit=timedelta(seconds=idle),
            environment=request.environment,
            directory=request.directory,
        )
        shell.pool = pool
        return replies.created(request, self._about(shell, caller)), _nothing

    async def _command(self, request: Request, caller: Caller) -> tuple[Reply, Callable[[], None]]:
        del caller
        shell, quotas = self._shell(request), self._host.winrm.quotas
        if self.shells.operations(shell.owner) >= quotas.operations_per_user:
            raise RefusedError(refusals.too_many_operations(quotas.operations_per_user))
        running = sum(command.runs for command in shell.commands.values())
        if running >= quotas.processes_per_shell and not shell.powershell:
            raise RefusedError(refusals.TOO_MANY_PROCESSES)
        waits = request.options.get("WINRS_CONSOLEMODE_STDIN", "TRUE").upper() == "FALSE"
        command = Command(
            request.command_id or self.shells.new_id(),
            request.command_line,
            takes_input=waits or shell.powershell,
        )
        if shell.pool is not None:
            shell.pool.begin(command.id, request.fragments)
        shell.commands[command.id] = command
        shell.operations += 1
        self._run_when_ready(shell, command, ends=not command.takes_input)
        return replies.command_started(request, command.id), _nothing

    async def _send(self, request: Request, caller: Caller) -> tuple[Reply, Callable[[], None]]:
        del caller
        shell = self._shell(request)
        if shell.pool is not None and not request.command_id:
            shell.pool.feed(request.stdin)
            return replies.sent(request), _nothing
        command = self._known(shell, request)
        if shell.pool is not None:
            shell.pool.feed(request.stdin, command.id)
        else:
            command.stdin += request.stdin
        self._run_when_ready(shell, command, ends=request.stdin_ends)
        return replies.sent(request), _nothing

    async def _receive(self, request: Request, caller: Caller) -> tuple[Reply, Callable[[], None]]:
        del caller
        shell = self._shell(request)
        if shell.pool is not None and not request.command_id:
            unread = shell.pool.unread()
            if not unread:
                await self._wait(request, None)
            return self._told(request, "", deque(("stdout", data) for data in unread), unread)
        command = self._known(shell, request)
        if command.unread is None:
            finished = await self._wait(request, command.work)
            command.unread = self._streams(shell, command, finished, room(request.envelope_bytes))
        return self._told(request, command.id, command.unread, command.unread)

    async def _signal(self, request: Request, caller: Caller) -> tuple[Reply, Callable[[], None]]:
        del caller
        shell = self._shell(request)
        self._known(shell, request).stop()
        del shell.commands[request.command_id]
        if shell.pool is not None:
            # MS-WSMV note 118: of a text shell, the count goes down only with the shell.
            shell.operations -= 1
            shell.pool.stop(request.command_id)
        return replies.signalled(request), _nothing

    async def _delete(self, request: Request, caller: Caller) -> tuple[Reply, Callable[[], None]]:
        del caller
        self.shells.remove(self._shell(request).id)
        return replies.deleted(request), _nothing

    async def _get(self, request: Request, caller: Caller) -> tuple[Reply, Callable[[], None]]:
        if request.resource == CONFIG:
            return replies.got_config(request, settings_shown(self._host.winrm)), _nothing
        return replies.got_shell(request, self._about(self._shell(request), caller)), _nothing

    def _shell(self, request: Request) -> Shell:
        shell = self.shells.find(request.shell_id)
        if shell is None:
            raise RefusedError(refusals.UNKNOWN_SHELL)
        shell.used = self._host.clock.now()
        return shell

    def _known(self, shell: Shell, request: Request) -> Command:
        command = shell.commands.get(request.command_id)
        if command is None:
            raise RefusedError(refusals.UNKNOWN_COMMAND)
        return command

    def _run_when_ready(self, shell: Shell, command: Command, *, ends: bool) -> None:
        """Let a command run once its input is complete; without the end of it, it waits for ever."""
        if command.work is not None:
            return
        if shell.pool is not None:
            if not shell.pool.ready(command.id):
                return
            invocation = Invocation(*shell.pool.work_of(command.id))
            command.line = invocation.line
        elif ends:
            invocation = Invocation(command.line, bytes(command.stdin))
            command.stdin.clear()  # it holds secrets in clear
        else:
            return
        if self._host.winrm.quotas.memory_mb_per_shell < _PROCESS_MB:
            command.work = asyncio.ensure_future(_at_once(_NO_ROOM))
        else:
            command.work = asyncio.ensure_future(self._run(invocation, shell))

    async def _wait(self, request: Request, work: asyncio.Task[Finished] | None) -> Finished:
        """Return what a command left.

        Raises:
            RefusedError: It is still at work when the operation's time is over.
        """
        limit = min(request.timeout_seconds, self._host.winrm.quotas.timeout_seconds)
        if work is None:
            await asyncio.sleep(limit)
            raise RefusedError(refusals.TIMED_OUT)
        done, _ = await asyncio.wait({work}, timeout=limit)
        if not done:
            raise RefusedError(refusals.TIMED_OUT)
        if work.cancelled():
            raise RefusedError(refusals.INTERRUPTED)
        return work.result()

    def _streams(
        self, shell: Shell, command: Command, finished: Finished, piece: int
    ) -> deque[tuple[str, bytes]]:
        """Return what a command left in pieces of which each fits into one reply."""
        if shell.pool is not None:
            shell.pool.finish(
                command.id, finished.stdout, finished.stderr, finished.exit_code, piece=piece
            )
            return deque(("stdout", data) for data in shell.pool.unread(command.id))
        return deque(
            (name, data[start : start + piece])
            for name, data in (("stdout", finished.stdout), ("stderr", finished.stderr))
            for start in range(0, len(data), piece)
        )

    def _told(
        self,
        request: Request,
        command_id: str,
        streams: deque[tuple[str, bytes]],
        unread: deque[tuple[str, bytes]] | deque[bytes],
    ) -> tuple[Reply, Callable[[], None]]:
        """Return as much output as fits into one envelope, and what forgets it."""
        taken = _fitting(streams, room(request.envelope_bytes))
        shell = self.shells.find(request.shell_id)
        command = shell.commands.get(command_id) if shell else None
        code = None
        ends: Sequence[str] = ()
        if command is not None and command.work is not None and len(taken) == len(streams):
            in_pool = shell is not None and shell.pool is not None
            # A pipeline's code is in its own messages; the envelope says 0.
            code = 0 if in_pool else command.work.result().exit_code
            ends = () if in_pool else ("stdout", "stderr")

        def forget() -> None:
            for _ in taken:
                unread.popleft()

        return replies.received(request, Output(command_id, taken, code, ends)), forget

    def _about(self, shell: Shell, caller: Caller) -> About:
        now = self._host.clock.now()
        return About(
            shell_id=shell.id,
            resource=shell.resource,
            owner=shell.shown_owner,
            client=shell.client,
            address=f"http://{caller.address}:5985/wsman",
            idle_limit=shell.idle_limit.total_seconds(),
            process_id=shell.process_id,
            run_seconds=(now - shell.created).total_seconds(),
            idle_seconds=(now - shell.used).total_seconds(),
            environment=shell.environment,
            directory=shell.directory,
            children=sum(command.runs for command in shell.commands.values()),
        )


def _fitting(streams: Sequence[tuple[str, bytes]], limit: int) -> list[tuple[str, bytes]]:
    """Return as many pieces as fit; the first one always, for a fragment cannot be cut."""
    taken: list[tuple[str, bytes]] = []
    size = 0
    for name, data in streams:
        size += len(data)
        if taken and size > limit:
            break
        taken.append((name, data))
    return taken


async def _at_once(finished: Finished) -> Finished:
    return finished


def _nothing() -> None:
    """Forget nothing: the reply carried no output."""
