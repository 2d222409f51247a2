#include "jobs/memory_ledger.h"

#include <algorithm>

namespace impasto::jobs {

bool MemoryLedger::CanLoad(const MemoryNeed& need) const {
  if (entries_.empty()) return true;
  // What the greediest of all, itself among them, needs beyond its share of `waiting`.
  int64_t growth = need.peak - need.waiting;
  for (const auto& [id, entry] : entries_) growth = std::max(growth, entry.need.peak - entry.need.waiting);
  return waiting_ + need.waiting + growth <= budget_;
}

void MemoryLedger::Load(int64_t id, const MemoryNeed& need) {
  entries_[id] = {.need = need};
  used_ += need.waiting;
  waiting_ += need.waiting;
}

void MemoryLedger::Unload(int64_t id) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  used_ -= found->second.bytes();
  waiting_ -= found->second.need.waiting;
  entries_.erase(found);
}

bool MemoryLedger::IsResident(int64_t id) const {
  const auto found = entries_.find(id);
  return found != entries_.end() && found->second.resident;
}

void MemoryLedger::SetResident(int64_t id, bool resident) {
  Entry& entry = entries_.at(id);
  used_ -= entry.bytes();
  entry.resident = resident;
  used_ += entry.bytes();
}

bool MemoryLedger::Fits(int64_t id) const {
  const Entry& entry = entries_.at(id);
  return used_ - entry.bytes() + entry.need.peak <= budget_;
}

std::vector<int64_t> MemoryLedger::ToSetAside(int64_t id, const std::vector<int64_t>& candidates) const {
  const Entry& entry = entries_.at(id);
  int64_t after = used_ - entry.bytes() + entry.need.peak;
  std::vector<int64_t> chosen;
  for (const int64_t candidate : candidates) {
    if (after <= budget_) break;
    const Entry& other = entries_.at(candidate);
    if (candidate == id || !other.resident) continue;
    after -= other.need.peak - other.need.waiting;
    chosen.push_back(candidate);
  }
  return chosen;
}

}  // namespace impasto::jobs
