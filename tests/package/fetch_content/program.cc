// Links the SDK, and calls it as far as that goes without a server.
#include <iostream>

#include "impasto/client.h"

int main() {
  const absl::Status status = impasto::Client::Connect({.address = "nonsense"}).status();
  std::cout << impasto::ClientVersion() << ": " << status << "\n";
  return impasto::kHeaderVersion == impasto::ClientVersion() && absl::IsInvalidArgument(status) ? 0 : 1;
}
