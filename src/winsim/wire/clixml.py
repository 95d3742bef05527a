"""The errors of a PowerShell process: XML on its standard error, as Windows PowerShell writes it."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, unescape

_HEAD = "#< CLIXML"
_NAMESPACE = "http://schemas.microsoft.com/powershell/2004/04"
_ERROR = re.compile(r'<S S="Error">(.*?)</S>', re.DOTALL)
_CODED = re.compile("_x([0-9A-Fa-f]{4})_")


def of_errors(text: str) -> bytes:
    """Return what stands on standard error for these words; nothing for no words."""
    if not text:
        return b""
    lines = "".join(f'<S S="Error">{escape(line)}_x000D__x000A_</S>' for line in text.splitlines())
    return f'{_HEAD}\r\n<Objs Version="1.1.0.1" xmlns="{_NAMESPACE}">{lines}</Objs>'.encode()


def errors(stderr: bytes) -> str:
    """Return the words in what a process left on standard error."""
    text = stderr.decode(errors="replace")
    if not text.startswith(_HEAD):
        return text
    words = "".join(unescape(found) for found in _ERROR.findall(text))
    return _CODED.sub(lambda found: chr(int(found[1], 16)), words).strip()
