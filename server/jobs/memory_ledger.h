// Who holds how much of the memory that jobs may take together.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "jobs/work.h"

namespace impasto::jobs {

// A job that has begun has either its buffers (resident: its peak), or what it needs to go on (set aside: its
// waiting bytes). Jobs begin only as long as each one that has begun could have its buffers again with all
// others set aside: so setting aside always makes room, and nobody is stuck.
//
// Not thread-safe.
class MemoryLedger {
 public:
  explicit MemoryLedger(int64_t budget) : budget_(budget) {}

  int64_t budget() const { return budget_; }
  int64_t used() const { return used_; }

  // Whether one more could wait: its pictures in memory, all others' buffers taken back where need be. Where
  // there is no other, always: whether it fits at all is for those to say who let it in.
  bool CanLoad(const MemoryNeed& need) const;
  // It has its pictures in memory. Not twice.
  void Load(int64_t id, const MemoryNeed& need);
  // It has gone, or gives its pictures up as well. Fine where it isn't there.
  void Unload(int64_t id);
  bool IsLoaded(int64_t id) const { return entries_.count(id) > 0; }

  bool IsResident(int64_t id) const;
  void SetResident(int64_t id, bool resident);
  // Whether it fits beside those that are resident now. Of a loaded job.
  bool Fits(int64_t id) const;
  // Of `candidates`, resident jobs in the order in which they had better go, the first ones that make room
  // for a loaded job; empty where it fits already.
  std::vector<int64_t> ToSetAside(int64_t id, const std::vector<int64_t>& candidates) const;

 private:
  struct Entry {
    MemoryNeed need;
    bool resident = false;
    int64_t bytes() const { return resident ? need.peak : need.waiting; }
  };

  const int64_t budget_;
  int64_t used_ = 0;
  int64_t waiting_ = 0;  // as if all were set aside
  std::map<int64_t, Entry> entries_;
};

}  // namespace impasto::jobs
