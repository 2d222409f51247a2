// Which of many things was used last, and how many bytes they take together.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace impasto::app {

// Not thread-safe.
class LruIndex {
 public:
  // Puts a key in, or back in with another size, as the one used last.
  void Put(const std::string& key, int64_t bytes);
  // False: it isn't there.
  bool Use(const std::string& key);
  // Fine where it isn't there.
  void Remove(const std::string& key);
  // Takes out those whose last use is the longest ago, until the rest has at most `limit` bytes; in the order
  // of their last use.
  std::vector<std::string> EvictTo(int64_t limit);

  bool HasPrefix(absl::string_view prefix) const;
  int64_t bytes() const { return bytes_; }

 private:
  struct Entry {
    int64_t bytes = 0;
    std::list<std::string>::iterator use;
  };
  std::list<std::string> uses_;  // the last used first
  std::map<std::string, Entry, std::less<>> entries_;
  int64_t bytes_ = 0;
};

}  // namespace impasto::app
