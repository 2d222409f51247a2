// What calls with one answer have in common.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <functional>

#include "absl/status/status.h"
#include "rpc/callers.h"
#include "rpc/worker.h"

namespace impasto::rpc {

// Ends a call at once.
grpc::ServerUnaryReactor* FinishWith(grpc::CallbackServerContext* context, const absl::Status& status);

// Ends a call with what `answer` says, which runs on the worker, unless the client has gone by then. The
// call's context, request and response live until it has ended.
grpc::ServerUnaryReactor* FinishOn(Worker* worker, grpc::CallbackServerContext* context,
                                   std::function<absl::Status()> answer);

// Finds out who calls, and ends the call at once with what `answer` says, or with why he may not call.
grpc::ServerUnaryReactor* Answer(const Callers& callers, grpc::CallbackServerContext* context,
                                 const std::function<absl::Status(const Caller&)>& answer);

// The same, with `answer` on the worker.
grpc::ServerUnaryReactor* AnswerOn(Worker* worker, const Callers& callers,
                                   grpc::CallbackServerContext* context,
                                   std::function<absl::Status(const Caller&)> answer);

// A worker's queue is full.
absl::Status TooManyWaiting();

}  // namespace impasto::rpc
