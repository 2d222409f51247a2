// A scheduler on fakes: what its tests share.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "jobs/scheduler.h"
#include "tests/server/jobs/fakes.h"

namespace impasto::jobs {

inline double Seconds(const google::protobuf::Duration& duration) {
  return static_cast<double>(duration.seconds()) + duration.nanos() / 1e9;
}

// Waits for what no event tells of.
template <typename Predicate>
void Await(const Predicate& predicate) {
  while (!predicate()) std::this_thread::yield();
}

class SchedulerTest : public testing::Test {
 protected:
  SchedulerTest() {
    options_.clock = &clock_;
    options_.journal = journal_.get();
    options_.factory = &factory_;
    options_.orphan_grace_seconds = 100;
    options_.log = [this](const std::string& line) { lines_.push_back(line); };
    options_.wall_time = [this] {
      return absl::FromUnixSeconds(1234567890) + absl::Seconds(clock_.NowSeconds() - 1000);
    };
  }
  void Create() {
    scheduler_ = nullptr;
    auto scheduler = Scheduler::Create(options_);
    ASSERT_TRUE(scheduler.ok()) << scheduler.status();
    scheduler_ = *std::move(scheduler);
  }
  // Another server on what `journal` has.
  void Restart(std::unique_ptr<FakeJournal> journal) {
    scheduler_ = nullptr;
    journal_ = std::move(journal);
    options_.journal = journal_.get();
    Create();
    scheduler_->TakeUp();
  }
  void SetUp() override { Create(); }

  // Of the jobs that are submitted under this name.
  std::shared_ptr<WorkControl> Control(const std::string& name, int iterations = 3) {
    auto control = std::make_shared<WorkControl>();
    control->iterations = iterations;
    control->clock = &clock_;
    factory_.Put(name, control);
    return control;
  }
  // One that waits for nothing.
  std::shared_ptr<WorkControl> FreeControl(const std::string& name, int iterations = 3) {
    auto control = Control(name, iterations);
    control->Free();
    return control;
  }
  static v1::StylizeRequest Request(const std::string& name, v1::Priority priority = v1::PRIORITY_NORMAL) {
    v1::StylizeRequest request;
    request.mutable_content()->set_upload("uploads/" + name);
    request.set_priority(priority);
    return request;
  }
  absl::StatusOr<std::unique_ptr<Watch>> TrySubmit(const v1::StylizeRequest& request,
                                                   const std::string& client = "client") {
    return scheduler_->Submit(std::make_shared<v1::StylizeRequest>(request), client);
  }
  EventReader Submit(const v1::StylizeRequest& request, const std::string& client = "client") {
    auto watch = TrySubmit(request, client);
    EXPECT_TRUE(watch.ok()) << watch.status();
    return EventReader(*std::move(watch));
  }
  EventReader Submit(const std::string& name) { return Submit(Request(name)); }
  EventReader Attach(const std::string& job, int64_t after = 0) {
    auto watch = scheduler_->Attach(job, after);
    EXPECT_TRUE(watch.ok()) << watch.status();
    return EventReader(*std::move(watch));
  }
  v1::Job Get(const std::string& job) {
    auto got = scheduler_->Get(job);
    EXPECT_TRUE(got.ok()) << got.status();
    return got.ok() ? *got : v1::Job();
  }
  void AwaitState(const std::string& job, v1::Job::State state) {
    Await([&] { return Get(job).state() == state; });
  }
  // The device does nothing but this for a moment: whatever is due before it is done.
  void Probe() {
    FreeControl("probe", 1);
    EXPECT_EQ(Submit(Request("probe", v1::PRIORITY_BATCH), "probe").End(), absl::OkStatus());
  }
  // The lines of the log; the scheduler is gone afterwards.
  std::vector<std::string> LogLines() {
    scheduler_ = nullptr;
    return lines_;
  }

  FakeClock clock_;
  std::unique_ptr<FakeJournal> journal_ = std::make_unique<FakeJournal>();
  FakeFactory factory_;
  SchedulerOptions options_;
  std::vector<std::string> lines_;
  std::unique_ptr<Scheduler> scheduler_;
};

}  // namespace impasto::jobs
