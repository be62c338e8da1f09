"""Writes framework/dicom/confidentiality_table.h: the actions of PS3.15, table E.1-1 (edition 2026c).

The table is taken from the transcription in PyPI's dicom-anonymizer 2.1.0, and every attribute's name in it is compared
with pydicom's dictionary, so that a wrong number shows: python make_confidentiality_table.py > ...
"""
import re
import sys

from dicomanonymizer.dicom_anonymization_databases import dicomfields_2026c as edition
from pydicom.datadict import dictionary_description

plain = lambda name: re.sub(r"[^a-z]", "", re.sub(r"\(see.*", "", name.lower()))
source = open(edition.__file__).read()
for group, element, name in re.findall(r"\(0x(\w{4}), 0x(\w{4})\),\s*# (.*)", source):
    try:
        known = dictionary_description((int(group, 16), int(element, 16)))
    except KeyError:
        continue  # newer than pydicom
    if plain(known) != plain(name):
        sys.exit(f"({group},{element}) is {known}, not {name}")

# Where the table leaves a choice to the type of the attribute, the value that every type allows.
actions = {"remove": ["X"], "empty": ["Z", "X_Z"], "dummy": ["D", "Z_D", "X_D", "X_Z_D"], "replace_uid": ["U"],
           "descend": ["X_Z_U_STAR"]}
print("#pragma once\n// Made by tests/framework/dicom/golden/make_confidentiality_table.py: change that.\n"
      "#include <array>\n#include <cstdint>\n\nnamespace medvol::dicom::confidentiality {\n")
for action, columns in actions.items():
    tags = sorted({(t[0] << 16) | t[1] for c in columns for t in getattr(edition, c + "_TAGS")
                   if len(t) == 2})  # the repeating groups 50xx and 60xx are written out in the source
    print(f"inline constexpr std::array<uint32_t, {len(tags)}> {action} = {{")
    print(", ".join(f"0x{tag:08x}" for tag in tags) + "};\n")
print("}  // namespace medvol::dicom::confidentiality")
