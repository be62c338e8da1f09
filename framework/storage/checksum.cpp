#include "framework/storage/checksum.h"

#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <vector>

#include "framework/core/error.h"
#include "framework/storage/file_error.h"

namespace medvol::storage {
namespace {

constexpr size_t kHashBytes = 16;
using Digest = std::array<unsigned char, kHashBytes>;

std::string hexadecimal(const Digest& digest) {
  char text[2 * kHashBytes + 1];
  return sodium_bin2hex(text, sizeof(text), digest.data(), digest.size());
}

const unsigned char* as_bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

struct Hasher::State {
  crypto_generichash_state blake;
};

Hasher::Hasher() : state_(std::make_unique<State>()) {
  MEDVOL_CHECK(sodium_init() >= 0);
  crypto_generichash_init(&state_->blake, nullptr, 0, kHashBytes);
}
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;
Hasher::~Hasher() = default;

Hasher& Hasher::update(const void* bytes, size_t size) {
  crypto_generichash_update(&state_->blake, static_cast<const unsigned char*>(bytes), size);
  return *this;
}

std::string Hasher::hex() const {
  crypto_generichash_state copy = state_->blake;  // finishing spoils the state
  Digest digest;
  crypto_generichash_final(&copy, digest.data(), digest.size());
  return hexadecimal(digest);
}

std::string checksum(std::string_view bytes) { return Hasher().update(bytes).hex(); }

std::string file_checksum(const std::filesystem::path& path) {
  Descriptor file = Descriptor::open(path, O_RDONLY, "read");
  Hasher hasher;
  std::vector<char> buffer(1 << 20);
  while (true) {
    ssize_t count = ::read(file.number(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_file_error("read", path, errno);
    if (count == 0) return hasher.hex();
    hasher.update(buffer.data(), static_cast<size_t>(count));
  }
}

std::string keyed_hash(std::string_view key, std::string_view text) {
  MEDVOL_CHECK(sodium_init() >= 0);
  // BLAKE2b takes keys of 16 to 64 bytes; hashing the key first makes any text a key of full length.
  std::array<unsigned char, crypto_generichash_KEYBYTES> full_key;
  crypto_generichash(full_key.data(), full_key.size(), as_bytes(key), key.size(), nullptr, 0);
  Digest digest;
  crypto_generichash(digest.data(), digest.size(), as_bytes(text), text.size(), full_key.data(), full_key.size());
  return hexadecimal(digest);
}

}  // namespace medvol::storage
