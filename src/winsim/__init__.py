"""Simulated Windows PCs that real Ansible manages over real WinRM."""
