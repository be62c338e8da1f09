#include "framework/storage/tensor_archive.h"

#include <gmock/gmock.h>

#include <cstring>
#include <limits>

#include "framework/core/error.h"
#include "tests/support/child_process.h"
#include "tests/support/support.h"

namespace medvol::storage {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using tests::TemporaryFolder;

/// Made by make_golden_safetensors.py with Python's safetensors 0.8.0.
constexpr const char* kGolden =
    "50010000000000007b225f5f6d657461646174615f5f223a7b226d616465206279223a227361666574656e736f7273227d2c2273746570"
    "223a7b226474797065223a22493634222c227368617065223a5b5d2c22646174615f6f666673657473223a5b302c385d7d2c2277656967"
    "6874223a7b226474797065223a22463332222c227368617065223a5b322c335d2c22646174615f6f666673657473223a5b382c33325d7d"
    "2c2268616c66223a7b226474797065223a22463136222c227368617065223a5b335d2c22646174615f6f666673657473223a5b33322c33"
    "385d7d2c226c6162656c73223a7b226474797065223a225538222c227368617065223a5b335d2c22646174615f6f666673657473223a5b"
    "33382c34315d7d2c22666c6167223a7b226474797065223a22424f4f4c222c227368617065223a5b325d2c22646174615f6f6666736574"
    "73223a5b34312c34335d7d7d2020141a99be1c0000000000c03f000000c00000803e000040406f12833a0000e0c0003800bcff7b0001ff"
    "0100";

std::string from_hexadecimal(const std::string& text) {
  std::string bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 2) bytes += static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16));
  return bytes;
}

TensorArchive small_archive() {
  TensorArchive archive;
  archive.tensors = {{"weight", at::tensor({1.5f, -2.0f, 0.25f})}, {"mask", at::tensor({1, 0, 1}).to(at::kByte)}};
  archive.metadata = {{"step", 7}};
  return archive;
}

/// Same type, shape and bytes: NaN equals itself, and -0 differs from 0.
bool identical(const at::Tensor& a, const at::Tensor& b) {
  return a.scalar_type() == b.scalar_type() && a.sizes() == b.sizes() &&
         std::memcmp(a.contiguous().const_data_ptr(), b.contiguous().const_data_ptr(), a.nbytes()) == 0;
}

TEST(TensorArchive, EveryTypeAndShapeComesBack) {
  TemporaryFolder folder;
  TensorArchive archive;
  for (at::ScalarType type : {at::kBool, at::kByte, at::kChar, at::kShort, at::kInt, at::kLong, at::kHalf,
                              at::kBFloat16, at::kFloat, at::kDouble})
    archive.tensors[c10::toString(type)] = at::arange(-3, 4).to(type);
  archive.tensors["scalar"] = at::scalar_tensor(2.5, at::kDouble);
  archive.tensors["empty"] = at::empty({0, 3}, at::kFloat);
  archive.tensors["strided"] = at::arange(24).view({2, 3, 4}).permute({2, 0, 1});
  archive.tensors["odd"] = at::tensor({NAN, -0.0f, INFINITY, std::numeric_limits<float>::denorm_min()});
  archive.metadata = {{"nested", {{"list", {1, 2.5, "x"}}, {"none", nullptr}}}, {"tiny", 5e-324}, {"text", "é\n\"\\"}};
  write_tensor_archive(folder / "a.safetensors", archive);
  TensorArchive read = read_tensor_archive(folder / "a.safetensors");
  ASSERT_EQ(read.tensors.size(), archive.tensors.size());
  for (const auto& [name, tensor] : archive.tensors) EXPECT_TRUE(identical(read.tensors.at(name), tensor)) << name;
  EXPECT_EQ(read.metadata, archive.metadata);
  EXPECT_EQ(read_tensor_archive_metadata(folder / "a.safetensors"), archive.metadata);
}

TEST(TensorArchive, NothingInIt) {
  TemporaryFolder folder;
  write_tensor_archive(folder / "a.safetensors", {});
  TensorArchive read = read_tensor_archive(folder / "a.safetensors");
  EXPECT_TRUE(read.tensors.empty());
  EXPECT_EQ(read.metadata, nlohmann::json::object());
}

TEST(TensorArchive, TheSameContentGivesTheSameBytes) {
  TemporaryFolder folder;
  TensorArchive archive = small_archive(), strided = small_archive();
  strided.tensors["weight"] = at::tensor({1.5f, 9.0f, -2.0f, 9.0f, 0.25f, 9.0f}).slice(0, 0, 6, 2);
  write_tensor_archive(folder / "a", archive);
  write_tensor_archive(folder / "b", strided);
  EXPECT_EQ(tests::read_file(folder / "a"), tests::read_file(folder / "b"));
}

TEST(TensorArchive, EveryTensorLiesAtAMultipleOfItsElementSize) {
  TemporaryFolder folder;
  TensorArchive archive;
  archive.tensors = {
      {"a", at::zeros({3}, at::kByte)}, {"b", at::zeros({5}, at::kHalf)}, {"c", at::zeros({1}, at::kDouble)}};
  write_tensor_archive(folder / "a", archive);
  std::string content = tests::read_file(folder / "a");
  uint64_t length = 0;
  std::memcpy(&length, content.data(), 8);
  EXPECT_EQ(length % 8, 0u);
  auto header = nlohmann::json::parse(content.substr(8, length));
  EXPECT_EQ(header["c"]["data_offsets"], (std::vector<int>{0, 8}));
  EXPECT_EQ(header["b"]["data_offsets"], (std::vector<int>{8, 18}));
  EXPECT_EQ(header["a"]["data_offsets"], (std::vector<int>{18, 21}));
}

TEST(TensorArchive, EveryTruncationIsRefused) {
  TemporaryFolder folder;
  write_tensor_archive(folder / "a", small_archive());
  std::string content = tests::read_file(folder / "a");
  for (size_t length = 0; length < content.size(); ++length) {
    tests::write_file(folder / "b", content.substr(0, length));
    EXPECT_THROW(read_tensor_archive(folder / "b"), core::UserError) << length << " of " << content.size();
  }
  tests::write_file(folder / "b", content + '\0');
  EXPECT_THROW(read_tensor_archive(folder / "b"), core::UserError);
}

TEST(TensorArchive, EveryChangedByteIsRefused) {
  TemporaryFolder folder;
  write_tensor_archive(folder / "a", small_archive());
  const std::string content = tests::read_file(folder / "a");
  for (size_t i = 0; i < content.size(); ++i) {
    for (char replacement : {static_cast<char>(content[i] ^ 1), static_cast<char>(~content[i]), ' '}) {
      if (replacement == content[i]) continue;
      std::string damaged = content;
      damaged[i] = replacement;
      tests::write_file(folder / "b", damaged);
      EXPECT_THROW(read_tensor_archive(folder / "b"), core::UserError)
          << "byte " << i << " set to " << static_cast<int>(replacement);
    }
  }
  tests::write_file(folder / "b", content);
  EXPECT_NO_THROW(read_tensor_archive(folder / "b"));
}

TEST(TensorArchive, ErrorsNameTheFile) {
  TemporaryFolder folder;
  auto message = [&](const char* name) -> std::string {
    try {
      read_tensor_archive(folder / name);
    } catch (const core::UserError& error) {
      return error.what();
    }
    return "none";
  };
  EXPECT_THAT(message("missing"), AllOf(HasSubstr((folder / "missing").string()), HasSubstr("no such file")));
  EXPECT_THAT(message(""), HasSubstr("no plain file"));
  tests::write_file(folder / "text", "this is a text and no tensor archive");
  EXPECT_THAT(message("text"), HasSubstr((folder / "text").string()));
  tests::write_file(folder / "foreign", from_hexadecimal(kGolden));
  EXPECT_THAT(message("foreign"), HasSubstr("no checksum of medvol"));
}

TEST(TensorArchive, AFullDiskLeavesTheOldFile) {
  TemporaryFolder folder;
  write_tensor_archive(folder / "a", small_archive());
  std::string before = tests::read_file(folder / "a");
  TensorArchive large;
  large.tensors["x"] = at::zeros({10'000});
  std::string text = tests::ChildProcess([&](const auto&) {
                       tests::limit_file_size(20'000);
                       write_tensor_archive(folder / "a", large);
                       return std::string("written");
                     }).wait();
  EXPECT_THAT(text, HasSubstr("error: " + (folder / "a").string() + ": cannot write"));
  EXPECT_EQ(tests::read_file(folder / "a"), before);
}

TEST(Safetensors, ReadsWhatPythonWrote) {
  TemporaryFolder folder;
  tests::write_file(folder / "golden", from_hexadecimal(kGolden));
  TensorArchive read = read_safetensors(folder / "golden");
  ASSERT_EQ(read.tensors.size(), 5u);
  EXPECT_TRUE(identical(read.tensors["weight"], at::tensor({1.5f, -2.0f, 0.25f, 3.0f, 1e-3f, -7.0f}).view({2, 3})));
  EXPECT_TRUE(identical(read.tensors["half"], at::tensor({0.5f, -1.0f, 65504.0f}).to(at::kHalf)));
  EXPECT_TRUE(identical(read.tensors["labels"], at::tensor({0, 1, 255}).to(at::kByte)));
  EXPECT_TRUE(identical(read.tensors["flag"], at::tensor({1, 0}).to(at::kBool)));
  EXPECT_TRUE(identical(read.tensors["step"], at::scalar_tensor(int64_t{123456789012}, at::kLong)));
  EXPECT_EQ(read.metadata, (nlohmann::json{{"made by", "safetensors"}}));
}

std::string file_with(const std::string& header, size_t data_bytes) {
  uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), 8) + header + std::string(data_bytes, '\2');
}

TEST(Safetensors, RefusesWhatDoesNotFit) {
  TemporaryFolder folder;
  auto refused = [&](const std::string& header, size_t data_bytes) {
    tests::write_file(folder / "a", file_with(header, data_bytes));
    EXPECT_THROW(read_safetensors(folder / "a"), core::UserError) << header;
  };
  refused(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4);
  refused(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", 8);
  refused(R"({"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}})", 4);
  refused(R"({"a":{"dtype":"U8","shape":[-4],"data_offsets":[0,4]}})", 4);
  refused(R"({"a":{"dtype":"U8","shape":[4.0],"data_offsets":[0,4]}})", 4);
  refused(R"({"a":{"dtype":"F64","shape":[4611686018427387904,4],"data_offsets":[0,0]}})", 0);
  refused(
      R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})",
      6);
  refused(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[4,0]}})", 4);
  refused(R"({"a":{"dtype":"BOOL","shape":[4],"data_offsets":[0,4]}})", 4);
  refused(R"({"a":7})", 0);
  refused(R"([1])", 0);
  refused(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})", 5);
}

}  // namespace
}  // namespace medvol::storage
