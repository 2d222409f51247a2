#include "tests/testing/certificates.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <utility>

namespace impasto::testing {
namespace {

constexpr char kKey[] = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes ";

std::string Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// In `folder`, whose name has no blanks.
void Openssl(const std::string& folder, const std::string& arguments) {
  const std::string command = "cd " + folder + " && openssl " + arguments + " 2>openssl.log";
  if (std::system(command.c_str()) != 0) {
    std::fprintf(stderr, "%s\n%s", command.c_str(), Read(folder + "openssl.log").c_str());
    std::abort();
  }
}

}  // namespace

CertificateAuthority::CertificateAuthority(std::string folder) : folder_(std::move(folder)) {
  Openssl(folder_,
          std::string("req -x509 ") + kKey + "-keyout ca.key -out ca.pem -days 2 -subj /CN=authority");
  root_ = Read(root_file());
}

ServerCertificate CertificateAuthority::Issue(const std::vector<std::string>& names, int days) {
  std::string all;
  for (const std::string& name : names) {
    all += (all.empty() ? "subjectAltName=" : ",") + name;
  }
  std::ofstream(folder_ + "names") << all << "\n";
  Openssl(folder_, std::string("req ") + kKey + "-keyout server.key -out server.csr -subj /CN=server");
  Openssl(folder_,
          "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days " +
              std::to_string(days) + " -extfile names");
  return {Read(certificate_file()), Read(key_file())};
}

}  // namespace impasto::testing
