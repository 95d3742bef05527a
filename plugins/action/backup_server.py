"""Ask the backup's server how the people of a PC stand there."""

from __future__ import annotations

from custode.flows.backup_actions import BackupServerAction


class ActionModule(BackupServerAction):
    """The door; the work is in `custode.flows.backup_actions`."""
