"""Feeds a build of the compiled code with broken data: `python -m tests.native.fuzz FOLDER ROUNDS SEED`.

For a build with sanitizers, which ends the process when it reads or writes where it must not.
"""

import importlib.util
import random
import sys
from pathlib import Path
from types import ModuleType

MEMBERS = (b'{"a":', b',"b":', b',"first_name":')
KEYS = (b'"a"', b'"b"', b'"first_name"', *(b'"c%d"' % number for number in range(20)))
SCRAPS = b'" "" \\ \\" \\u \\ud83d \\ude00 \\u00e9 \\n , \n \r \r\n \x00 \x01 xxxxxxxxx { } [ ] :'.split(b" ")
SCRAPS += b'},{ ,{} "a" = 1 - 1.5e null true fals \xc3 \xe2\x82 \xf0\x9f\x98\x80 \xed\xa0\x80'.split(b" ")
ROWS = b'1,x,\n"a ""b"" c","two\nlines",\xc3\xa9\r\n,,\n'
PAGE = b'[{"a":"x","b":null,"first_name":"\\ud83d\\ude00 \\"q\\", z"},{"b":1.5e-3,"first_name":true},{}]'


def load(folder: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("_transcode", next(folder.glob("_transcode*")))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def broken(whole: bytes, chance: random.Random) -> bytes:
    """Some bytes with pieces taken out and put in, or of nothing but scraps."""
    data = whole * chance.choice([0, 1, 1, 1, 5])
    for _ in range(chance.randrange(6)):
        at = chance.randrange(len(data) + 1)
        scraps = chance.choice(SCRAPS) * chance.choice([1, 1, 1, 1, 100])
        data = data[:at] + scraps + data[at + chance.randrange(5) :]
    return data[: chance.randrange(len(data) + 1)] if chance.random() < 0.3 else data


def main(folder: str, rounds: str, seed: str) -> None:
    built, chance = load(Path(folder)), random.Random(seed)
    taken = 0
    for _ in range(int(rounds)):
        width = chance.randint(1, 3)
        taken += built.csv_to_json(broken(ROWS, chance), MEMBERS[:width], ord(",")) is not None
        # In CSV a record grows by its missing columns alone, in JSON by longer keys.
        page, keys = broken(PAGE, chance), KEYS[: chance.randint(1, len(KEYS))]
        records = chance.choice([1, 3, page.count(b"{")])
        taken += built.json_to_csv(page, keys, ord(","), records, chance.random() < 0.5) is not None
        names = keys[: chance.randint(0, 3)]
        headers = (b'"%s"' % (b"h" * 99),) * len(names)
        some = chance.choice([records, -1])
        taken += built.json_records(page, names, headers, b",\n", some) is not None
        lines = page[1:-1].replace(b"},{", b"}\n{") + b"\n"
        kinds = bytes(chance.randrange(32) for _ in keys)
        taken += built.json_proves(lines, keys, kinds, chance.random() < 0.5)
        taken += len(built.line_ends(lines)) > 0
        built.json_array(*(memoryview(lines)[: chance.randrange(99)] for _ in names))
    print(f"{rounds} rounds, {taken} times taken")


if __name__ == "__main__":
    main(*sys.argv[1:])
