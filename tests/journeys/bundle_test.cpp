// What `cmake --install` makes can be moved and needs nothing of the folder that it was built in but LibTorch.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>

#include "tests/support/support.h"

namespace medvol::tests {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

struct Said {
  int code;
  std::string text;
};

/// A shell's command, without the variables that would help it find libraries.
Said shell(const std::string& command) {
  Said said{};
  FILE* pipe = popen(("unset LD_LIBRARY_PATH MEDVOL_TORCH MEDVOL_PYTHON; (" + command + ") 2>&1").c_str(), "r");
  std::array<char, 4096> part;
  while (fgets(part.data(), part.size(), pipe)) said.text += part.data();
  said.code = pclose(pipe);
  return said;
}

class Bundle : public testing::Test {
 protected:
  /// Installed once, and moved.
  static const fs::path& folder() {
    static const TemporaryFolder temporary;
    static const fs::path moved = [] {
      const fs::path first = temporary / "first", second = temporary / "moved here";
      const Said said = shell("'" MEDVOL_CMAKE "' --install '" MEDVOL_BUILD "' --prefix '" + first.string() + "'");
      EXPECT_EQ(said.code, 0) << said.text;
      fs::rename(first, second);
      return second;
    }();
    return moved;
  }
  static std::string with_torch(const std::string& words) {
    return "MEDVOL_TORCH='" MEDVOL_TORCH_FOLDER "' '" + folder().string() + "/medvol' " + words;
  }
};

TEST_F(Bundle, RunsWhereItWasMoved) {
  const Said doctor = shell(with_torch("doctor hardware.device=cpu"));
  EXPECT_EQ(doctor.code, 0) << doctor.text;
  EXPECT_THAT(doctor.text, HasSubstr("trains on"));
  const fs::path work = folder().parent_path() / "work";
  fs::create_directory(work);
  const Said demo = shell("cd '" + work.string() + "' && " +
                          with_torch("demo trainer.max_steps=2 trainer.max_time=null trainer.validate_every=0 "
                                     "plan.base_features=4 hardware.device=cpu run.dir=demo"));
  EXPECT_EQ(demo.code, 0) << demo.text;
  EXPECT_THAT(demo.text, HasSubstr("same masks, byte for byte"));
  const Said tests =
      shell(with_torch("--with-torch '" + (folder() / "bin/gpu_tests").string() + "' --gtest_list_tests"));
  EXPECT_EQ(tests.code, 0) << tests.text;
  EXPECT_THAT(tests.text, HasSubstr("OneRankTrainsThroughNccl"));
}

TEST_F(Bundle, CarriesItsLibrariesAndNoneOfLibTorchs) {
  // Beside LibTorch and itself it takes only what every Linux has.
  const Said loaded = shell("cd / && LD_LIBRARY_PATH='" MEDVOL_TORCH_FOLDER "/lib' LD_TRACE_LOADED_OBJECTS=1 '" +
                            (folder() / "bin/medvol").string() + "'");
  std::istringstream lines(loaded.text);
  int own = 0;
  for (std::string line; std::getline(lines, line);) {
    const size_t arrow = line.find("=> ");
    if (arrow == std::string::npos) continue;
    const std::string name = line.substr(line.find_first_not_of(" \t")), path = line.substr(arrow + 3);
    EXPECT_NE(path.find("not found"), 0u) << line;
    if (path.find("/bin/../lib/") != std::string::npos && path.find("moved here") != std::string::npos) {
      ++own;
      EXPECT_NE(name.find("libtorch"), 0u) << line;
      continue;
    }
    const bool everywhere = name.starts_with("libc.") || name.starts_with("libm.") || name.starts_with("libdl.") ||
                            name.starts_with("librt.") || name.starts_with("libpthread.") ||
                            name.starts_with("libutil.") || name.starts_with("libresolv.") ||
                            name.starts_with("libstdc++.") || name.starts_with("libgcc_s.");
    EXPECT_TRUE(everywhere || path.find("/torch/lib/") != std::string::npos ||
                path.find("/nvidia/") != std::string::npos)
        << line;
  }
  EXPECT_GT(own, 20) << loaded.text;
  EXPECT_EQ(read_file(folder() / "bin/medvol").find(MEDVOL_TORCH_FOLDER "/lib"), std::string::npos)
      << "the program still looks where it was built";
  uintmax_t bytes = 0;
  for (const char* part : {"bin", "share"})
    for (const auto& entry : fs::recursive_directory_iterator(folder() / part))
      if (entry.is_regular_file()) bytes += entry.file_size();
  EXPECT_LT(bytes, 64u << 20) << "without Debian's libraries";
}

TEST_F(Bundle, SaysWhatItLacks) {
  const Said none = shell("PATH=/usr/bin:/bin MEDVOL_PYTHON=/nowhere/python '" + folder().string() + "/medvol' doctor");
  EXPECT_NE(none.code, 0);
  EXPECT_THAT(none.text, HasSubstr("MEDVOL_TORCH"));
  const Said check = shell("cd '" + folder().string() + "' && PATH=/usr/bin:/bin share/medvol/benchmarks/gpu_check.sh");
  if (check.text.find("no NVIDIA GPU here") == std::string::npos) GTEST_SKIP() << "there is a GPU here";
  EXPECT_EQ(check.code, 0);
  EXPECT_EQ(std::count(check.text.begin(), check.text.end(), '\n'), 1) << check.text;
}

}  // namespace
}  // namespace medvol::tests
