#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compare the interface org.panthormem.Broker1 of two D-Bus introspection files.

usage: same-interface.py FILE FILE
"""
import sys
import xml.etree.ElementTree


def members(path):
    root = xml.etree.ElementTree.parse(path).getroot()
    found = set()
    for member in root.find("interface[@name='org.panthormem.Broker1']"):
        args = tuple((a.get('name'), a.get('type'), a.get('direction'))
                     for a in member.findall('arg'))
        notes = tuple((a.get('name'), a.get('value')) for a in member.findall('annotation'))
        found.add((member.tag, member.get('name'), member.get('type'), member.get('access'),
                   args, notes))
    return found


one, two = (members(path) for path in sys.argv[1:3])
for difference in sorted(one ^ two, key=str):
    print('only in one of them:', difference)
if len(one) < 10:
    print('too few members:', len(one))
sys.exit(one != two or len(one) < 10)
