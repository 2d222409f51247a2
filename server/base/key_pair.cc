#include "base/key_pair.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdint>
#include <ctime>
#include <memory>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status_macros.h"

namespace impasto {
namespace {

constexpr int64_t kMaxPemBytes = int64_t{1} << 20;

template <auto kFree>
struct Freer {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Bio = std::unique_ptr<BIO, Freer<BIO_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;

// OpenSSL would ask the terminal.
int NoPassPhrase(char*, int, int, void*) { return -1; }

Bio Open(const std::string& pem) { return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))); }

absl::Status Bad(const std::string& path, absl::string_view why) {
  ERR_clear_error();
  return absl::InvalidArgumentError(absl::StrCat(path, " ", why));
}

}  // namespace

absl::StatusOr<absl::Time> CheckKeyPair(const KeyPairFiles& files) {
  IMPASTO_ASSIGN_OR_RETURN(const std::string certificate_pem, ReadFile(files.certificate, kMaxPemBytes));
  IMPASTO_ASSIGN_OR_RETURN(const std::string key_pem, ReadFile(files.key, kMaxPemBytes));
  const Certificate certificate(
      PEM_read_bio_X509(Open(certificate_pem).get(), nullptr, NoPassPhrase, nullptr));
  if (certificate == nullptr) return Bad(files.certificate, "holds no certificate in PEM form");
  const Key key(PEM_read_bio_PrivateKey(Open(key_pem).get(), nullptr, NoPassPhrase, nullptr));
  if (key == nullptr) return Bad(files.key, "holds no private key in PEM form without a pass phrase");
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return Bad(files.key, absl::StrCat("isn't the key of the certificate in ", files.certificate));
  }
  std::tm end{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &end) != 1) {
    return Bad(files.certificate, "doesn't say until when it is valid");
  }
  return absl::FromTM(end, absl::UTCTimeZone());
}

}  // namespace impasto
