// The work behind StylizeCall.
#pragma once

#include <memory>
#include <optional>

#include <grpcpp/client_context.h>
#include <grpcpp/support/sync_stream.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "canceller.h"
#include "client_core.h"
#include "impasto/stylize_call.h"
#include "picture_assembler.h"

namespace impasto {

class StylizeCall::Impl {
 public:
  Impl(std::shared_ptr<const ClientCore> core, v1::StylizeRequest request);
  ~Impl();

  std::optional<StylizeEvent> Next();
  absl::Status Finish();
  void Cancel() { canceller_.Cancel(); }

 private:
  using Reader = grpc::ClientReaderInterface<v1::JobEvent>;

  absl::Status Start();
  // nullopt: the event tells the caller nothing (yet).
  absl::StatusOr<std::optional<StylizeEvent>> Translate(v1::JobEvent event);
  absl::StatusOr<std::optional<StylizeEvent>> TranslatePreview(v1::Preview preview);
  absl::StatusOr<std::optional<StylizeEvent>> TranslateResult(v1::Result result);
  // Ends the stream and decides what became of the job.
  absl::Status Conclude();

  const std::shared_ptr<const ClientCore> core_;
  Canceller canceller_;
  v1::StylizeRequest request_;  // until it is sent
  grpc::ClientContext context_;
  std::optional<Canceller::Scope> scope_;
  std::unique_ptr<Reader> reader_;
  bool started_ = false;

  // Pictures of both kinds come in chunks; the number is that of the picture whose chunks are coming.
  enum class Pending { kPreview, kResult };
  PictureAssembler assembler_;
  Pending pending_kind_ = Pending::kPreview;
  int pending_iteration_ = 0;

  bool has_result_ = false;
  std::optional<v1::Finished> finished_;
  std::optional<absl::Status> outcome_;
};

}  // namespace impasto
