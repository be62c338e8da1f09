#pragma once
#include <gtest/gtest.h>

#include <string>

#include "framework/core/error.h"

namespace medvol::tests {

/// what() of the UserError that `run` throws; "(no error)" when it throws none.
template <class Function>
std::string message_of(Function run) {
  try {
    run();
  } catch (const core::UserError& error) {
    return error.what();
  }
  return "(no error)";
}

}  // namespace medvol::tests
