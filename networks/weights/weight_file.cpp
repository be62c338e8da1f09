#include "networks/weights/weight_file.h"

#include <algorithm>
#include <fstream>

#include <caffe2/serialize/inline_container.h>

#include "framework/core/error.h"
#include "framework/storage/tensor_archive.h"
#include "networks/weights/pickle.h"

namespace medvol::networks {
namespace {

using caffe2::serialize::PyTorchStreamReader;
constexpr const char* save_again = "in Python, save it again: torch.save(model.state_dict(), file), or as safetensors";

std::string first_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw core::UserError("cannot read the file", path.string(), "give a .safetensors, .pt or .pth file");
  std::string bytes(9, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<size_t>(file.gcount()));
  return bytes;
}

/// The record as a tensor of `count` elements.
torch::Tensor read_storage(PyTorchStreamReader& reader, at::ScalarType type, const std::string& key, int64_t count,
                           const std::string& where) {
  const std::string record = "data/" + key;
  if (!reader.hasRecord(record)) throw core::UserError("lacks its record " + record, where, save_again);
  auto [data, size] = reader.getRecord(record);
  if (static_cast<uint64_t>(count) > size / c10::elementSize(type))
    throw core::UserError(fmt::format("is damaged: {} holds {} bytes, too few for {} numbers", record, size, count),
                          where, save_again);
  const c10::Storage storage(c10::Storage::use_byte_size_t(), size, std::move(data), nullptr, false);
  return torch::empty({0}, type).set_(storage, 0, {count}, {1});
}

const PickleItem* find(const PickleItem& dictionary, const std::string& key) {
  for (const auto& [name, value] : dictionary.entries)
    if (name->kind == PickleItem::Kind::text && name->text == key) return value;
  return nullptr;
}

bool holds_tensors(const PickleItem& item) {
  return std::any_of(item.entries.begin(), item.entries.end(), [](const auto& entry) {
    return entry.second->kind == PickleItem::Kind::tensor && entry.first->kind == PickleItem::Kind::text;
  });
}

WeightFile weights_in(const PickleItem& root, const std::string& where) {
  WeightFile file;
  const PickleItem* found = holds_tensors(root) ? &root : nullptr;
  for (const char* key : {"state_dict", "network_weights", "model_state_dict", "model", "network", "net", "params"}) {
    if (found) break;
    const PickleItem* inner = find(root, key);
    if (!inner || !holds_tensors(*inner)) continue;
    found = inner;
    file.entry = key;
  }
  if (!found) throw core::UserError("holds no weights by name", where, save_again);
  for (const auto& [name, value] : found->entries)
    if (name->kind == PickleItem::Kind::text && value->kind == PickleItem::Kind::tensor)
      file.tensors[name->text] = value->tensor;
  return file;
}

WeightFile read_torch_file(const std::filesystem::path& path) {
  const std::string where = path.string();
  try {
    PyTorchStreamReader reader(where);
    if (reader.hasRecord("constants.pkl"))
      throw core::UserError("is a TorchScript file, which is code and weights in one", where, save_again);
    if (reader.hasRecord("byteorder")) {
      const auto [data, size] = reader.getRecord("byteorder");
      if (std::string(static_cast<const char*>(data.get()), size) != "little")
        throw core::UserError("has its bytes in another order", where, "save it on a little-endian machine");
    }
    const auto [data, size] = reader.getRecord("data.pkl");
    const Pickle pickle(
        {static_cast<const char*>(data.get()), size},
        [&](at::ScalarType type, const std::string& key, int64_t count) {
          return read_storage(reader, type, key, count, where);
        },
        where);
    return weights_in(pickle.value(), where);
  } catch (const c10::Error&) {
    throw core::UserError("is damaged or cut off, or no file of torch.save", where, "copy or save it again");
  }
}

/// Takes a prefix off as often as every name has it.
void strip_wrappers(WeightFile& file) {
  const std::string prefixes[] = {"module.", "_orig_mod."};
  const auto everywhere = [&](const std::string& prefix) {
    return std::all_of(file.tensors.begin(), file.tensors.end(),
                       [&](const auto& item) { return item.first.starts_with(prefix); });
  };
  for (bool again = !file.tensors.empty(); again;) {
    again = false;
    for (const std::string& prefix : prefixes) {
      if (!everywhere(prefix)) continue;
      std::map<std::string, torch::Tensor> shorter;
      for (const auto& [name, tensor] : file.tensors) shorter.emplace(name.substr(prefix.size()), tensor);
      file.tensors = std::move(shorter);
      file.stripped += prefix;
      again = true;
    }
  }
}

}  // namespace

WeightFile read_weight_file(const std::filesystem::path& path) {
  const std::string bytes = first_bytes(path);
  WeightFile file;
  if (bytes.starts_with("PK\x03\x04"))
    file = read_torch_file(path);
  else if (bytes.starts_with("\x80"))
    throw core::UserError("is a pickle in the format before torch 1.6, which is not read", path.string(), save_again);
  else if (bytes.size() == 9 && bytes[8] == '{')
    file.tensors = storage::read_safetensors(path).tensors;
  else
    throw core::UserError("is no weight file", path.string(), "give a .safetensors file or one of torch.save");
  strip_wrappers(file);
  return file;
}

std::map<std::string, torch::Tensor> named_tensors(const torch::nn::Module& module) {
  std::map<std::string, torch::Tensor> tensors;
  for (const auto& item : module.named_parameters()) tensors.emplace(item.key(), item.value());
  for (const auto& item : module.named_buffers()) tensors.emplace(item.key(), item.value());
  return tensors;
}

void write_weight_file(const torch::nn::Module& module, const std::filesystem::path& path,
                       const std::map<std::string, std::string>& notes) {
  storage::TensorArchive archive{.tensors = named_tensors(module)};
  for (const auto& [key, text] : notes) archive.metadata[key] = text;
  storage::write_tensor_archive(path, archive);
}

}  // namespace medvol::networks
