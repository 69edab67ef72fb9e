"""Which mail domain was probably meant by one that looks mistyped. Knows the large providers."""

import re

from asyncclean.workflows.spellings import words

_PROVIDERS = words("""
    gmail.com googlemail.com hotmail.com hotmail.co.uk hotmail.fr hotmail.de hotmail.it hotmail.es
    outlook.com outlook.fr outlook.de outlook.es outlook.it yahoo.com yahoo.co.uk yahoo.fr yahoo.de yahoo.es
    yahoo.it yahoo.ie yahoo.ca yahoo.in yahoo.co.in yahoo.com.au ymail.com rocketmail.com icloud.com live.com
    live.co.uk live.fr live.nl live.ie msn.com aol.com aol.co.uk me.com mac.com btinternet.com
    btopenworld.com virginmedia.com virgin.net ntlworld.com blueyonder.co.uk talktalk.net tiscali.co.uk
    sky.com protonmail.com proton.me mail.com email.com gmx.com gmx.de gmx.net gmx.co.uk web.de orange.fr
    wanadoo.fr free.fr libero.it comcast.net verizon.net bellsouth.net sbcglobal.net att.net cox.net
    charter.net yandex.com yandex.ru mail.ru zoho.com fastmail.com
""")

_GUESSABLE = tuple(
    sorted(
        provider
        for provider in _PROVIDERS
        # Short names have real neighbours one letter away (mail.com, gmx.de, skye.com): never guessed at.
        if len(provider.partition(".")[0]) >= 5 and provider not in {"email.com", "ymail.com", "orange.fr"}
    )
)

_REAL_NEIGHBOURS = frozenset(
    {"email.com", "mail.com", "ymail.com", "gmail.co", "hotmail.co", "yahoo.co", "yahoo.co.jp"}
)
"""One letter from a large provider, and a mail domain of their own."""

_ENDINGS = (
    (re.compile(r"\.(?:con|cmo|ocm|vom|xom|comm|cpm|c0m|coom)$"), ".com"),
    (re.compile(r"\.(?:co\.(?:k|ku|ukk|uj|ul|yk|u|uck|ukc)|couk|co,uk|c\.uk|cou\.k|co\.u\.k)$"), ".co.uk"),
    (re.compile(r"\.(?:ogr|orgg|rog)$"), ".org"),
    (re.compile(r"\.(?:nte|ent|nett)$"), ".net"),
)
"""None of these endings is a top-level domain."""


def _one_slip_apart(one: str, other: str) -> bool:
    """Whether one insertion, deletion, replacement or swap of neighbours makes one the other."""
    if abs(len(one) - len(other)) > 1:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    one, other = one[start:], other[start:]
    return (
        one[1:] == other[1:]
        or one[1:] == other
        or one == other[1:]
        or (one[:2] == other[1::-1] and one[2:] == other[2:])
    )


def likely_meant(domain: str) -> str | None:
    """The domain that was probably meant, or None when this one is as likely as any.

    ``domain`` is in lower case. Suggested, never applied: a neighbour of a large provider can be real.
    """
    if domain in _PROVIDERS or domain in _REAL_NEIGHBOURS:
        return None
    ended = domain
    for pattern, ending in _ENDINGS:
        ended = pattern.sub(ending, ended)
    if ended in _PROVIDERS:
        return ended
    for provider in _GUESSABLE:
        if _one_slip_apart(ended, provider):
            return provider
    return ended if ended != domain else None
