"""E-mail addresses: what is one, which slips of the pen can be undone, which domains are likely mistyped.

Syntax is email-validator's, in its strict mode and without any look-up in the network. The domain goes to
lower case; the part before the ``@`` keeps its case, which is its host's to judge (RFC 5321, 2.4).
"""

import re
from functools import lru_cache
from typing import NamedTuple

from disposable_email_domains import blocklist
from email_validator import EmailNotValidError, validate_email

from asyncclean.workflows.email_domains import likely_meant
from asyncclean.workflows.verdicts import Finding

EXTRAS = ("suggestion", "disposable")
"""``suggestion``: the address that was probably meant, or None; ``disposable``: a throw-away mailbox."""

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~À-ÖØ-öø-ɏ-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
"""Dot-atoms of ASCII and of Latin letters; others are left to the library (Greek, emoji, combining marks)."""

_MOST_LOCAL, _MOST = 64, 254  # RFC 5321, 4.5.3.1.1; RFC 3696, erratum 1690

_MAILTO = re.compile(r"(?i)\s*mailto:\s*([^?]*)(?:\?.*)?")
_BRACKETED = re.compile(r"[^<>]*<\s*([^<>]*?)\s*>[^<>]*")
_AT = re.compile(r"(?i)\s*[(\[{]\s*at\s*[)\]}]\s*")
_DOT = re.compile(r"(?i)\s*[(\[{]\s*dot\s*[)\]}]\s*")
_BETWEEN = re.compile(r"\s*[;,/|]\s*|\s+")
_SPACED = re.compile(r"\s*([@.])\s*")
_QUOTES = {'"': '"', "'": "'", "(": ")", "[": "]", "<": ">"}


class _Domain(NamedTuple):
    name: str
    ascii_length: int
    meant: str | None
    disposable: bool


@lru_cache(maxsize=50_000)
def _domain(domain: str) -> _Domain | None:
    """What is known of a domain, or None when mail cannot go there."""
    try:
        checked = validate_email("a@" + domain, check_deliverability=False, strict=True)
    except EmailNotValidError:
        return None
    name = domain.lower() if domain.isascii() else checked.domain
    labels = checked.ascii_domain.split(".")
    disposable = any(".".join(labels[first:]) in blocklist for first in range(len(labels) - 1))
    return _Domain(name, len(checked.ascii_domain), likely_meant(name), disposable)


def check(address: str) -> Finding:
    """The address as it stands, with its domain in lower case; no value when it is not an address."""
    local, at, domain = address.rpartition("@")
    if not at or not local:
        return Finding(None)
    facts = _domain(domain)
    if facts is None:
        return Finding(None)
    if not _LOCAL.fullmatch(local):
        try:
            local = validate_email(address, check_deliverability=False, strict=True).local_part
        except EmailNotValidError:
            return Finding(None)
    longest = max(facts.ascii_length, len(domain.encode()))
    if len(local) > _MOST_LOCAL or len(local.encode()) + 1 + longest > _MOST:
        return Finding(None)
    meant = f"{local}@{facts.meant}" if facts.meant else None
    value = f"{local}@{facts.name}"
    return Finding(value, "" if value == address else "domain in lower case", (meant, facts.disposable))


def _mend(text: str) -> tuple[str, list[str]]:
    """The address that somebody tried to write, and what had to be done to it."""
    changes = []
    mended = text
    if mailto := _MAILTO.fullmatch(mended):
        mended = mailto[1].strip()
        changes.append("mailto: removed")
    if "<" in mended and (bracketed := _BRACKETED.fullmatch(mended)):
        mended = bracketed[1]
        changes.append("taken out of <>")
    if "@" not in mended and _AT.search(mended):
        mended = _DOT.sub(".", _AT.sub("@", mended))
        changes.append("(at) written as @")
    # Ends before the list of addresses: "a@b.example; " is one address.
    trimmed = mended.strip(" ;,:")
    trimmed = trimmed.rstrip(".")
    while len(trimmed) > 2 and _QUOTES.get(trimmed[0]) == trimmed[-1]:
        trimmed = trimmed[1:-1].strip()
    if trimmed != mended:
        mended = trimmed
        changes.append("punctuation around it removed")
    closed = _SPACED.sub(r"\1", mended)
    parts = [part for part in _BETWEEN.split(closed) if part]
    if len(parts) > 1 and all(part.count("@") == 1 for part in parts):
        mended = parts[0]
        changes.append(f"first of {len(parts)} addresses, left out {' '.join(parts[1:])}")
    elif closed != mended:
        mended = closed
        changes.append("spaces in it removed")
    local, at, domain = mended.rpartition("@")
    if at and "," in domain:
        mended = f"{local}@{domain.replace(',', '.')}"
        changes.append("comma for dot")
    return mended, changes


def examine(text: str, country: str = "") -> Finding:
    """An address, mended if need be. Extras as in `EXTRAS`."""
    finding = check(text)
    if finding.value is not None:
        return finding
    mended, changes = text.replace(",", "."), ["comma for dot"]
    if mended == text or "," in text.partition("@")[0] or check(mended).value is None:
        mended, changes = _mend(text)
        if not changes:
            return finding
    finding = check(mended)
    if finding.value is None:
        return finding
    if finding.change:
        changes.append(finding.change)
    return finding._replace(change=", ".join(changes))
