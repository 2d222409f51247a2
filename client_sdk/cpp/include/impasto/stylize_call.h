// One stylization on its way.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>

#include "absl/status/status.h"
#include "impasto/picture.h"
#include "impasto/v1/stylization.pb.h"

namespace impasto {

// A picture on the way.
struct PreviewPicture {
  int iteration = 0;  // steps made when it was taken, at least 1
  ReceivedPicture picture;
};

// The picture at the end: of the lowest total loss. A job that failed on the way sends its best so far.
struct ResultPicture {
  int iteration = 0;      // the steps behind it; 0 is the start
  double total_loss = 0;  // its own
  int level = 0;          // of the pyramid, that it was painted at; 0 is the coarsest
  ReceivedPicture picture;
};

// Accepted comes first (resolved recipe, working size, warnings that the user has to see); Progress once for
// each evaluation of the losses; previews as asked for and as far as the reader keeps up.
using StylizeEvent = std::variant<v1::Accepted, v1::Progress, PreviewPicture, ResultPicture>;

// Next() and Finish() are for one thread. Cancel() may be called from any thread, as long as the call lives.
class StylizeCall {
 public:
  // Cancels the call if it isn't finished, and waits for that: local, no network round trip.
  ~StylizeCall();
  StylizeCall(const StylizeCall&) = delete;
  StylizeCall& operator=(const StylizeCall&) = delete;

  // Blocks until there is something new; nullopt: nothing will come any more, Finish() says why. The first
  // call sends the request, after it has uploaded the pictures that are too large for it.
  std::optional<StylizeEvent> Next();

  // Reads and drops what is left, and says how the job ended. OK: it made its steps and Next() gave the
  // whole result. CANCELLED: Cancel() was called, or the server cancelled the job. INTERNAL: the server
  // didn't keep to the protocol. Otherwise the server's own status: see error.h. May be called again, with
  // the same answer.
  absl::Status Finish();

  // Stops the job within one step. Next() and Finish() return soon.
  void Cancel();

 private:
  friend class Client;
  class Impl;
  explicit StylizeCall(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace impasto
