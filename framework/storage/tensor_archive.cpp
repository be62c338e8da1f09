#include "framework/storage/tensor_archive.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

#include "framework/core/error.h"
#include "framework/storage/atomic_file.h"
#include "framework/storage/checksum.h"

namespace medvol::storage {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

static_assert(std::endian::native == std::endian::little, "safetensors are little endian, and are written as they lie");

constexpr uint64_t kLargestHeader = 100'000'000;  // the limit of the Python package
constexpr const char* kNotAnArchive =
    "the file is damaged or no tensor archive: use an older checkpoint or make it anew";

struct TypeName {
  at::ScalarType type;
  const char* name;
};
constexpr std::array<TypeName, 10> kTypes{{{at::kBool, "BOOL"},
                                           {at::kByte, "U8"},
                                           {at::kChar, "I8"},
                                           {at::kShort, "I16"},
                                           {at::kInt, "I32"},
                                           {at::kLong, "I64"},
                                           {at::kHalf, "F16"},
                                           {at::kBFloat16, "BF16"},
                                           {at::kFloat, "F32"},
                                           {at::kDouble, "F64"}}};

[[noreturn]] void refuse(const fs::path& path, const std::string& what, const char* hint = kNotAnArchive) {
  throw core::UserError("cannot read the tensor archive: " + what, path.string(), hint);
}

std::string type_name(const at::Tensor& tensor, const std::string& name) {
  for (const TypeName& known : kTypes)
    if (known.type == tensor.scalar_type()) return known.name;
  MEDVOL_CHECK(false, "tensor '{}': type {} cannot be stored", name, c10::toString(tensor.scalar_type()));
  return "";
}

std::optional<at::ScalarType> type_called(const std::string& name) {
  for (const TypeName& known : kTypes)
    if (name == known.name) return known.type;
  return std::nullopt;
}

/// A tensor and where its bytes lie in the data section.
struct Entry {
  std::string name;
  at::ScalarType type = at::kFloat;
  std::vector<int64_t> shape;
  uint64_t begin = 0, end = 0;
};

// ------------------------------------------------------------------------------------------------------------ writing

struct NamedTensor {
  std::string name;
  at::Tensor data;  ///< contiguous, on the CPU
};

/// In the order of the data section: wide types first, so that every tensor lies at a multiple of its element size.
std::vector<NamedTensor> in_file_order(const std::map<std::string, at::Tensor>& tensors) {
  std::vector<NamedTensor> ordered;
  for (const auto& [name, tensor] : tensors) {
    MEDVOL_CHECK(tensor.defined() && name != "__metadata__", "tensor '{}' cannot be stored", name);
    ordered.push_back({name, tensor.detach().cpu().contiguous()});
  }
  std::stable_sort(ordered.begin(), ordered.end(), [](const NamedTensor& a, const NamedTensor& b) {
    return a.data.element_size() > b.data.element_size();
  });
  return ordered;
}

json header_of(const std::vector<NamedTensor>& tensors, const json& metadata) {
  json header = json::object();
  uint64_t offset = 0;
  for (const auto& [name, data] : tensors) {
    uint64_t end = offset + data.nbytes();
    header[name] = {{"dtype", type_name(data, name)}, {"shape", data.sizes().vec()}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  header["__metadata__"] = {{"medvol", metadata.dump(-1, ' ', /*ensure_ascii=*/true, json::error_handler_t::replace)}};
  return header;
}

std::string padded_text(const json& header) {
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

// ------------------------------------------------------------------------------------------------------------ reading

struct OpenArchive {
  Descriptor file;
  json header;
  std::string header_text;
  uint64_t data_size = 0;
};

OpenArchive open_archive(const fs::path& path) {
  OpenArchive archive;
  archive.file = Descriptor::open(path, O_RDONLY, "read");
  struct stat status {};
  if (::fstat(archive.file.number(), &status) != 0) throw_file_error("read", path, errno);
  if (!S_ISREG(status.st_mode)) refuse(path, "it is no plain file", "give the path of a file");
  uint64_t file_size = static_cast<uint64_t>(status.st_size), length = 0;
  if (!read_exactly(archive.file, &length, sizeof(length), path)) refuse(path, "it is too short");
  if (length > kLargestHeader || length > file_size - sizeof(length)) refuse(path, "its header is cut off");
  archive.header_text.resize(length);
  if (!read_exactly(archive.file, archive.header_text.data(), length, path)) refuse(path, "its header is cut off");
  archive.header = json::parse(archive.header_text, nullptr, /*allow_exceptions=*/false);
  if (!archive.header.is_object()) refuse(path, "its header is no JSON object");
  archive.data_size = file_size - sizeof(length) - length;
  return archive;
}

/// The number of bytes of the shape; nullopt when it does not fit 63 bits or a size is no natural number.
std::optional<uint64_t> bytes_of(const json& shape, at::ScalarType type, std::vector<int64_t>& sizes) {
  int64_t bytes = static_cast<int64_t>(c10::elementSize(type));
  for (const json& size : shape) {
    if (!size.is_number_unsigned() || size.get<uint64_t>() > INT64_MAX) return std::nullopt;
    sizes.push_back(size.get<int64_t>());
    if (__builtin_mul_overflow(bytes, sizes.back(), &bytes)) return std::nullopt;
  }
  return static_cast<uint64_t>(bytes);
}

Entry parse_entry(const std::string& name, const json& item, const fs::path& path) {
  Entry entry;
  entry.name = name;
  bool complete = item.is_object() && item.contains("dtype") && item["dtype"].is_string() && item.contains("shape") &&
                  item["shape"].is_array() && item.contains("data_offsets") && item["data_offsets"].is_array() &&
                  item["data_offsets"].size() == 2 && item["data_offsets"][0].is_number_unsigned() &&
                  item["data_offsets"][1].is_number_unsigned();
  if (!complete) refuse(path, "tensor '" + name + "' is not described as it should be");
  std::optional<at::ScalarType> type = type_called(item["dtype"].get<std::string>());
  if (!type)
    refuse(path, "tensor '" + name + "' has the unknown type " + item["dtype"].dump(), "convert it to float32, say");
  entry.type = *type;
  entry.begin = item["data_offsets"][0].get<uint64_t>();
  entry.end = item["data_offsets"][1].get<uint64_t>();
  std::optional<uint64_t> bytes = bytes_of(item["shape"], *type, entry.shape);
  if (!bytes || entry.end < entry.begin || entry.end - entry.begin != *bytes)
    refuse(path, "the size of tensor '" + name + "' does not fit its shape");
  return entry;
}

/// In the order of the data, which they fill without gap or overlap.
std::vector<Entry> parse_entries(const OpenArchive& archive, const fs::path& path) {
  std::vector<Entry> entries;
  for (const auto& [name, item] : archive.header.items())
    if (name != "__metadata__") entries.push_back(parse_entry(name, item, path));
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  uint64_t offset = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != offset) refuse(path, "tensor '" + entry.name + "' overlaps another or leaves a gap");
    offset = entry.end;
  }
  if (offset != archive.data_size)
    refuse(path, fmt::format("it holds {} bytes of data and should hold {}", archive.data_size, offset));
  return entries;
}

/// Another byte than 0 or 1 in a bool is undefined behaviour later on.
bool valid_bools(const at::Tensor& tensor) {
  const auto* bytes = static_cast<const uint8_t*>(tensor.const_data_ptr());
  return std::all_of(bytes, bytes + tensor.numel(), [](uint8_t byte) { return byte <= 1; });
}

std::map<std::string, at::Tensor> read_tensors(const OpenArchive& archive, const fs::path& path, Hasher* hasher) {
  std::map<std::string, at::Tensor> tensors;
  for (const Entry& entry : parse_entries(archive, path)) {
    at::Tensor tensor = at::empty(entry.shape, entry.type);
    if (!read_exactly(archive.file, tensor.mutable_data_ptr(), tensor.nbytes(), path)) refuse(path, "it is cut off");
    if (hasher) hasher->update(tensor.const_data_ptr(), tensor.nbytes());
    if (entry.type == at::kBool && !valid_bools(tensor)) refuse(path, "tensor '" + entry.name + "' is not boolean");
    tensors.emplace(entry.name, std::move(tensor));
  }
  return tensors;
}

/// Takes the checksum out of the header. Our header must be, byte for byte, the text that its content gives, so that no
/// flipped bit hides in white space or in another spelling of the same value.
std::string take_checksum(OpenArchive& archive, const fs::path& path) {
  auto notes = archive.header.find("__metadata__");
  bool ours = notes != archive.header.end() && notes->is_object() && notes->contains("medvol") &&
              (*notes)["medvol"].is_string() && notes->contains("checksum") && (*notes)["checksum"].is_string();
  if (!ours) refuse(path, "it has no checksum of medvol", "it was not written by medvol, or is damaged");
  if (padded_text(archive.header) != archive.header_text) refuse(path, "its header is damaged");
  std::string recorded = (*notes)["checksum"].get<std::string>();
  notes->erase("checksum");
  return recorded;
}

json parse_metadata(const OpenArchive& archive, const fs::path& path) {
  json metadata = json::parse(archive.header["__metadata__"]["medvol"].get_ref<const std::string&>(), nullptr, false);
  if (metadata.is_discarded()) refuse(path, "its metadata are no JSON");
  return metadata;
}

}  // namespace

void write_tensor_archive(const fs::path& path, const TensorArchive& archive) {
  std::vector<NamedTensor> tensors = in_file_order(archive.tensors);
  json header = header_of(tensors, archive.metadata);
  Hasher hasher;
  hasher.update(header.dump());
  for (const NamedTensor& tensor : tensors) hasher.update(tensor.data.const_data_ptr(), tensor.data.nbytes());
  header["__metadata__"]["checksum"] = hasher.hex();
  std::string text = padded_text(header);
  MEDVOL_CHECK(text.size() <= kLargestHeader, "the header of {} has {} bytes", path.string(), text.size());
  uint64_t length = text.size();
  AtomicFile file(path);
  file.write(&length, sizeof(length));
  file.write(text);
  for (const NamedTensor& tensor : tensors) file.write(tensor.data.const_data_ptr(), tensor.data.nbytes());
  file.commit();
}

TensorArchive read_tensor_archive(const fs::path& path) {
  OpenArchive archive = open_archive(path);
  std::string recorded = take_checksum(archive, path);
  Hasher hasher;
  hasher.update(archive.header.dump());
  TensorArchive content;
  content.tensors = read_tensors(archive, path, &hasher);
  if (hasher.hex() != recorded) refuse(path, "its content does not fit its checksum");
  content.metadata = parse_metadata(archive, path);
  return content;
}

json read_tensor_archive_metadata(const fs::path& path) {
  OpenArchive archive = open_archive(path);
  take_checksum(archive, path);
  parse_entries(archive, path);
  return parse_metadata(archive, path);
}

TensorArchive read_safetensors(const fs::path& path) {
  OpenArchive archive = open_archive(path);
  TensorArchive content;
  content.tensors = read_tensors(archive, path, nullptr);
  auto notes = archive.header.find("__metadata__");
  if (notes != archive.header.end()) content.metadata = *notes;
  return content;
}

}  // namespace medvol::storage
