// Pictures on their way to the encoder: one thread, so that the device goes on meanwhile, and room for few.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <thread>

#include "base/mutex.h"

namespace impasto::jobs {

// Thread-safe. Encodes in order. Besides the one that is being encoded, at most one preview of each job and
// one result wait: each holds a picture's pixels.
class PictureQueue {
 public:
  using Encode = std::function<void()>;

  PictureQueue();
  ~PictureQueue() { Stop(); }

  // Never blocks: a preview of the same job that still waits is dropped for the newer one.
  void PutPreview(int64_t job, Encode encode);
  // Blocks while another result waits.
  void PutResult(Encode encode);

  // Encodes what waits, then ends the thread. Nothing may be put after it.
  void Stop();

 private:
  struct Item {
    bool is_result;
    int64_t job;  // of a preview
    Encode encode;
  };

  bool ResultWaitsLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Loop();

  Mutex mutex_;
  CondVar changed_;
  std::deque<Item> items_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace impasto::jobs
