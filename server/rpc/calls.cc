#include "rpc/calls.h"

#include <utility>

#include "rpc/status.h"

namespace impasto::rpc {

grpc::ServerUnaryReactor* FinishWith(grpc::CallbackServerContext* context, const absl::Status& status) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpcStatus(status));
  return reactor;
}

grpc::ServerUnaryReactor* FinishOn(Worker* worker, grpc::CallbackServerContext* context,
                                   std::function<absl::Status()> answer) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const bool posted = worker->TryPost([context, reactor, answer = std::move(answer)] {
    const absl::Status status =
        context->IsCancelled() ? absl::CancelledError("the client cancelled the call") : answer();
    reactor->Finish(ToGrpcStatus(status));
  });
  if (!posted) reactor->Finish(ToGrpcStatus(TooManyWaiting()));
  return reactor;
}

grpc::ServerUnaryReactor* Answer(const Callers& callers, grpc::CallbackServerContext* context,
                                 const std::function<absl::Status(const Caller&)>& answer) {
  const absl::StatusOr<Caller> caller = callers.Identify(*context);
  return FinishWith(context, caller.ok() ? answer(*caller) : caller.status());
}

grpc::ServerUnaryReactor* AnswerOn(Worker* worker, const Callers& callers,
                                   grpc::CallbackServerContext* context,
                                   std::function<absl::Status(const Caller&)> answer) {
  absl::StatusOr<Caller> caller = callers.Identify(*context);
  if (!caller.ok()) return FinishWith(context, caller.status());
  return FinishOn(worker, context,
                  [caller = *std::move(caller), answer = std::move(answer)] { return answer(caller); });
}

absl::Status TooManyWaiting() {
  return absl::ResourceExhaustedError("too many calls are waiting; try again later");
}

}  // namespace impasto::rpc
