// Certificates for tests of TLS, made anew in each run by the program openssl. They are good for two days.
#pragma once

#include <string>
#include <vector>

namespace impasto::testing {

// PEM.
struct ServerCertificate {
  std::string certificate;
  std::string key;
};

// Not thread-safe. Ends the test program where openssl fails.
class CertificateAuthority {
 public:
  // `folder` is there, ends with a slash, and is this authority's alone.
  explicit CertificateAuthority(std::string folder);

  // The authority's own certificate, PEM, and the file that has it.
  const std::string& root() const { return root_; }
  std::string root_file() const { return folder_ + "ca.pem"; }

  // For a server of these names: "DNS:localhost", "IP:127.0.0.1". `days`: 0 is one that has expired.
  ServerCertificate Issue(const std::vector<std::string>& names, int days = 2);
  // The files of the last one that was issued.
  std::string certificate_file() const { return folder_ + "server.pem"; }
  std::string key_file() const { return folder_ + "server.key"; }

 private:
  const std::string folder_;
  std::string root_;
};

}  // namespace impasto::testing
