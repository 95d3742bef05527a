"""The second engine: a real PowerShell runs what Ansible sends, on a PC of stand-ins."""

from winsim.engine.powershell import PowerShellEngine, find_pwsh

__all__ = ["PowerShellEngine", "find_pwsh"]
