#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace medvol::apps {

/// Files for what a program prints; empty: where this one's goes.
struct ProgramOutput {
  std::filesystem::path standard, errors;
};

/// Runs this program again with these words (the first stands for its name) and waits: a fault in it, or what it takes
/// of memory, is its own. Returns its exit code; 128 + the signal that ended it.
int run_program(const std::vector<std::string>& words, const ProgramOutput& output = {});

/// The same with another program: a path, or a name that PATH finds.
int run_other_program(const std::string& program, const std::vector<std::string>& words,
                      const ProgramOutput& output = {});

}  // namespace medvol::apps
