#pragma once
#include "framework/config/diagnostics.h"
#include "framework/config/fields.h"
#include "framework/config/node.h"

// INTERFACE, to be completed by the owner of framework/config:
//   template <class Options> void bind(const Node& node, const std::string& path, Options& into, Diagnostics& found);
//   template <class Options> Options bind(const Node& node);                 // throws ConfigError with every defect
//   template <class Options> Node to_node(const Options& options);           // complete, in field order
//   template <class Options> std::vector<FieldDoc> describe(const Options& defaults = {});
// A Bindable member type has: void bind(const Node&, const std::string& path, Diagnostics&); Node to_node() const;
//   std::vector<FieldDoc> describe() const;
