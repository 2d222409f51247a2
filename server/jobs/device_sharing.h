// Who steps next where jobs share a device.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "impasto/v1/job.pb.h"

namespace impasto::jobs {

// Start-time fair queueing (Goyal, Vin and Cheng, SIGCOMM 1996) in three levels: priority classes by weight,
// in a class its clients equally, of a client its jobs equally. Shares are of device seconds, not of steps:
// who takes long steps takes fewer. Whoever comes back from a pause has no claim to what it missed.
//
// Fair sharing alone starves nobody, but a batch job beside many others may wait long for its next step. So
// jobs age: a small share of the device's time goes to whoever has waited longest, once that is long.
//
// Knows no clock and no threads. Not thread-safe.
class DeviceSharing {
 public:
  struct Options {
    // Of the classes interactive, normal, batch.
    std::array<double, 3> weights = {16, 4, 1};
    double age_seconds = 20;     // without a step, while it could have made one: aged
    double ageing_share = 0.05;  // of device seconds, at most, to aged jobs
  };
  DeviceSharing() : DeviceSharing(Options{}) {}
  explicit DeviceSharing(const Options& options) : options_(options) {}

  // 0 interactive, 1 normal, 2 batch: the index of its weight.
  static int ClassOf(v1::Priority priority);

  // The job wants the device from `now` on. `id`s are given in order of submission. Not twice.
  void Add(int64_t id, v1::Priority priority, const std::string& client, double now);
  // It doesn't want it any more. Fine where it isn't there.
  void Remove(int64_t id);
  bool Has(int64_t id) const { return jobs_.count(id) > 0; }
  int size() const { return static_cast<int>(jobs_.size()); }

  // The job whose turn it is, of those that `eligible` says yes to.
  std::optional<int64_t> Next(double now, const std::function<bool(int64_t)>& eligible) const;
  // The job has had the device for so long, up to `now`.
  void Charge(int64_t id, double seconds, double now);

 private:
  // Of a class, a client in a class, or a job: seconds of the device over weight, from where it came in.
  struct Share {
    double virtual_time = 0;
  };
  struct Job : Share {
    size_t job_class;
    std::string client;
    double waits_since;
  };
  struct Client : Share {
    double virtual_now = 0;  // of its jobs: where newcomers begin
    std::map<int64_t, Job*> jobs;
  };
  struct Class : Share {
    double virtual_now = 0;  // of its clients
    int jobs = 0;
    // Those without jobs too, while they are ahead of the others: or they would gain by going and coming
    // back.
    std::map<std::string, Client> clients;
  };

  std::optional<int64_t> Aged(double now, const std::function<bool(int64_t)>& eligible) const;

  const Options options_;
  std::array<Class, 3> classes_;
  double virtual_now_ = 0;  // of the classes
  std::map<int64_t, Job> jobs_;
  // Seconds of the device until the next turn by age: what aged jobs have had over their share. Not having
  // had it is no credit, or a busy server's old jobs could keep the device for hours.
  double ageing_debt_ = 0;
};

}  // namespace impasto::jobs
