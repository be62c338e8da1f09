#pragma once
#include <gtest/gtest.h>

#include <string>

#include "framework/core/error.h"

namespace medvol::dicom {

/// The message of the UserError that `work` throws, which is one line; empty when it throws none.
template <class Work>
std::string refusal(const Work& work) {
  try {
    work();
  } catch (const core::UserError& error) {
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
    return error.what();
  }
  return "";
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace medvol::dicom
