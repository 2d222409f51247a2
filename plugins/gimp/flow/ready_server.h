// A server to paint on, for who has no window to watch it in.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "core/settings.h"
#include "impasto/client.h"

namespace impasto::gimp {

struct ReadyServer {
  Client client;
  v1::Model model;

  std::string ModelName() const;  // "vgg19"
};

// Waits until a job can start, with GIMP's progress bar moving. `model`: "vgg19"; empty: the first that is
// loaded. UNAVAILABLE, for people: nobody is there, or it isn't ready within a minute. NOT_FOUND: it has no
// such model.
absl::StatusOr<ReadyServer> WaitForServer(const ServerSettings& server, const std::string& model);

}  // namespace impasto::gimp
