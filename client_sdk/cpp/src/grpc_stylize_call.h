// StylizeCall over gRPC.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include <grpcpp/client_context.h>
#include <grpcpp/support/sync_stream.h>

#include "absl/status/status.h"
#include "backoff.h"
#include "canceller.h"
#include "client_core.h"
#include "event_translator.h"
#include "impasto/stylize_call.h"
#include "job_cancellation.h"

namespace impasto {

class GrpcStylizeCall final : public StylizeCall {
 public:
  // Starts a job.
  GrpcStylizeCall(std::shared_ptr<const ClientCore> core, v1::StylizeRequest request);
  // Watches one.
  GrpcStylizeCall(std::shared_ptr<const ClientCore> core, const v1::WatchJobRequest& request);
  ~GrpcStylizeCall() override;

  std::optional<StylizeEvent> Next() override;
  absl::Status Finish() override;
  std::string job() const override { return cancellation_->job(); }
  int64_t last_event() const override { return last_event_; }
  bool Cancel(absl::Duration wait) override;
  absl::Status Detach() override;

 private:
  using Reader = grpc::ClientReaderInterface<v1::JobEvent>;

  // Opens a stream: the first one, or after a break, when the server is there again.
  absl::Status Open();
  absl::Status WaitForReturn();
  void OpenStream();
  // Ends the stream. Its status, or what is wrong with its end.
  absl::Status CloseStream();
  absl::Status StatusOfEnd() const;
  // The call's end with `status`, unless it is worth another stream.
  std::optional<StylizeEvent> Ended(const absl::Status& status);
  absl::Status Left() const;

  const std::shared_ptr<const ClientCore> core_;
  std::shared_ptr<JobCancellation> cancellation_;  // set once
  const int64_t after_event_;
  v1::StylizeRequest request_;  // until it is accepted
  std::unique_ptr<grpc::ClientContext> context_;
  std::optional<Canceller::Scope> scope_;
  std::unique_ptr<Reader> reader_;

  EventTranslator translator_;
  Backoff backoff_;
  std::minstd_rand random_{std::random_device()()};
  // Since the connection broke, until an event has come again: how it broke first, and what came of it last.
  std::optional<absl::Status> broken_;
  absl::Status last_error_;
  std::optional<absl::Status> outcome_;

  std::atomic<int64_t> last_event_;
  std::atomic<bool> server_knows_detached_;
  std::atomic<bool> detached_ = false;  // by Detach()
};

}  // namespace impasto
