#include "framework/storage/hdf5_store.h"

#include <gmock/gmock.h>
#include <hdf5.h>

#include <cstring>
#include <fstream>
#include <thread>

#include "framework/core/error.h"
#include "tests/support/child_process.h"
#include "tests/support/support.h"

namespace medvol::storage {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using tests::ChildProcess;
using tests::TemporaryFolder;
using Tensors = std::map<std::string, at::Tensor>;

bool identical(const at::Tensor& a, const at::Tensor& b) {
  return a.scalar_type() == b.scalar_type() && a.sizes() == b.sizes() &&
         std::memcmp(a.contiguous().const_data_ptr(), b.contiguous().const_data_ptr(), a.nbytes()) == 0;
}

/// A case whose content follows from its number.
Tensors case_of(int number) {
  return {{"image", (at::arange(2 * 3 * 4 * 5) + number).view({2, 3, 4, 5}).to(at::kHalf)},
          {"labels", (at::arange(3 * 4 * 5) % (number + 2)).view({3, 4, 5}).to(at::kByte)}};
}

void write_store(const fs::path& path, int cases) {
  StoreWriter writer(path);
  for (int i = 0; i < cases; ++i) writer.add("case_" + std::to_string(i), case_of(i), {{"number", i}});
  writer.finish();
}

void expect_cases(const fs::path& path, int cases) {
  StoreReader reader(path);
  ASSERT_EQ(reader.keys().size(), static_cast<size_t>(cases));
  for (int i = 0; i < cases; ++i) {
    std::string key = "case_" + std::to_string(i);
    for (const auto& [name, tensor] : case_of(i))
      EXPECT_TRUE(identical(reader.tensor(key, name), tensor)) << key << name;
    EXPECT_EQ(reader.attributes(key), (json{{"number", i}}));
    EXPECT_NO_THROW(reader.verify(key));
  }
}

template <class Call>
std::string user_error(Call call) {
  try {
    call();
  } catch (const core::UserError& error) {
    return error.what();
  }
  return "no UserError";
}

TEST(Store, EveryTypeAndShapeComesBack) {
  TemporaryFolder folder;
  Tensors tensors;
  for (at::ScalarType type :
       {at::kByte, at::kChar, at::kShort, at::kInt, at::kLong, at::kHalf, at::kFloat, at::kDouble})
    tensors[c10::toString(type)] = at::arange(-30, 31).to(type);
  tensors["scalar"] = at::scalar_tensor(2.5, at::kDouble);
  tensors["empty"] = at::empty({0, 3}, at::kInt);
  tensors["strided"] = at::arange(24).view({2, 3, 4}).permute({2, 0, 1});
  json attributes = {{"text", "é\n\"\\"}, {"long", std::string(200'000, 'x')}, {"numbers", {1, 0.1, 5e-324}}};
  {
    StoreWriter writer(folder / "a.h5");
    writer.add("käse 1.0", tensors, attributes);
    writer.finish();
  }
  StoreReader reader(folder / "a.h5");
  EXPECT_THAT(reader.keys(), ElementsAre("käse 1.0"));
  EXPECT_EQ(reader.names("käse 1.0").size(), tensors.size());
  for (const auto& [name, tensor] : tensors) EXPECT_TRUE(identical(reader.tensor("käse 1.0", name), tensor)) << name;
  EXPECT_EQ(reader.attributes("käse 1.0"), attributes);
  EXPECT_NO_THROW(reader.verify("käse 1.0"));
}

TEST(Store, IsOneFileAndTheSameForTheSameContent) {
  TemporaryFolder folder;
  write_store(folder / "a.h5", 5);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 1);
  {
    StoreWriter writer(folder / "b.h5");
    for (int i : {3, 1, 4, 0, 2}) writer.add("case_" + std::to_string(i), case_of(i), {{"number", i}});
    writer.finish();
  }
  EXPECT_EQ(tests::read_file(folder / "a.h5"), tests::read_file(folder / "b.h5"));
  EXPECT_EQ(StoreReader(folder / "a.h5").checksum(), StoreReader(folder / "b.h5").checksum());
}

TEST(Store, IsPlainHdf5) {
  TemporaryFolder folder;
  write_store(folder / "a.h5", 2);
  hid_t file = H5Fopen((folder / "a.h5").c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  ASSERT_GE(file, 0);
  hid_t dataset = H5Dopen2(file, "case_1/image", H5P_DEFAULT);
  ASSERT_GE(dataset, 0);
  std::vector<float> values(120);
  EXPECT_GE(H5Dread(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()),
            0);  // float16 by its bits
  for (int i = 0; i < 120; ++i) EXPECT_EQ(values[static_cast<size_t>(i)], static_cast<float>(i + 1));
  H5Dclose(dataset);
  H5Fclose(file);
}

TEST(Store, TensorsAreViewsThatOutliveTheReader) {
  TemporaryFolder folder;
  write_store(folder / "a.h5", 1);
  at::Tensor image;
  {
    StoreReader reader(folder / "a.h5");
    image = reader.tensor("case_0", "image");
    EXPECT_EQ(image.const_data_ptr(), reader.tensor("case_0", "image").const_data_ptr());
  }
  fs::remove(folder / "a.h5");
  EXPECT_TRUE(identical(image, case_of(0).at("image")));
}

TEST(Store, ManyThreadsRead) {
  TemporaryFolder folder;
  write_store(folder / "a.h5", 6);
  StoreReader reader(folder / "a.h5");
  std::vector<int> wrong(8, 0);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < wrong.size(); ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 60; ++i) {
        std::string key = "case_" + std::to_string((i + static_cast<int>(t)) % 6);
        const auto* values = reader.tensor(key, "image").const_data_ptr<at::Half>();
        if (static_cast<float>(values[7]) != static_cast<float>(7 + (i + static_cast<int>(t)) % 6)) ++wrong[t];
        if (i % 20 == 0 && StoreReader(folder / "a.h5").keys() != reader.keys()) ++wrong[t];
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(wrong, testing::Each(0));
}

TEST(Store, ManyThreadsAdd) {
  TemporaryFolder folder;
  {
    StoreWriter writer(folder / "a.h5");
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        for (int i = t; i < 12; i += 4) writer.add("case_" + std::to_string(i), case_of(i), {{"number", i}});
      });
    for (std::thread& thread : threads) thread.join();
    writer.finish();
  }
  expect_cases(folder / "a.h5", 12);
}

TEST(StoreWriter, ContinuesWhereItWasInterrupted) {
  TemporaryFolder folder;
  {
    StoreWriter writer(folder / "a.h5");
    writer.add("case_0", case_of(0), {{"number", 0}});
  }
  EXPECT_FALSE(fs::exists(folder / "a.h5"));
  StoreWriter writer(folder / "a.h5");
  EXPECT_TRUE(writer.has("case_0"));
  EXPECT_EQ(writer.attributes("case_0"), (json{{"number", 0}}));
  EXPECT_FALSE(writer.has("case_1"));
  EXPECT_THROW(writer.attributes("case_1"), core::UserError);
  writer.add("case_1", case_of(1), {{"number", 1}});
  EXPECT_THAT(writer.keys(), ElementsAre("case_0", "case_1"));
  writer.finish();
  expect_cases(folder / "a.h5", 2);
}

TEST(StoreWriter, ReplacesErasesAndAddsToAFinishedStore) {
  TemporaryFolder folder;
  write_store(folder / "a.h5", 3);
  StoreReader before(folder / "a.h5");
  {
    StoreWriter writer(folder / "a.h5");
    EXPECT_TRUE(writer.has("case_2"));
    writer.add("case_0", case_of(5), {{"number", 5}});
    writer.erase("case_1");
    EXPECT_FALSE(writer.has("case_1"));
    writer.add("new", case_of(7), {{"number", 7}});
    writer.finish();
  }
  StoreReader after(folder / "a.h5");
  EXPECT_THAT(after.keys(), ElementsAre("case_0", "case_2", "new"));
  EXPECT_TRUE(identical(after.tensor("case_0", "image"), case_of(5).at("image")));
  EXPECT_TRUE(identical(after.tensor("case_2", "labels"), case_of(2).at("labels")));
  EXPECT_EQ(before.keys().size(), 3u);
  EXPECT_TRUE(identical(before.tensor("case_0", "image"), case_of(0).at("image")));
  EXPECT_NE(before.checksum(), after.checksum());
  EXPECT_EQ(before.checksum("case_2"), after.checksum("case_2"));
}

TEST(StoreWriter, WithoutChangesTheFileIsNotTouched) {
  TemporaryFolder folder;
  write_store(folder / "a.h5", 2);
  auto time = fs::last_write_time(folder / "a.h5");
  StoreWriter(folder / "a.h5").finish();
  EXPECT_EQ(fs::last_write_time(folder / "a.h5"), time);
  EXPECT_FALSE(fs::exists(folder / "a.h5.parts"));
}

TEST(StoreWriter, ASecondProcessIsRefused) {
  TemporaryFolder folder;
  StoreWriter writer(folder / "a.h5");
  EXPECT_THAT(user_error([&] { StoreWriter(folder / "a.h5"); }),
              HasSubstr(fmt::format("another medvol process (pid {})", ::getpid())));
}

TEST(StoreWriter, RefusesNamesThatArePaths) {
  TemporaryFolder folder;
  StoreWriter writer(folder / "a.h5");
  for (const char* key : {"", ".", "..", "a/b"}) EXPECT_THROW(writer.add(key, case_of(0), {}), core::UserError) << key;
  EXPECT_THROW(writer.add("a", {{"x/y", at::zeros({1})}}, {}), core::UserError);
  EXPECT_THROW(writer.add("a", {{"x", at::zeros({1}, at::kBool)}}, {}), core::InternalError);
}

TEST(StoreWriter, ADamagedPartIsMadeAgain) {
  TemporaryFolder folder;
  {
    StoreWriter writer(folder / "a.h5");
    writer.add("case_0", case_of(0), {{"number", 0}});
  }
  fs::path part;
  for (const auto& entry : fs::directory_iterator(folder / "a.h5.parts"))
    if (entry.path().extension() == ".part") part = entry.path();
  std::string content = tests::read_file(part);
  content.back() ^= 1;  // data: seen when it is read
  tests::write_file(part, content);
  {
    StoreWriter writer(folder / "a.h5");
    EXPECT_THAT(user_error([&] { writer.finish(); }), AllOf(HasSubstr("case_0"), HasSubstr("run again")));
  }
  EXPECT_FALSE(fs::exists(folder / "a.h5"));
  {
    StoreWriter writer(folder / "a.h5");
    EXPECT_FALSE(writer.has("case_0"));
    writer.add("case_0", case_of(0), {{"number", 0}});
  }
  fs::resize_file(part, 30);  // the header: seen at once
  StoreWriter writer(folder / "a.h5");
  EXPECT_FALSE(writer.has("case_0"));
}

TEST(StoreWriter, AFullDiskLeavesThePreviousStoreAndTheParts) {
  TemporaryFolder folder;
  write_store(folder / "a.h5", 1);
  std::string before = tests::read_file(folder / "a.h5");
  std::string text = ChildProcess([&](const auto&) {
                       StoreWriter writer(folder / "a.h5");
                       writer.add("large", {{"x", at::zeros({100'000})}}, {});
                       tests::limit_file_size(50'000);
                       writer.finish();
                       return std::string("written");
                     }).wait();
  EXPECT_THAT(text, HasSubstr("error: " + (folder / "a.h5").string() + ": cannot write"));
  EXPECT_EQ(tests::read_file(folder / "a.h5"), before);
  EXPECT_FALSE(fs::exists(folder / "a.h5.parts" / "merged.h5"));
  StoreWriter writer(folder / "a.h5");
  EXPECT_TRUE(writer.has("large"));
  writer.finish();
  EXPECT_THAT(StoreReader(folder / "a.h5").keys(), ElementsAre("case_0", "large"));
}

TEST(StoreWriter, KilledAtAnyMomentItContinues) {
  TemporaryFolder folder;
  constexpr int kCases = 8;
  for (int round = 0; round < 12; ++round) {
    fs::path path = folder / ("store" + std::to_string(round) + ".h5");
    ChildProcess child([&](const auto& say) {
      StoreWriter writer(path);
      for (int i = 0; i < kCases; ++i) {
        writer.add("case_" + std::to_string(i), case_of(i), {{"number", i}});
        say("+");
      }
      writer.finish();
      return std::string("finished");
    });
    // Rounds end after another case each, the last ones while merging.
    int heard = 0;
    while (heard < std::min(round + 1, kCases) && child.hear() == '+') ++heard;
    if (round >= kCases) std::this_thread::sleep_for(std::chrono::microseconds(300 * (round - kCases)));
    child.kill();
    {
      StoreWriter writer(path);
      for (int i = 0; i < heard; ++i) EXPECT_TRUE(writer.has("case_" + std::to_string(i))) << "round " << round;
      for (int i = 0; i < kCases; ++i)
        if (!writer.has("case_" + std::to_string(i)))
          writer.add("case_" + std::to_string(i), case_of(i), {{"number", i}});
      writer.finish();
    }
    expect_cases(path, kCases);
  }
}

TEST(StoreReader, UnknownNamesGetTheNearest) {
  TemporaryFolder folder;
  write_store(folder / "a.h5", 1);
  StoreReader reader(folder / "a.h5");
  EXPECT_FALSE(reader.has("case_9"));
  EXPECT_TRUE(reader.has("case_0", "image"));
  EXPECT_FALSE(reader.has("case_0", "images"));
  EXPECT_THAT(user_error([&] { reader.tensor("case_9", "image"); }), HasSubstr("case_0"));
  EXPECT_THAT(user_error([&] { reader.tensor("case_0", "images"); }), HasSubstr("'image'"));
}

TEST(StoreReader, RefusesWhatIsNoStore) {
  TemporaryFolder folder;
  EXPECT_THAT(user_error([&] { StoreReader(folder / "missing.h5"); }), HasSubstr("no such store"));
  tests::write_file(folder / "text.h5", "no HDF5 at all");
  EXPECT_THAT(user_error([&] { StoreReader(folder / "text.h5"); }), HasSubstr("prepare the data again"));
  hid_t file = H5Fcreate((folder / "other.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  H5Fclose(file);
  EXPECT_THROW(StoreReader(folder / "other.h5"), core::UserError);
}

TEST(StoreReader, TruncationAndDamageAreSeen) {
  TemporaryFolder folder;
  write_store(folder / "a.h5", 2);
  std::string content = tests::read_file(folder / "a.h5");
  for (size_t length = 0; length < content.size(); length += 97) {
    tests::write_file(folder / "b.h5", content.substr(0, length));
    EXPECT_THROW(StoreReader(folder / "b.h5"), core::UserError) << length << " of " << content.size();
  }
  std::string pixels(reinterpret_cast<const char*>(case_of(1).at("image").const_data_ptr()), 240);
  size_t at = content.find(pixels);
  ASSERT_NE(at, std::string::npos);  // contiguous and uncompressed
  EXPECT_EQ(at % 2, 0u);
  content[at + 100] ^= 4;
  tests::write_file(folder / "b.h5", content);
  StoreReader reader(folder / "b.h5");
  EXPECT_NO_THROW(reader.verify("case_0"));
  EXPECT_THAT(user_error([&] { reader.verify("case_1"); }), AllOf(HasSubstr("case_1"), HasSubstr("damaged")));
}

}  // namespace
}  // namespace medvol::storage
