#include "base/sha256.h"

#include <openssl/evp.h>

#include "absl/strings/escaping.h"

namespace impasto {

struct Sha256::Context {
  EVP_MD_CTX* evp = EVP_MD_CTX_new();
  ~Context() { EVP_MD_CTX_free(evp); }
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  EVP_DigestInit_ex(context_->evp, EVP_sha256(), nullptr);
}

Sha256::~Sha256() = default;

void Sha256::Update(const void* data, size_t size) { EVP_DigestUpdate(context_->evp, data, size); }

std::string Sha256::Finish() { return absl::BytesToHexString(FinishBytes()); }

std::string Sha256::FinishBytes() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  EVP_DigestFinal_ex(context_->evp, digest, &length);
  return std::string(reinterpret_cast<const char*>(digest), length);
}

std::string Sha256OfString(absl::string_view text) {
  Sha256 sha;
  sha.Update(text.data(), text.size());
  return sha.Finish();
}

}  // namespace impasto
