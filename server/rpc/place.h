// A place among a limited number.
#pragma once

#include <atomic>

namespace impasto::rpc {

// Takes a place among `limit`, for as long as it lives. `taken` outlives it.
class Place {
 public:
  Place(std::atomic<int>* taken, int limit) : taken_(taken), ok_(taken->fetch_add(1) < limit) {}
  ~Place() { taken_->fetch_sub(1); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  // False: all places were taken.
  bool ok() const { return ok_; }

 private:
  std::atomic<int>* const taken_;
  const bool ok_;
};

}  // namespace impasto::rpc
