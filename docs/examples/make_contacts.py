"""Makes contacts.csv: some thousands of invented contacts with everything wrong that contacts come with.

    python docs/examples/make_contacts.py

The same file every time. Names are drawn from lists and belong to nobody; mail domains are those reserved for
examples, but for a few mistyped and throw-away ones; landlines are those that Ofcom keeps for drama. Of the
mobiles a third are drama numbers too (07700 900xxx), which no validator takes for valid; the others surround
libphonenumber's example (07400 123456), since no valid British mobile is set apart.
"""

from pathlib import Path
from random import Random

RECORDS = 3_400
DUPLICATES = 100

HEADERS = [
    "Customer ID", "Title", "First Name", "Last Name", "Email Address", "Phone", "Mobile", "Company",
    "Address",
    "Town", "Postcode", "Country", "Date of Birth", "Notes",
]  # fmt: skip

TITLES = [
    "Mr",
    "Mrs",
    "Ms",
    "Miss",
    "Dr",
    "Mx",
    "mr",
    "MRS.",
    "ms.",
    "DR",
    "Prof.",
    "Rev",
    "Mr & Mrs",
    "",
    None,
]
FIRST = [
    "James", "Mary", "Mohammed", "Siobhán", "Jean-Luc", "Olivia", "Noah", "Amelia", "Zoë", "José",
    "Grace", "Harry",
    "Isla", "Freya", "Björn", "Arthur", "Anne-Marie", "DeShawn", "Chloé", "Priya", "Wei", "Ngozi",
    "Agnieszka",
    "Łukasz", "Seán", "Eleanor", "T.J.", "Mary Ann", "Björk", "François", "Aoife", "Hans Peter",
]  # fmt: skip
LAST = [
    "Smith", "O'Brien", "Jones", "McDonald", "Taylor", "van der Berg", "Patel", "Brown", "Davies",
    "MacLeod",
    "Wilson", "Evans", "Machin", "Roberts", "Lloyd-Jones", "Walker", "D'Souza", "Robinson", "Müller",
    "St John",
    "Nguyen", "García", "de la Cruz", "Khan", "Lewis", "O'Neill-McCarthy", "Smith Jr", "Fitzwilliam", "Ng",
    "MacKenzie", "Kowalski", "Brontë", "von Trapp", "Null", "Okonkwo", "Weiß", "Håkansson",
]  # fmt: skip
COMPANIES = [
    "Acme Trading Ltd", "Smith, Jones & Co", 'The "Old" Bakery', "Northern Widgets PLC",
    "Harbour Foods Limited",
    "Blue Sky Travel", "Oak Tree Nurseries", "Data & Sons Bookbinders", "Café Müller GmbH",
    "BBC Radio Sample",
    "AT&T Sample", "Żubr Sp. z o.o.", "O'Neill Transport", "3 Rivers Press", "100% Organic",
]  # fmt: skip
STREETS = [
    "High Street",
    "Station Road",
    "Church Lane",
    "Mill Hill",
    "The Green",
    "King's Walk",
    "Queen St",
    "Park Rd",
]
PLACES = [
    # town, outward codes, drama landline
    ("London", ["SW1A", "EC1A", "E10", "N1", "W1T", "SE1"], "0207946"),
    ("Leeds", ["LS1", "LS11", "LS28"], "0113496"),
    ("Bristol", ["BS1", "BS8", "BS34"], "0117496"),
    ("Manchester", ["M1", "M20", "M60"], "0161496"),
    ("Edinburgh", ["EH1", "EH12"], "0131496"),
    ("Cardiff", ["CF10", "CF24"], "0292018"),
    ("Southampton", ["SO14", "SO31"], "0238081"),
    ("Croydon", ["CR0", "CR2"], "0207946"),
]
ABROAD = [
    # country as written, its town, postcode, landline
    ("Ireland", "Dublin", "D02 AF30", "+353 1 555 01{:02}"),
    ("Deutschland", "Berlin", "10117", "+49 30 23125{:03}"),
    ("USA", "Springfield", "62704", "(212) 555-01{:02}"),
    ("France", "Paris", "75001", "+33 1 99 00 {:02} 11"),
    ("The Netherlands", "Amsterdam", "1012 JS", "+31 20 794 {:04}"),
]
BRITISH = ["UK", "United Kingdom", "GB", "England", "Great Britain", "uk", "U.K.", "Scotland", None, ""]
DOMAINS = [
    "example.com",
    "example.org",
    "mail.example.net",
    "example.co.uk",
    "post.example.com",
    "EXAMPLE.com",
]
NOTES = [
    "Prefers e-mail", "Said \"call me after 5\", then hung up", "First line\nsecond line", "VIP 🎉",
    "50% off, see order",
    "tab\there", "back\\slash", "line\u2028separator", "Zoë's café — naïve façade", "  spaces  around  ",
    "=SUM(A1:A9)", "Wrote: \"\"", "emoji family 👩\u200d👩\u200d👧", "\r\nWindows line\r\n", "x" * 2_000,
    "NULL", "0012",
    "déjà vu, ещё раз, もう一度", "vertical\x0btab",
]  # fmt: skip
MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
          "November", "December"]  # fmt: skip


def mojibake(text: str) -> str:
    """The text as it looks when its UTF-8 was read as Windows-1252."""
    try:
        return text.encode().decode("cp1252")
    except UnicodeDecodeError:
        return text


def spoilt(text: str, chance: Random) -> str:
    """The text in capitals, in small letters, with spaces, or with a broken encoding; most often as it is."""
    return chance.choice(
        [
            *[text] * 5, text.upper(), text.lower(), f"  {text} ", text.replace(" ", "  ") + "\u00a0",
            mojibake(text), mojibake(text), text.replace("'", "’"),
        ]
    )  # fmt: skip


def email(first: str, last: str, number: int, chance: Random) -> str | None:
    plain = "".join(c for c in f"{first}.{last}".lower() if c.isascii() and (c.isalnum() or c == "."))
    local = f"{plain.strip('.')}{number}"
    domain = chance.choice(DOMAINS)
    address = f"{local}@{domain}"
    return chance.choice(
        [
            *[address] * 14, address.upper(), f" {address} ", f"<{address}>", f"{first} <{address}>",
            f"mailto:{address}",
            address.replace(".com", ",com"), f"{address}.", f"{local} @ {domain}", f"{local}@@{domain}",
            local, f"@{domain}",
            f"{local}@example", f"{first} {last}@{domain}", f"{local}..x@{domain}", f"{local}@example.con",
            f"sample{number}@gmial.com", f"sample{number}@mailinator.com",
            f"{address}; {plain}.home@example.org", None, None, "",
        ]
    )  # fmt: skip


def landline(stem: str, chance: Random) -> str | None:
    number = f"{stem}{chance.randrange(1_000):04}"
    a, b, c = (
        (number[:3], number[3:7], number[7:])
        if stem.startswith("02")
        else (number[:4], number[4:7], number[7:])
    )
    return chance.choice(
        [
            f"{a} {b} {c}", f"{a} {b} {c}", f"{number}", f"({a}) {b} {c}", f"{a}-{b}-{c}", f"{a}.{b}.{c}",
            f"+44 {a[1:]} {b} {c}", f"+44 (0){a[1:]} {b} {c}", f"0044{number[1:]}", f"44{number[1:]}",
            number[1:],
            f"{a} {b} {c} ext 12", f"{a} {b} {c} (work)", f"{a} {b} {c} x7", f"tel: {a} {b} {c}",
            f"{a} {b} {c} / 0161 496 0{chance.randrange(1_000):03}", number.replace("0", "O"),
            number[:-2], "n/a", None, "",
        ]
    )  # fmt: skip


def mobile(number: int, chance: Random) -> str | None:
    digits = f"07700900{number % 1_000:03}" if chance.random() < 0.33 else f"07400{100_000 + number:06}"
    return chance.choice(
        [
            None, None, None, "", f"{digits[:5]} {digits[5:]}", digits, f"+44{digits[1:]}",
            f"+44 (0){digits[1:]}",
            f"{digits[:5]}-{digits[5:8]}-{digits[8:]}", f"{digits[1:]}.0", f"{digits} mob", "TBC",
        ]
    )  # fmt: skip


def postcode(outward: str, chance: Random) -> str:
    letters = "ABDEFGHJLNPQRSTUWXYZ"
    code = f"{outward} {chance.randrange(10)}{chance.choice(letters)}{chance.choice(letters)}"
    return chance.choice(
        [
            *[code] * 8, code.lower(), code.replace(" ", ""), code.lower().replace(" ", ""), f" {code}",
            code.replace(" ", "  "),
            code.replace("0", "O"), code.replace("1", "I"), code[:-1], "",
        ]
    )  # fmt: skip


def birth(chance: Random) -> str | None:
    year, month, day = chance.randrange(1935, 2007), chance.randrange(1, 13), chance.randrange(1, 29)
    return chance.choice(
        [
            *[f"{day:02}/{month:02}/{year}"] * 6, f"{day}/{month}/{year % 100:02}",
            f"{year}-{month:02}-{day:02}",
            f"{day}-{MONTHS[month - 1][:3]}-{year}", f"{day} {MONTHS[month - 1]} {year}",
            f"{day}.{month}.{year}",
            f"{MONTHS[month - 1]} {day}, {year}", f"{year}{month:02}{day:02}",
            f"{10_000 + 73 * month * day}",
            f"31/02/{year}", "01/01/2199", "00/00/0000", None, None, "",
        ]
    )  # fmt: skip


def record(number: int, chance: Random) -> list[str | None]:
    first, last = chance.choice(FIRST), chance.choice(LAST)
    town, outwards, stem = chance.choice(PLACES)
    code: str = postcode(chance.choice(outwards), chance)
    country, phone = chance.choice(BRITISH), landline(stem, chance)
    if chance.random() < 0.06:
        country, town, code, pattern = chance.choice(ABROAD)
        phone = pattern.format(chance.randrange(10, 99))
    street = f"{chance.randrange(1, 240)} {chance.choice(STREETS)}"
    blank = chance.random()
    return [
        f"{number:06}",
        chance.choice(TITLES),
        spoilt(first, chance) if blank > 0.03 else chance.choice([None, "", "  ", "N/A"]),
        spoilt(last, chance) if blank > 0.02 else chance.choice([None, "", "-", "Unknown"]),
        email(first, last, number, chance),
        phone,
        mobile(number, chance),
        spoilt(chance.choice(COMPANIES), chance) if chance.random() < 0.35 else chance.choice([None, ""]),
        chance.choice([street, street, f"Flat 2, {street}", f"{street}\nRear entrance", street.upper()]),
        chance.choice([town, town, town.upper(), f"{town} "]),
        code,
        country,
        birth(chance),
        chance.choice(NOTES) if chance.random() < 0.2 else chance.choice([None, ""]),
    ]


def field(value: str | None) -> str:
    """A value in CSV: nothing where it is missing, two quotes where it is empty."""
    if value is None:
        return ""
    if value == "" or value != value.strip() or any(c in value for c in ',"\r\n'):
        return '"' + value.replace('"', '""') + '"'
    return value


def contacts() -> str:
    """The whole file."""
    chance = Random("asyncclean contacts 1")  # noqa: S311
    records = [record(number, chance) for number in range(1, RECORDS + 1)]
    for number in range(RECORDS + 1, RECORDS + DUPLICATES + 1):
        again = list(chance.choice(records[:RECORDS]))
        # The same contact once more: to the letter, or under a new number with one field left out.
        if chance.random() < 0.7:
            again[0] = f"{number:06}"
            again[chance.randrange(3, len(again))] = None
        records.insert(chance.randrange(len(records)), again)
    return "".join(",".join(map(field, row)) + "\n" for row in [list[str | None](HEADERS), *records])


if __name__ == "__main__":
    Path(__file__).with_name("contacts.csv").write_text(contacts(), encoding="utf-8", newline="")
