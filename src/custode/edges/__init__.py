"""The edges: each module here touches one part of the world (files, git, Ansible)."""
