"""Verifies the DKIM signatures of messages with dkimpy: `dkimpy.py RECORDS MESSAGE...`.

RECORDS is a file with a DNS name and a TXT record on each line. Prints a line for each message, with `ALGORITHM pass` or
`ALGORITHM fail` for each of its signatures, sorted.
"""

import sys

import dkim
import nacl  # noqa: F401  dkimpy does without it, and then without Ed25519

records = {}
for line in open(sys.argv[1], "rb"):
    name, record = line.strip().split(b" ", 1)
    records[name + b"."] = record

for path in sys.argv[2:]:
    raw = open(path, "rb").read()
    results = []
    signatures = [value for name, value in dkim.DKIM(raw).headers if name.lower() == b"dkim-signature"]
    for index, signature in enumerate(signatures):
        algorithm = dkim.util.parse_tag_value(signature)[b"a"].decode()
        try:
            good = dkim.DKIM(raw).verify(idx=index, dnsfunc=lambda name, timeout=5: records.get(name))
        except dkim.DKIMException:
            good = False
        results.append(f"{algorithm} {'pass' if good else 'fail'}")
    print(", ".join(sorted(results)))
