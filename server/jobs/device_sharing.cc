#include "jobs/device_sharing.h"

#include <algorithm>
#include <tuple>

namespace impasto::jobs {
int DeviceSharing::ClassOf(v1::Priority priority) {
  switch (priority) {
    case v1::PRIORITY_INTERACTIVE:
      return 0;
    case v1::PRIORITY_BATCH:
      return 2;
    default:
      return 1;
  }
}

void DeviceSharing::Add(int64_t id, v1::Priority priority, const std::string& client, double now) {
  const size_t index = ClassOf(priority);
  Class& job_class = classes_[index];
  if (job_class.jobs++ == 0) job_class.virtual_time = std::max(job_class.virtual_time, virtual_now_);
  Client& owner = job_class.clients[client];
  if (owner.jobs.empty()) owner.virtual_time = std::max(owner.virtual_time, job_class.virtual_now);
  Job job;
  job.virtual_time = owner.virtual_now;
  job.job_class = index;
  job.client = client;
  job.waits_since = now;
  owner.jobs[id] = &(jobs_[id] = std::move(job));
}

void DeviceSharing::Remove(int64_t id) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return;
  Class& job_class = classes_[found->second.job_class];
  job_class.clients.at(found->second.client).jobs.erase(id);
  if (--job_class.jobs == 0) job_class.clients.clear();
  jobs_.erase(found);
}

std::optional<int64_t> DeviceSharing::Aged(double now, const std::function<bool(int64_t)>& eligible) const {
  if (ageing_debt_ > 0) return std::nullopt;
  const Job* oldest = nullptr;
  int64_t oldest_id = 0;
  for (const auto& [id, job] : jobs_) {
    if (now - job.waits_since < options_.age_seconds || !eligible(id)) continue;
    if (oldest == nullptr || job.waits_since < oldest->waits_since) {
      oldest = &job;
      oldest_id = id;
    }
  }
  return oldest == nullptr ? std::nullopt : std::make_optional(oldest_id);
}

std::optional<int64_t> DeviceSharing::Next(double now, const std::function<bool(int64_t)>& eligible) const {
  if (const std::optional<int64_t> aged = Aged(now, eligible)) return aged;
  // The least by class, then client, then job; on a tie the higher class, then the earlier job.
  std::optional<std::tuple<double, size_t, double, double, int64_t>> best;
  for (const auto& [id, job] : jobs_) {
    const Class& job_class = classes_[job.job_class];
    const Client& owner = job_class.clients.at(job.client);
    const auto key =
        std::make_tuple(job_class.virtual_time, job.job_class, owner.virtual_time, job.virtual_time, id);
    if ((!best || key < *best) && eligible(id)) best = key;
  }
  return best ? std::make_optional(std::get<int64_t>(*best)) : std::nullopt;
}

void DeviceSharing::Charge(int64_t id, double seconds, double now) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return;
  Job& job = found->second;
  Class& job_class = classes_[job.job_class];
  Client& owner = job_class.clients.at(job.client);
  const bool aged = now - seconds - job.waits_since >= options_.age_seconds;
  ageing_debt_ = std::max(0.0, ageing_debt_ + (aged ? seconds / options_.ageing_share : 0) - seconds);
  job.waits_since = now;
  // Newcomers begin where the one that was served began: neither behind nor ahead of those that wait.
  virtual_now_ = std::max(virtual_now_, job_class.virtual_time);
  job_class.virtual_now = std::max(job_class.virtual_now, owner.virtual_time);
  owner.virtual_now = std::max(owner.virtual_now, job.virtual_time);
  job_class.virtual_time += seconds / options_.weights[job.job_class];
  owner.virtual_time += seconds;
  job.virtual_time += seconds;
  std::erase_if(job_class.clients, [&](const auto& client) {
    return client.second.jobs.empty() && client.second.virtual_time <= job_class.virtual_now;
  });
}

}  // namespace impasto::jobs
