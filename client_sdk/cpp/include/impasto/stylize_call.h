// One job on its way, as a stream of events.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "impasto/picture.h"
#include "impasto/v1/stylization.pb.h"

namespace impasto {

// A picture on the way.
struct PreviewPicture {
  int iteration = 0;  // steps made when it was taken, at least 1
  ReceivedPicture picture;
};

// The picture at the end: of the lowest total loss. A job that failed or was cancelled on the way may send
// its best so far.
struct ResultPicture {
  int iteration = 0;      // the steps behind it; 0 is the start
  double total_loss = 0;  // its own
  int level = 0;          // of the pyramid, that it was painted at; 0 is the coarsest
  ReceivedPicture picture;
};

// The connection broke: the server went away, or the network did. The next Next() tries to attach again, for
// up to ClientOptions::reattach_timeout.
struct ConnectionLost {
  absl::Status status;  // UNAVAILABLE, with what is known
};

// Accepted comes first (the job's name, resolved recipe, working size, warnings that the user has to see);
// Progress once for each evaluation of the losses; previews as asked for and as far as the reader keeps up;
// RecipeChange where something was changed while the job runs; StateChanged where it was paused, set aside or
// taken up again.
using StylizeEvent = std::variant<v1::Accepted, v1::Progress, PreviewPicture, ResultPicture, v1::RecipeChange,
                                  v1::StateChanged, ConnectionLost>;

// A stream of a job's events: the one that started the job (Client::StartStylize), or one more
// (Client::WatchJob). The job belongs to the server: whoever wants it stopped says so with Cancel(); whoever
// wants it to go on alone, with Detach(). A call that is destroyed does neither. It leaves the job: one that
// isn't detached, and that nobody else watches, is then set aside by the server, can be had again with
// WatchJob(job(), last_event()) and is cancelled after the server's --orphan-grace.
//
// A connection that breaks (UNAVAILABLE) is made again by Next(), with WatchJob from the last event on:
// nothing is missed and nothing comes twice. A picture that was cut in the middle comes again whole; for a
// preview it may be a newer one. A request that broke before it was accepted is sent again with the same
// request_id, so that it makes no second job.
//
// An interface, so that tests can play a server: impasto/mocks. Whoever has the pointer owns the call.
//
// Next() and Finish() are for one thread. The rest may be called from any thread, as long as the call lives.
class StylizeCall {
 public:
  // Leaves the job if it isn't finished, and waits for that: local, no network round trip.
  virtual ~StylizeCall() = default;
  StylizeCall(const StylizeCall&) = delete;
  StylizeCall& operator=(const StylizeCall&) = delete;

  // Blocks until there is something new; nullopt: nothing will come any more, Finish() says why. The first
  // call sends the request, after it has uploaded the pictures that are too large for it.
  virtual std::optional<StylizeEvent> Next() = 0;

  // Reads and drops what is left, and says how the job ended. OK: it made its steps and Next() gave the
  // whole result; or it had ended before the `after_event` that was to be watched from. CANCELLED: by
  // Cancel(), by somebody else, or Detach() was called. UNAVAILABLE: the server can't be reached any more.
  // INTERNAL: the server didn't keep to the protocol. Otherwise the server's own status: see error.h. May be
  // called again, with the same answer.
  virtual absl::Status Finish() = 0;

  // "jobs/...": known from the start for a watched job, else once it is accepted; "" before.
  virtual std::string job() const = 0;

  // The sequence number of the last event that was taken whole, to go on from with Client::WatchJob; 0: none.
  virtual int64_t last_event() const = 0;

  // Stops the job within one step: the server is told (CancelJob). The stream goes on to its end, soon, and
  // may bring the best picture so far before it. A job that isn't accepted yet is looked for by its
  // request_id; where there is none, or the server can't be told, this only leaves, and the server cancels
  // the job after its --orphan-grace. Blocks no longer than `wait`, until the server has answered. True: it
  // has cancelled the job, or never got it.
  virtual bool Cancel(absl::Duration wait = absl::ZeroDuration()) = 0;

  // Leaves the job, which goes on alone: the server is told first (UpdateJob) where it doesn't know. Next()
  // gives nothing any more. Blocks until the server has answered, 10 s at most. FAILED_PRECONDITION: the job
  // isn't accepted yet. After an error the call goes on as before.
  virtual absl::Status Detach() = 0;

 protected:
  StylizeCall() = default;
};

}  // namespace impasto
