// Paints a photograph in the manner of a painting, and writes the picture as it grows.
//
//   impasto_example_paint PHOTO PAINTING OUT.png
//
// The server comes from the environment: IMPASTO_SERVER, else 127.0.0.1:50451; IMPASTO_TLS_CA and
// IMPASTO_TOKEN where it wants them.
#include <iostream>
#include <string>

#include "impasto/client.h"
#include "painting.h"

namespace {

int Fail(const absl::Status& status) {
  const std::string field = impasto::ErrorField(status);
  if (!field.empty()) {
    std::cerr << "the server refuses " << field << "\n";
  }
  std::cerr << status.message() << "\n";
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: impasto_example_paint PHOTO PAINTING OUT.png\n";
    return 2;
  }
  const absl::StatusOr<impasto::Client> client = impasto::Client::Connect();
  if (!client.ok()) {
    return Fail(client.status());
  }
  const absl::Status status = Paint(*client, argv[1], argv[2], argv[3], std::cout);
  return status.ok() ? 0 : Fail(status);
}
