// A stream of a job's events: what Stylize and WatchJob answer with.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "impasto/v1/job.pb.h"
#include "jobs/job.h"
#include "rpc/picture_chunks.h"
#include "rpc/place.h"

namespace impasto::rpc {

// Sends a job's events at the client's pace. One thing is under way at a time, and its end starts the next: a
// write, or the wait for the job's next event. Whoever handles it holds the stream; so there is never more
// than one write in flight, and Finish is called once. A client that leaves has its watch dropped and the
// call ended at once; what becomes of the job is the jobs' business.
//
// A client that stalls costs one picture, the one that is being sent, and two chunks of it: one as a message
// and one as gRPC writes it.
class EventStream final : public grpc::ServerWriteReactor<v1::JobEvent> {
 public:
  // `place` is given back when the call has ended. Deletes itself then.
  explicit EventStream(std::unique_ptr<Place> place) : place_(std::move(place)) {}

  // Begins with the watch's first event, or ends the call with the error. Exactly one call, on any thread.
  // The stream may be gone when it returns.
  void Start(absl::StatusOr<std::unique_ptr<jobs::Watch>> watch);
  // Before Start: the client has gone, nobody will read.
  bool client_left() const;

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override { delete this; }

 private:
  enum class State {
    kHeld,     // somebody handles what is done, and starts the next thing; before Start, its caller
    kWriting,  // a write is in flight; who hears of its end holds the stream
    kArming,   // somebody asks to be woken, and still holds the stream when a wake comes at once
    kWaiting,  // for a wake; who brings it holds the stream, or a client that leaves
  };

  // The rest is for the holder. Each is the last statement of whoever calls it: the stream may be gone.
  void SendNext();
  void WaitForEvent();
  void End(const absl::Status& status);

  void OnWake();
  void TakeNextEvent();
  // Goes on to `next`, unless the client has left: false then, and the holder ends the call.
  bool GoTo(State next);

  const std::unique_ptr<Place> place_;

  // The holder's.
  std::unique_ptr<jobs::Watch> watch_;
  EventMessages messages_;  // of the event that is being sent
  v1::JobEvent message_;    // the one that is being written

  mutable Mutex mutex_;
  State state_ ABSL_GUARDED_BY(mutex_) = State::kHeld;
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;  // while arming
  bool client_left_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace impasto::rpc
