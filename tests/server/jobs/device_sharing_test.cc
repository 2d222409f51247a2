#include "jobs/device_sharing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace impasto::jobs {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Ge;
using testing::Le;

constexpr v1::Priority kInteractive = v1::PRIORITY_INTERACTIVE;
constexpr v1::Priority kNormal = v1::PRIORITY_NORMAL;
constexpr v1::Priority kBatch = v1::PRIORITY_BATCH;

bool Anyone(int64_t) { return true; }

// A device on which each job's steps take the same time, and the shares that a perfect one would give.
class Device {
 public:
  explicit Device(DeviceSharing::Options options = {}) : options_(options), sharing_(options) {}

  void Add(int64_t id, v1::Priority priority, const std::string& client, double step_seconds) {
    sharing_.Add(id, priority, client, now_);
    jobs_[id] = {.priority = priority, .client = client, .step = step_seconds, .waits_since = now_};
    longest_step_ = std::max(longest_step_, step_seconds);
    ShareAnew();
  }
  void Remove(int64_t id) {
    sharing_.Remove(id);
    jobs_.erase(id);
    ShareAnew();
  }
  bool Has(int64_t id) const { return jobs_.count(id) > 0; }

  // Who made the step.
  int64_t Step() {
    const int64_t id = sharing_.Next(now_, Anyone).value();
    Job& job = jobs_.at(id);
    const double waited = now_ - job.waits_since;
    longest_wait_ = std::max(longest_wait_, waited);
    if (waited >= options_.age_seconds) aged_seconds_ += job.step;
    for (auto& [other_id, other] : jobs_) other.fair += job.step * other.share;
    now_ += job.step;
    job.got += job.step;
    ++job.steps;
    job.waits_since = now_;
    sharing_.Charge(id, job.step, now_);
    return id;
  }
  void Run(double seconds) {
    const double until = now_ + seconds;
    while (now_ < until) Step();
  }

  double now() const { return now_; }
  double got(int64_t id) const { return jobs_.at(id).got; }
  double fair(int64_t id) const { return jobs_.at(id).fair; }
  int steps(int64_t id) const { return jobs_.at(id).steps; }
  double longest_step() const { return longest_step_; }
  double longest_wait() const { return longest_wait_; }
  double aged_seconds() const { return aged_seconds_; }
  size_t size() const { return jobs_.size(); }

 private:
  struct Job {
    v1::Priority priority;
    std::string client;
    double step;
    double waits_since;
    double got = 0;
    double share = 0;  // of the device, now
    double fair = 0;   // seconds
    int steps = 0;
  };

  double Weight(v1::Priority priority) const {
    return options_.weights[priority == kInteractive ? 0 : priority == kNormal ? 1 : 2];
  }
  void ShareAnew() {
    std::map<v1::Priority, std::map<std::string, int>> present;
    for (const auto& [id, other] : jobs_) ++present[other.priority][other.client];
    double weights = 0;
    for (const auto& [priority, clients] : present) weights += Weight(priority);
    for (auto& [id, job] : jobs_) {
      const auto& clients = present.at(job.priority);
      job.share =
          Weight(job.priority) / weights / static_cast<double>(clients.size()) / clients.at(job.client);
    }
  }

  const DeviceSharing::Options options_;
  DeviceSharing sharing_;
  std::map<int64_t, Job> jobs_;
  double now_ = 1000;
  double longest_step_ = 0;
  double longest_wait_ = 0;
  double aged_seconds_ = 0;
};

TEST(DeviceSharing, NobodyThere) {
  DeviceSharing sharing;
  EXPECT_EQ(sharing.Next(0, Anyone), std::nullopt);
  sharing.Remove(1);
  sharing.Charge(1, 1, 1);
  EXPECT_EQ(sharing.size(), 0);
  sharing.Add(1, kNormal, "a", 0);
  EXPECT_TRUE(sharing.Has(1));
  EXPECT_EQ(sharing.size(), 1);
  EXPECT_EQ(sharing.Next(0, [](int64_t) { return false; }), std::nullopt);
  EXPECT_EQ(sharing.Next(0, Anyone), 1);
  sharing.Remove(1);
  EXPECT_FALSE(sharing.Has(1));
  EXPECT_EQ(sharing.Next(0, Anyone), std::nullopt);
}

TEST(DeviceSharing, TheHigherClassFirstThenTheEarlierJob) {
  DeviceSharing sharing;
  sharing.Add(1, kBatch, "a", 0);
  sharing.Add(2, kNormal, "a", 0);
  sharing.Add(3, kNormal, "a", 0);
  sharing.Add(4, kInteractive, "a", 0);
  EXPECT_EQ(sharing.Next(0, Anyone), 4);
  EXPECT_EQ(sharing.Next(0, [](int64_t id) { return id != 4; }), 2);
  EXPECT_EQ(sharing.Next(0, [](int64_t id) { return id % 2 == 1; }), 3);
}

TEST(DeviceSharing, ClassesByTheirWeights) {
  Device device;
  device.Add(1, kBatch, "a", 0.1);
  device.Add(2, kNormal, "a", 0.4);
  device.Add(3, kInteractive, "a", 0.02);
  device.Run(2100);
  EXPECT_THAT(device.got(1), AllOf(Ge(99), Le(101)));
  EXPECT_THAT(device.got(2), AllOf(Ge(399), Le(401)));
  EXPECT_THAT(device.got(3), AllOf(Ge(1599), Le(1601)));
}

TEST(DeviceSharing, SecondsAreSharedNotSteps) {
  Device device;
  device.Add(1, kNormal, "a", 1);
  device.Add(2, kNormal, "b", 0.1);
  device.Run(200);
  EXPECT_THAT(device.steps(1), AllOf(Ge(99), Le(101)));
  EXPECT_THAT(device.steps(2), AllOf(Ge(990), Le(1010)));
}

TEST(DeviceSharing, ClientsEquallyHoweverManyJobsTheyHave) {
  Device device;
  device.Add(1, kNormal, "a", 0.5);
  for (int64_t id = 2; id <= 11; ++id) device.Add(id, kNormal, "b", 0.5);
  device.Run(1000);
  EXPECT_THAT(device.got(1), AllOf(Ge(499), Le(501)));
  for (int64_t id = 2; id <= 11; ++id) EXPECT_THAT(device.got(id), AllOf(Ge(49), Le(51)));
}

TEST(DeviceSharing, WhoComesBackHasNoClaimToWhatItMissed) {
  Device device;
  device.Add(1, kNormal, "a", 1);
  device.Add(2, kNormal, "b", 1);
  device.Run(100);
  device.Remove(2);
  device.Run(100);
  device.Add(2, kNormal, "b", 1);
  const double before = device.got(1);
  device.Run(100);
  EXPECT_THAT(device.got(1) - before, AllOf(Ge(49), Le(51)));
}

TEST(DeviceSharing, GoingAndComingBackGainsNothing) {
  Device device;
  device.Add(1, kNormal, "a", 1);
  // One job of a single step after another.
  double got = 0;
  for (int64_t id = 2; id < 200; ++id) {
    device.Add(id, kNormal, "b", 1);
    while (device.steps(id) == 0) device.Step();
    got += device.got(id);
    device.Remove(id);
  }
  EXPECT_THAT(device.got(1), AllOf(Ge(got - 2), Le(got + 2)));
}

TEST(DeviceSharing, AnInteractiveJobOvertakesALongOne) {
  Device device;
  device.Add(1, kNormal, "a", 1);
  device.Run(1000);
  device.Add(2, kInteractive, "b", 0.1);
  const int before = device.steps(1);
  while (device.steps(2) < 5) device.Step();
  EXPECT_LE(device.steps(1) - before, 1);
}

TEST(DeviceSharing, AJobThatWaitsLongAges) {
  DeviceSharing sharing;
  sharing.Add(1, kInteractive, "a", 0);
  sharing.Add(2, kBatch, "a", 0);
  double now = 0;
  std::vector<double> batch_steps;
  while (now < 200) {
    const int64_t id = sharing.Next(now, Anyone).value();
    if (id == 2) batch_steps.push_back(now);
    // Steps of the batch job take so long that it would have to wait for 64 s.
    const double step = id == 2 ? 4 : 1;
    now += step;
    sharing.Charge(id, step, now);
  }
  // Its first step is on a tie, after the interactive job's first; then by age alone, and the debt of a step
  // of 4 s is 80 s.
  EXPECT_THAT(batch_steps, ElementsAre(1, 25, 105, 185));
}

TEST(DeviceSharing, ABusyPastIsNoCreditForAgedJobs) {
  Device device;
  device.Add(1, kInteractive, "a", 1);
  device.Run(10000);
  for (int64_t id = 2; id < 50; ++id) device.Add(id, kBatch, "b", 1);
  const double before = device.got(1);
  device.Run(1000);
  EXPECT_GE(device.got(1) - before, 1000 * (16.0 / 17 - 0.05) - 2);
}

// Jobs come and go; those that are there from beginning to end have their share of it all.
TEST(DeviceSharing, RandomSchedulesAreFairAndStarveNobody) {
  int aged_schedules = 0;
  for (uint32_t seed = 1; seed <= 1500; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    const auto pick = [&](int count) { return static_cast<int>(random() % count); };
    const DeviceSharing::Options options;
    Device device(options);
    int64_t next_id = 1;
    const double most_step = 0.05 * (1 + pick(10));
    const auto add = [&] {
      device.Add(next_id++, static_cast<v1::Priority>(1 + pick(3)), std::string(1, 'a' + pick(3)),
                 most_step * (1 + pick(20)) / 20);
    };
    const int staying = 2 + pick(5);
    for (int i = 0; i < staying; ++i) add();
    const double begin = device.now();
    size_t most_jobs = device.size();
    const int visits = pick(20);
    for (int i = 0; i < visits; ++i) {
      if (pick(2) == 0) {
        add();
      } else if (next_id > staying + 1) {
        const int64_t id = staying + 1 + pick(static_cast<int>(next_id) - staying - 1);
        if (device.Has(id)) device.Remove(id);
      }
      most_jobs = std::max(most_jobs, device.size());
      device.Run(most_step * pick(40));
    }
    device.Run(300 * most_step);
    const double seconds = device.now() - begin;
    const double longest = device.longest_step();
    // Whoever has aged is behind each of the others at most once, and a turn by age is paid for by
    // 1 / ageing_share times its seconds.
    const double most_wait =
        options.age_seconds + static_cast<double>(most_jobs) * longest / options.ageing_share + longest;
    EXPECT_LE(device.longest_wait(), most_wait);
    EXPECT_LE(device.aged_seconds(), options.ageing_share * seconds + longest);
    aged_schedules += device.aged_seconds() > 0 ? 1 : 0;
    for (int64_t id = 1; id <= staying; ++id) {
      // Steps can't be cut: four of the longest are the grain of it.
      const double grain = 4 * longest + device.aged_seconds();
      EXPECT_NEAR(device.got(id), device.fair(id), 0.1 * device.fair(id) + grain) << "job " << id;
    }
    if (HasFailure()) return;
  }
  // Most are quick enough for all.
  EXPECT_LT(aged_schedules, 400);
}

TEST(DeviceSharing, AmongManyJobsNobodyStarves) {
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    const DeviceSharing::Options options;
    Device device(options);
    const int jobs = 40 + static_cast<int>(random() % 60);
    for (int64_t id = 1; id <= jobs; ++id) {
      device.Add(id, static_cast<v1::Priority>(1 + random() % 3), std::string(1, 'a' + random() % 5),
                 0.1 * (1 + random() % 20));
    }
    device.Run(20000);
    const double most_wait =
        options.age_seconds + jobs * device.longest_step() / options.ageing_share + device.longest_step();
    EXPECT_LE(device.longest_wait(), most_wait);
    for (int64_t id = 1; id <= jobs; ++id) EXPECT_GT(device.steps(id), 2) << id;
  }
}

}  // namespace
}  // namespace impasto::jobs
