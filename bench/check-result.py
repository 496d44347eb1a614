#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check the output directory of run-bench: complete, as documented, and not edited.

usage: check-result.py DIRECTORY
"""
import json
import pathlib
import sys

import docutils.core
import jsonschema

import plots
import publish
import words

top = pathlib.Path(__file__).resolve().parent.parent
directory = pathlib.Path(sys.argv[1])

schema = json.loads((top / 'docs/schema/bench-1.json').read_text())
jsonschema.Draft7Validator.check_schema(schema)
document = json.loads((directory / 'result.json').read_text())
jsonschema.Draft7Validator(schema).validate(document)
if not document['contents_ok']:
    sys.exit('contents were wrong, or a case failed')

# A row without a value, ours or the rival's, means that the case measured nothing.
empty = [f'{case["name"]}: {row["what"]}: {row["note"]}' for case in document['cases']
         for row in case['rows'] if row['value'] is None and not row['rival']]
if empty:
    sys.exit('\n'.join(['rows without samples:', *empty]))

pages = {'index.rst': publish.index(document, plots.possible(document), directory),
         'tables.rst': publish.tables(document)}
for page, text in pages.items():
    if (directory / page).read_text() != text:
        sys.exit(f'{page} is not what publish.py makes of result.json')
for page in directory.glob('*.rst'):
    docutils.core.publish_doctree(page.read_text(),
                                  settings_overrides={'halt_level': 2, 'report_level': 2})

# bench/words.py leaves out a sentence whose rows have been renamed: notice that here.
lacking = list(words.lacking(document)) if document['mode'] == 'full' else []
if lacking:
    sys.exit(f'index.rst lacks sentences: bench/words.py knows rows that are not there: {lacking}')

for name, _ in plots.possible(document):
    for kind in plots.TERMINALS:
        if not (directory / f'{name}.{kind}').stat().st_size:
            sys.exit(f'{name}.{kind} is empty')
