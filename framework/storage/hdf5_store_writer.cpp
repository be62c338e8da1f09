#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <optional>
#include <set>

#include "framework/core/error.h"
#include "framework/core/logging.h"
#include "framework/storage/atomic_file.h"
#include "framework/storage/checksum.h"
#include "framework/storage/file_lock.h"
#include "framework/storage/hdf5_layout.h"
#include "framework/storage/hdf5_store.h"
#include "framework/storage/tensor_archive.h"

namespace medvol::storage {
namespace {

using nlohmann::json;
using Tensors = std::map<std::string, at::Tensor>;
namespace fs = std::filesystem;

constexpr const char* kPartEnding = ".part";

void require_name(const std::string& name, const std::string& what, const fs::path& path) {
  bool usable = !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos &&
                name.find('\0') == std::string::npos;
  if (!usable)
    throw core::UserError(what + " '" + name + "' cannot be used in a store", path.string(),
                          "rename it: no '/', not empty");
}

json forms_to_json(const StoredCase& content) {
  json forms = json::object();
  for (const auto& [name, tensor] : content.tensors) forms[name] = {static_cast<int>(tensor.type), tensor.shape};
  return forms;
}

StoredCase case_from_part(const json& metadata) {
  StoredCase content{{}, metadata.at("attributes"), metadata.at("checksum")};
  for (const auto& [name, form] : metadata.at("tensors").items())
    content.tensors[name] = {static_cast<at::ScalarType>(form.at(0).get<int>()),
                             form.at(1).get<std::vector<int64_t>>()};
  return content;
}

/// Fails now, clearly, rather than half-way when the disk cannot take that much.
void require_space(const fs::path& scratch, uint64_t bytes, const fs::path& shown_as) {
  Descriptor file = Descriptor::open(scratch, O_WRONLY | O_CREAT | O_TRUNC, "write", shown_as);
  if (::fallocate(file.number(), 0, 0, static_cast<off_t>(bytes)) == 0) return;
  if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG) throw_file_error("write", shown_as, errno);
}

void write_tensors(const Descriptor& file, const StoredCase& content, const Tensors& tensors,
                   const fs::path& shown_as) {
  for (const auto& [name, place] : content.tensors) {
    const at::Tensor& tensor = tensors.at(name);
    MEDVOL_CHECK(tensor.nbytes() == place.bytes(), "tensor '{}' changed its size", name);
    if (::lseek(file.number(), static_cast<off_t>(place.offset), SEEK_SET) < 0)
      throw_file_error("write", shown_as, errno);
    write_all(file, tensor.const_data_ptr(), tensor.nbytes(), shown_as);
  }
}

/// Removes the scratch file unless it was renamed away.
struct ScratchFile {
  fs::path path;
  ~ScratchFile() { ::unlink(path.c_str()); }
};

}  // namespace

struct StoreWriter::State {
  explicit State(fs::path store)
      : path(std::move(store)), folder(path.string() + ".parts"), lock(folder / ".lock", path.string()) {}

  fs::path path, folder;
  FileLock lock;
  mutable std::mutex guard;  ///< of what follows
  std::optional<StoreReader> previous;
  StoredCases parts;             ///< added and not yet merged
  std::set<std::string> erased;  ///< of the previous store's
  bool finished = false;

  fs::path part_path(const std::string& key) const { return folder / (checksum(key) + kPartEnding); }
  bool in_previous(const std::string& key) const { return previous && previous->has(key) && !erased.contains(key); }

  void find_parts();
  void adopt_part(const fs::path& part);
  StoredCases merged() const;
  Tensors tensors_of(const std::string& key) const;
  void write_store();
};

void StoreWriter::State::find_parts() {
  remove_abandoned_temporaries(folder);
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == kPartEnding) found.push_back(entry.path());
  for (const fs::path& part : found) adopt_part(part);
}

void StoreWriter::State::adopt_part(const fs::path& part) {
  try {
    json metadata = read_tensor_archive_metadata(part);
    std::string key = metadata.at("key");
    StoredCase content = case_from_part(metadata);
    if (part != part_path(key)) throw core::UserError("the name does not fit the case", part.string());
    // Killed after the merge and before the parts were removed.
    if (previous && previous->has(key) && previous->checksum(key) == content.checksum) {
      fs::remove(part);
      return;
    }
    parts[key] = std::move(content);
  } catch (const std::exception& error) {
    core::log_warning("a prepared case is damaged and is made again: {}", error.what());
    fs::remove(part);
  }
}

StoredCases StoreWriter::State::merged() const {
  StoredCases cases = parts;
  if (!previous) return cases;
  for (const std::string& key : previous->keys()) {
    if (erased.contains(key) || parts.contains(key)) continue;
    StoredCase& content = cases[key];
    content.attributes = previous->attributes(key);
    content.checksum = previous->checksum(key);
    for (const std::string& name : previous->names(key)) {
      at::Tensor tensor = previous->tensor(key, name);
      content.tensors[name] = {tensor.scalar_type(), tensor.sizes().vec()};
    }
  }
  return cases;
}

/// The data of a case, checked against the checksum.
Tensors StoreWriter::State::tensors_of(const std::string& key) const {
  if (!parts.contains(key)) {
    previous->verify(key);
    Tensors tensors;
    for (const std::string& name : previous->names(key)) tensors[name] = previous->tensor(key, name);
    return tensors;
  }
  try {
    return read_tensor_archive(part_path(key)).tensors;
  } catch (const core::UserError&) {
    fs::remove(part_path(key));
    throw core::UserError("the prepared case '" + key + "' is damaged and was removed", path.string(),
                          "run again to prepare it anew");
  }
}

void StoreWriter::State::write_store() {
  StoredCases cases = merged();
  ScratchFile scratch{folder / "merged.h5"};
  uint64_t bytes = 0;
  for (const auto& [key, content] : cases)
    for (const auto& [name, tensor] : content.tensors) bytes += tensor.bytes() + 64;
  if (bytes > 0) require_space(scratch.path, bytes, path);
  make_layout(scratch.path, cases);
  Descriptor file = Descriptor::open(scratch.path, O_WRONLY, "write", path);
  for (const auto& [key, content] : cases) write_tensors(file, content, tensors_of(key), path);
  file.close();
  replace_file(scratch.path, path);
}

StoreWriter::StoreWriter(fs::path path) : state_(std::make_unique<State>(std::move(path))) {
  if (fs::exists(state_->path)) state_->previous.emplace(state_->path);
  state_->find_parts();
}

StoreWriter::~StoreWriter() {
  if (!state_->parts.empty() || state_->finished) return;
  std::error_code ignored;  // nothing to continue: leave no folder behind
  fs::remove_all(state_->folder, ignored);
}

bool StoreWriter::has(const std::string& key) const {
  std::lock_guard lock(state_->guard);
  return state_->parts.contains(key) || state_->in_previous(key);
}

json StoreWriter::attributes(const std::string& key) const {
  std::lock_guard lock(state_->guard);
  if (auto part = state_->parts.find(key); part != state_->parts.end()) return part->second.attributes;
  if (state_->in_previous(key)) return state_->previous->attributes(key);
  throw core::UserError("no case '" + key + "' in the store", state_->path.string());
}

std::vector<std::string> StoreWriter::keys() const {
  std::lock_guard lock(state_->guard);
  std::set<std::string> keys;
  for (const auto& [key, content] : state_->parts) keys.insert(key);
  if (state_->previous)
    for (const std::string& key : state_->previous->keys())
      if (!state_->erased.contains(key)) keys.insert(key);
  return {keys.begin(), keys.end()};
}

void StoreWriter::add(const std::string& key, const Tensors& tensors, const json& attributes) {
  MEDVOL_CHECK(!state_->finished, "{} is finished", state_->path.string());
  require_name(key, "case", state_->path);
  StoredCase content;
  // Through text once, so that attributes are the same now and when read back.
  content.attributes = json::parse(attributes.dump(-1, ' ', true, json::error_handler_t::replace));
  TensorArchive part;
  for (const auto& [name, tensor] : tensors) {
    require_name(name, "tensor", state_->path);
    MEDVOL_CHECK(tensor.defined() && storable(tensor.scalar_type()), "case '{}', tensor '{}': a type no store has", key,
                 name);
    part.tensors[name] = tensor.detach().cpu().contiguous();
    content.tensors[name] = {tensor.scalar_type(), tensor.sizes().vec()};
  }
  content.checksum = case_checksum(part.tensors, content.attributes);
  part.metadata = {{"key", key},
                   {"attributes", content.attributes},
                   {"checksum", content.checksum},
                   {"tensors", forms_to_json(content)}};
  write_tensor_archive(state_->part_path(key), part);
  std::lock_guard lock(state_->guard);
  state_->parts[key] = std::move(content);
}

void StoreWriter::erase(const std::string& key) {
  std::lock_guard lock(state_->guard);
  MEDVOL_CHECK(!state_->finished, "{} is finished", state_->path.string());
  if (state_->parts.erase(key) > 0) fs::remove(state_->part_path(key));
  if (state_->previous && state_->previous->has(key)) state_->erased.insert(key);
}

void StoreWriter::finish() {
  std::lock_guard lock(state_->guard);
  MEDVOL_CHECK(!state_->finished, "{} is finished", state_->path.string());
  if (!state_->parts.empty() || !state_->erased.empty() || !state_->previous) state_->write_store();
  state_->finished = true;
  std::error_code ignored;  // what remains is recognised as merged by the next writer
  fs::remove_all(state_->folder, ignored);
}

}  // namespace medvol::storage
