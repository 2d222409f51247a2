#include "engine/weights/sha256.h"

#include <openssl/evp.h>

#include <algorithm>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "base/status_macros.h"
#include "engine/weights/byte_source.h"

namespace impasto::engine {

struct Sha256::Context {
  EVP_MD_CTX* evp = EVP_MD_CTX_new();
  ~Context() { EVP_MD_CTX_free(evp); }
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  EVP_DigestInit_ex(context_->evp, EVP_sha256(), nullptr);
}

Sha256::~Sha256() = default;

void Sha256::Update(const void* data, size_t size) { EVP_DigestUpdate(context_->evp, data, size); }

std::string Sha256::Finish() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  EVP_DigestFinal_ex(context_->evp, digest, &length);
  return absl::BytesToHexString(std::string(reinterpret_cast<const char*>(digest), length));
}

std::string Sha256OfString(absl::string_view text) {
  Sha256 sha;
  sha.Update(text.data(), text.size());
  return sha.Finish();
}

absl::StatusOr<std::string> Sha256OfFile(const std::string& path) {
  IMPASTO_ASSIGN_OR_RETURN(auto file, OpenFileBytes(path));
  Sha256 sha;
  std::vector<char> piece(size_t{1} << 20);
  for (uint64_t offset = 0; offset < file->size();) {
    const size_t count = static_cast<size_t>(std::min<uint64_t>(piece.size(), file->size() - offset));
    IMPASTO_RETURN_IF_ERROR(file->ReadAt(offset, piece.data(), count));
    sha.Update(piece.data(), count);
    offset += count;
  }
  return sha.Finish();
}

}  // namespace impasto::engine
