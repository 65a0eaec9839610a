#include <stet/encryption.hpp>

#include <sodium.h>

#include <array>
#include <map>
#include <stdexcept>

#include <stet/error.hpp>

#include "port/mutex.hpp"

namespace stet { inline namespace v0 {
namespace {

constexpr std::size_t nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(encryption::key_bytes == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);

/// The bytes of a key. They are wiped with the object, which is never moved.
struct secret {
  explicit secret(std::string_view key) {
    key.copy(reinterpret_cast<char*>(bytes.data()), bytes.size());
  }
  secret(const secret&) = delete;
  secret& operator=(const secret&) = delete;
  ~secret() { sodium_memzero(bytes.data(), bytes.size()); }
  std::array<unsigned char, encryption::key_bytes> bytes;
};

const unsigned char* in(std::string_view s) noexcept {
  return reinterpret_cast<const unsigned char*>(s.data());
}
unsigned char* out(std::string& s) noexcept { return reinterpret_cast<unsigned char*>(s.data()); }

/// Returns the bytes that are authenticated with a payload: the key's name and the payload's place.
std::string authenticated(std::string_view key, std::string_view binding) {
  std::string both(1, static_cast<char>(key.size()));
  both += key;
  both += binding;
  return both;
}

void check(std::string_view name, std::string_view key) {
  if (name.empty() || name.size() > encryption::name_bytes_max)
    throw error(errc::usage, "encryption",
                "the name of a key is 1 to " + std::to_string(encryption::name_bytes_max) +
                    " bytes, this one has " + std::to_string(name.size()));
  if (key.size() != encryption::key_bytes)
    throw error(errc::usage, "encryption",
                "the key '" + std::string(name) + "' has " + std::to_string(key.size()) +
                    " bytes, and a key has " + std::to_string(encryption::key_bytes));
}

void need_sodium() {
  if (sodium_init() < 0)
    throw error(errc::usage, "encryption", "libsodium can't be initialised: no randomness here");
}

}  // namespace

struct encryption::keys {
  using ring = std::map<std::string, secret, std::less<>>;
  port::shared_mutex mutex;
  ring all STET_GUARDED_BY(mutex);
  ring::const_iterator used STET_GUARDED_BY(mutex) = all.end();
  bool required = false;  // never changed
};

encryption::encryption(std::string_view name, std::string_view key, const encryption_options& o)
    : keys_(std::make_unique<keys>()) {
  need_sodium();
  keys_->required = o.required;
  add_key(name, key);
  use_key(name);
}
encryption::~encryption() = default;

void encryption::add_key(std::string_view name, std::string_view key) {
  check(name, key);
  port::lock_guard lock(keys_->mutex);
  auto [at, is_new] = keys_->all.try_emplace(std::string(name), key);
  if (!is_new && sodium_memcmp(at->second.bytes.data(), key.data(), key_bytes) != 0)
    throw error(
        errc::conflict, "encryption",
        "the name '" + std::string(name) + "' has another key already: give a new key a new name");
}

void encryption::use_key(std::string_view name) {
  port::lock_guard lock(keys_->mutex);
  auto at = keys_->all.find(name);
  if (at == keys_->all.end())
    throw error(errc::not_found, "encryption",
                "there is no key '" + std::string(name) + "': add it first");
  keys_->used = at;
}

std::string encryption::new_key() {
  need_sodium();
  std::string key(key_bytes, '\0');
  randombytes_buf(key.data(), key.size());
  return key;
}

std::string_view encryption::name() const noexcept { return "xchacha20"; }
bool encryption::is_required() const noexcept { return keys_->required; }

/// A sealed payload: the length of the key's name (one byte), the name, the nonce, and the
/// ciphertext with its tag.
std::optional<std::string> encryption::seal(std::string_view plain, const payload_place& where) {
  port::shared_guard lock(keys_->mutex);
  auto& [name, key] = *keys_->used;
  auto bound = authenticated(name, where.binding);
  std::string sealed(1, static_cast<char>(name.size()));
  sealed += name;
  auto nonce = sealed.size();
  sealed.resize(nonce + nonce_bytes + plain.size() + tag_bytes);
  randombytes_buf(out(sealed) + nonce, nonce_bytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(out(sealed) + nonce + nonce_bytes, nullptr, in(plain),
                                             plain.size(), in(bound), bound.size(), nullptr,
                                             out(sealed) + nonce, key.bytes.data());
  return sealed;
}

std::string encryption::open(std::string_view sealed, const payload_place& where,
                             std::size_t bytes_max) {
  std::size_t name_bytes = sealed.empty() ? 0 : static_cast<unsigned char>(sealed.front());
  if (name_bytes == 0 || name_bytes > name_bytes_max ||
      sealed.size() < 1 + name_bytes + nonce_bytes + tag_bytes)
    throw std::runtime_error("it is too short to be encrypted");
  auto name = sealed.substr(1, name_bytes);
  auto nonce = sealed.substr(1 + name_bytes, nonce_bytes);
  auto cipher = sealed.substr(1 + name_bytes + nonce_bytes);
  if (cipher.size() - tag_bytes > bytes_max) throw std::runtime_error("it is too long");
  port::shared_guard lock(keys_->mutex);
  auto key = keys_->all.find(name);
  if (key == keys_->all.end())
    throw std::runtime_error("it needs the key '" + std::string(name) +
                             "', which this engine doesn't have (encryption::add_key)");
  auto bound = authenticated(name, where.binding);
  std::string plain(cipher.size() - tag_bytes, '\0');
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(out(plain), nullptr, nullptr, in(cipher),
                                                 cipher.size(), in(bound), bound.size(), in(nonce),
                                                 key->second.bytes.data()) != 0)
    throw std::runtime_error("it was changed, or stood elsewhere, or the key '" +
                             std::string(name) + "' isn't the one it was encrypted with");
  return plain;
}

}}  // namespace stet::v0
