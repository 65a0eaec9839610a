// Encryption of payloads, with libsodium. Link stet-encryption.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <stet/payload.hpp>

namespace stet { inline namespace v0 {

/// Options of an encryption.
struct encryption_options {
  /// Whether a payload that isn't encrypted is refused. If false, someone who can write into the
  /// store can put any payload there. If true, payloads that were stored before the encryption
  /// can't be read.
  bool required = false;
};

/// Encrypts payloads with keys that have names: one key for writing, all of them for reading.
/// XChaCha20-Poly1305 with a random nonce of 192 bits for each payload. The place of a payload is
/// authenticated too: a payload that was changed, cut short or moved doesn't open.
///
///     auto keys = std::make_shared<stet::encryption>("2026", key);   // 32 bytes, yours to keep
///     stet::engine engine{std::move(store), {.transforms = {stet::zstd(), keys}}};
///
/// Its name is "xchacha20". A sealed payload begins with the name of its key, which is not secret.
///
/// Thread   any.
class STET_API encryption final : public payload_transform {
 public:
  static constexpr std::size_t key_bytes = 32;
  static constexpr std::size_t name_bytes_max = 64;

  /// Makes an encryption with the key that is used for writing.
  ///
  /// Throws   errc::usage: a name has 1 to 64 bytes, a key 32.
  /// Life     `key` is copied, and the copy is wiped with this object.
  encryption(std::string_view name, std::string_view key, const encryption_options& o = {});
  ~encryption() override;

  /// Adds a key, to read what was written with it. It can't be removed. Runs that stalled because
  /// the key was missing go on when they are resumed.
  ///
  /// Throws   errc::usage as above; errc::conflict if the name has another key.
  void add_key(std::string_view name, std::string_view key);
  /// Chooses the key that is used for writing from now on.
  ///
  /// Throws   errc::not_found if there is no such key.
  void use_key(std::string_view name);

  /// Returns a new random key.
  ///
  /// Throws   errc::usage if libsodium finds no source of random bytes.
  static std::string new_key();

  std::string_view name() const noexcept override;
  std::optional<std::string> seal(std::string_view plain, const payload_place& where) override;
  std::string open(std::string_view sealed, const payload_place& where,
                   std::size_t bytes_max) override;
  bool is_required() const noexcept override;

 private:
  struct keys;
  std::unique_ptr<keys> keys_;
};

}  // namespace v0
}  // namespace stet
