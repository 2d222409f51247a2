#include "app/lru_index.h"

#include <algorithm>

#include "absl/strings/match.h"

namespace impasto::app {

void LruIndex::Put(const std::string& key, int64_t bytes) {
  Remove(key);
  uses_.push_front(key);
  entries_[key] = {bytes, uses_.begin()};
  bytes_ += bytes;
}

bool LruIndex::Use(const std::string& key) {
  const auto it = entries_.find(key);
  if (it == entries_.end()) return false;
  uses_.splice(uses_.begin(), uses_, it->second.use);
  return true;
}

void LruIndex::Remove(const std::string& key) {
  const auto it = entries_.find(key);
  if (it == entries_.end()) return;
  bytes_ -= it->second.bytes;
  uses_.erase(it->second.use);
  entries_.erase(it);
}

std::vector<std::string> LruIndex::EvictTo(int64_t limit) {
  std::vector<std::string> evicted;
  while (bytes_ > limit && !uses_.empty()) {
    evicted.push_back(uses_.back());
    Remove(evicted.back());
  }
  return evicted;
}

bool LruIndex::HasPrefix(absl::string_view prefix) const {
  const auto it = entries_.lower_bound(prefix);
  return it != entries_.end() && absl::StartsWith(it->first, prefix);
}

}  // namespace impasto::app
