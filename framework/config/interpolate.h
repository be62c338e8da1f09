#pragma once
#include "framework/config/diagnostics.h"
#include "framework/config/node.h"

namespace medvol::config {

/// Replaces every interpolation in the tree:
///
///   ${a.b}  the value at a.b from the top; ${.x} beside this one, ${..x} one group further out; lists by index: ${a.0}
///   ${env:NAME}, ${env:NAME,default}   a variable of the environment (also ${oc.env:…}, as newer Hydra writes it)
///   ${a.${b}}  nested;  \${ is a plain ${
///
/// A value that is one interpolation keeps the type of what it names (a list stays a list); within other text only
/// plain values may stand. What `tree` has not is looked up in `fallback` (the defaults of the structs). Unknown names,
/// cycles, missing variables and bad syntax go into `found`, with the place of the text.
void interpolate(Node& tree, const Node& fallback, Diagnostics& found);

}  // namespace medvol::config
