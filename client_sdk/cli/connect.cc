#include "cli/connect.h"

#include <iostream>

#include "cli/explain.h"

namespace impasto::cli {

absl::StatusOr<Client> ConnectOrExplain(const std::string& address, double wait_seconds) {
  ClientOptions options;
  options.address = address;
  if (wait_seconds > 0) {
    options.connect_timeout = absl::Seconds(wait_seconds);
    options.wait_for_server = true;
  }
  absl::StatusOr<Client> client = Client::Connect(options);
  if (!client.ok()) {
    std::cerr << "impasto: " << Explain(client.status(), address.empty() ? DefaultServerAddress() : address)
              << std::endl;
  }
  return client;
}

}  // namespace impasto::cli
