"""The wire: sockets, TLS, authentication, sealing, SOAP, shells, and what Ansible sends in them."""
