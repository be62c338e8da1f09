#pragma once
#include <string>

#include "framework/config/node.h"

namespace medvol::config {

/// Block-style YAML, ending in a newline. Reading it again gives the same tree.
std::string to_yaml(const Node& tree);

/// The same with a comment behind each value that says where it comes from: `# experiments/conf/config.yaml:12`,
/// `# override 'a.b=c'`, `# default`.
std::string to_yaml_with_origins(const Node& tree);

/// Gives the values of `complete` the origins of their counterparts in `written`; values that are not in it keep none,
/// which prints as `# default`.
void adopt_origins(Node& complete, const Node& written);

}  // namespace medvol::config
