#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Is what run-bench wrote into a directory whole, and as documented?

usage: check-result.py DIRECTORY
"""
import json
import pathlib
import sys

import docutils.core
import jsonschema

import plots

top = pathlib.Path(__file__).resolve().parent.parent
directory = pathlib.Path(sys.argv[1])

schema = json.loads((top / 'docs/schema/bench-1.json').read_text())
jsonschema.Draft7Validator.check_schema(schema)
document = json.loads((directory / 'result.json').read_text())
jsonschema.Draft7Validator(schema).validate(document)
if not document['contents_ok']:
    sys.exit('contents were wrong, or a case failed')

# Without a value, ours and a rival's the case has measured nothing.
empty = [f'{case["name"]}: {row["what"]}: {row["note"]}' for case in document['cases']
         for row in case['rows'] if row['value'] is None and not row['rival']]
if empty:
    sys.exit('\n'.join(['rows without samples:', *empty]))

for page in ('index.rst', 'tables.rst'):
    docutils.core.publish_doctree((directory / page).read_text(),
                                  settings_overrides={'halt_level': 2, 'report_level': 2})
ran = {case['name'] for case in document['cases']}
for name, (case, _, _) in plots.PLOTS.items():
    for kind in plots.TERMINALS:
        if case in ran and not (directory / f'{name}.{kind}').stat().st_size:
            sys.exit(f'{name}.{kind} is empty')
