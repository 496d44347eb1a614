#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compare the interface that the first D-Bus introspection file has with that of the second.

usage: same-interface.py FILE FILE
"""
import sys
import xml.etree.ElementTree


def parse(path):
    return xml.etree.ElementTree.parse(path).getroot()


def members(root, name):
    found = set()
    for member in root.find(f"interface[@name='{name}']"):
        args = tuple((a.get('name'), a.get('type'), a.get('direction'))
                     for a in member.findall('arg'))
        notes = tuple((a.get('name'), a.get('value')) for a in member.findall('annotation'))
        found.add((member.tag, member.get('name'), member.get('type'), member.get('access'),
                   args, notes))
    return found


name = parse(sys.argv[1]).find('interface').get('name')
one, two = (members(parse(path), name) for path in sys.argv[1:3])
for difference in sorted(one ^ two, key=str):
    print('only in one of them:', difference)
if len(one) < 4:
    print('too few members:', len(one))
sys.exit(one != two or len(one) < 4)
