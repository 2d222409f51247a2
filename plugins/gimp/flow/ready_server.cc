#include "flow/ready_server.h"

#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

#include <libgimp/gimp.h>

#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "absl/strings/substitute.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/server_watch.h"
#include "core/text.h"
#include "host/request.h"

namespace impasto::gimp {
namespace {

constexpr absl::Duration kPatience = absl::Minutes(1);

// Set by another thread, waited for by GIMP's.
class Bell {
 public:
  void Ring() {
    const std::lock_guard lock(mutex_);
    rung_ = true;
    changed_.notify_one();
  }
  void WaitFor(absl::Duration duration) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, absl::ToChronoMilliseconds(duration), [this] { return rung_; });
    rung_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool rung_ = false;
};

std::string ShortName(const v1::Model& model) {
  return std::string(absl::StripPrefix(model.name(), "models/"));
}

absl::StatusOr<v1::Model> ChooseModel(const std::vector<v1::Model>& models, const std::string& wanted) {
  for (const v1::Model& model : models) {
    if (wanted.empty() ? model.state() == v1::Model::STATE_LOADED : ShortName(model) == wanted) {
      return model;
    }
  }
  if (wanted.empty() && !models.empty()) {
    return models.front();
  }
  const auto name = [](std::string* out, const v1::Model& model) { out->append(ShortName(model)); };
  return absl::NotFoundError(absl::Substitute(_("The server has no model \"$0\". It has: $1."), wanted,
                                              absl::StrJoin(models, ", ", name)));
}

}  // namespace

std::string ReadyServer::ModelName() const { return ShortName(model); }

absl::StatusOr<ReadyServer> WaitForServer(const ServerSettings& server, const std::string& model) {
  Bell bell;
  ServerWatch watch(server, ConnectOverGrpc(ClientName()), [&bell] { bell.Ring(); });
  const absl::Time deadline = absl::Now() + kPatience;
  while (true) {
    const ServerStatus status = watch.status();
    const std::optional<Client> client = watch.client();
    if (status.light == ServerStatus::Light::kReady && client.has_value()) {
      absl::StatusOr<v1::Model> chosen = ChooseModel(status.models, model);
      if (!chosen.ok()) {
        return std::move(chosen).status();
      }
      return ReadyServer{*client, *std::move(chosen)};
    }
    if (status.light == ServerStatus::Light::kUnreachable || absl::Now() > deadline) {
      return absl::UnavailableError(status.words);
    }
    gimp_progress_pulse();
    bell.WaitFor(absl::Milliseconds(100));
  }
}

}  // namespace impasto::gimp
