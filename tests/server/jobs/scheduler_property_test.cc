// Thousands of things happen to random jobs on servers that come and go: no job is lost, and each that isn't
// stopped makes the picture of an uninterrupted run.
#include <random>

#include "tests/server/jobs/scheduler_fixture.h"

namespace impasto::jobs {
namespace {

class Schedule {
 public:
  explicit Schedule(uint32_t seed) : random_(seed) {
    options_.clock = &clock_;
    options_.factory = &factory_;
    options_.memory_budget = 100;
    options_.swap_seconds = Pick(3) * 2;
    options_.checkpoint_seconds = 1 + Pick(10);
    options_.orphan_grace_seconds = 50;
    options_.preparation_threads = 1 + Pick(2);
    Start(std::make_unique<FakeJournal>());
  }

  void Run() {
    const int jobs = 2 + Pick(6);
    for (int i = 0; i < jobs; ++i) {
      Submit(absl::StrCat("job", i));
      for (int k = Pick(8); k > 0; --k) Something();
    }
    for (int k = Pick(20); k > 0; --k) Something();
    for (Known& job : jobs_) Check(job);
    EXPECT_LE(factory_.device().most_bytes, 100);
    EXPECT_EQ(scheduler_->List().size(), jobs_.size());
    scheduler_ = nullptr;
    EXPECT_EQ(factory_.device().bytes, 0);
  }

 private:
  struct Known {
    std::string name;
    bool cancelled = false;  // it may be
    std::unique_ptr<EventReader> reader;
    double alone_since = 0;     // where there is no reader
    std::vector<Event> events;  // that were read
    int64_t sequence = 0;
  };

  int Pick(int count) { return static_cast<int>(random_() % count); }

  void Start(std::unique_ptr<FakeJournal> journal) {
    for (Known& job : jobs_) LeaveAlone(job);
    scheduler_ = nullptr;
    journal_ = std::move(journal);
    options_.journal = journal_.get();
    auto scheduler = Scheduler::Create(options_);
    ASSERT_TRUE(scheduler.ok()) << scheduler.status();
    scheduler_ = *std::move(scheduler);
    scheduler_->TakeUp();
  }

  void Submit(const std::string& name) {
    auto control = std::make_shared<WorkControl>();
    control->clock = &clock_;
    control->iterations = 1 + Pick(12);
    control->step_seconds = 0.1 * (1 + Pick(20));
    control->memory.peak = 10 + Pick(90);
    control->memory.waiting = Pick(10);
    control->Free();
    factory_.Put(name, control);
    auto request = std::make_shared<v1::StylizeRequest>();
    request->mutable_content()->set_upload("uploads/" + name);
    request->set_priority(static_cast<v1::Priority>(1 + Pick(3)));
    request->set_detached(Pick(2) == 0);
    request->mutable_preview()->set_every_iterations(Pick(3));
    auto watch = scheduler_->Submit(std::move(request), std::string(1, 'a' + Pick(3)));
    ASSERT_TRUE(watch.ok()) << watch.status();
    Known job;
    job.name = (*watch)->job_name();
    job.reader = std::make_unique<EventReader>(*std::move(watch));
    // From here on it must not be lost.
    Read(job, 1);
    jobs_.push_back(std::move(job));
  }

  // Events to `least` of them, waiting.
  void Read(Known& job, size_t least) {
    while (job.events.size() < least) {
      std::optional<Event> event = job.reader->Next();
      if (!event) return;
      job.sequence = event->message.sequence();
      job.events.push_back(*std::move(event));
    }
  }
  void AttachTo(Known& job) {
    if (job.reader != nullptr) return;
    auto watch = scheduler_->Attach(job.name, job.sequence);
    ASSERT_TRUE(watch.ok()) << watch.status();
    job.reader = std::make_unique<EventReader>(*std::move(watch));
  }

  void LeaveAlone(Known& job) {
    job.alone_since = clock_.NowSeconds();
    job.reader = nullptr;
  }

  // Whoever was alone for too long may be cancelled. Jobs that are at work move the clock too, at any moment:
  // it is read before a job is alone and after the scheduler has looked.
  void Housekeep(double seconds_later) {
    clock_.Advance(seconds_later);
    scheduler_->Housekeep();
    const double now = clock_.NowSeconds();
    for (Known& job : jobs_) {
      job.cancelled |= job.reader == nullptr && now - job.alone_since >= options_.orphan_grace_seconds;
    }
  }

  void Something() {
    if (jobs_.empty()) return;
    Known& job = jobs_[Pick(static_cast<int>(jobs_.size()))];
    switch (Pick(14)) {
      case 0:
      case 1:
        scheduler_->Pause(job.name).IgnoreError();
        break;
      case 2:
      case 3:
        scheduler_->Resume(job.name).IgnoreError();
        break;
      case 4:
        job.cancelled = true;
        EXPECT_TRUE(scheduler_->Cancel(job.name).ok());
        break;
      case 5:
        if (job.reader != nullptr) LeaveAlone(job);
        break;
      case 6:
        AttachTo(job);
        break;
      case 7:
        if (job.reader != nullptr) Poll(job);
        break;
      case 8:
      case 9:
        Update(job);
        break;
      case 10:
        Housekeep(Pick(20));
        break;
      case 11:
        Housekeep(60);
        break;
      case 12:
        scheduler_->Stop();
        Start(std::move(journal_));
        break;
      default:
        Start(journal_->Copy());
        break;
    }
  }
  void Poll(Known& job) {
    while (std::optional<Event> event = job.reader->Poll()) {
      job.sequence = event->message.sequence();
      job.events.push_back(*std::move(event));
    }
  }
  void Update(Known& job) {
    v1::UpdateJobRequest request;
    request.mutable_job()->set_name(job.name);
    if (Pick(2) == 0) {
      request.mutable_job()->mutable_recipe()->set_style_weight(1 + Pick(9));
      request.mutable_update_mask()->add_paths("recipe.style_weight");
    }
    if (Pick(3) == 0) {
      request.mutable_job()->set_priority(static_cast<v1::Priority>(1 + Pick(3)));
      request.mutable_update_mask()->add_paths("priority");
    }
    scheduler_->Update(request, [](const absl::StatusOr<v1::Job>&) {});
  }

  void Check(Known& job) {
    SCOPED_TRACE(job.name);
    scheduler_->Resume(job.name).IgnoreError();
    AttachTo(job);
    while (std::optional<Event> event = job.reader->Next()) job.events.push_back(*std::move(event));
    const absl::StatusOr<v1::Job> got = scheduler_->Get(job.name);
    ASSERT_TRUE(got.ok()) << got.status();
    const absl::Status end = *job.reader->EndStatus();
    if (job.cancelled && !end.ok()) {
      EXPECT_EQ(end.code(), absl::StatusCode::kCancelled) << end;
      EXPECT_EQ(got->state(), v1::Job::STATE_CANCELLED);
    } else {
      EXPECT_EQ(end, absl::OkStatus());
      EXPECT_EQ(got->state(), v1::Job::STATE_SUCCEEDED);
    }
    const v1::Recipe& recipe = got->original_recipe();
    std::vector<std::pair<int, double>> weights;
    for (const v1::RecipeChange& change : recipe.changes()) {
      weights.emplace_back(change.iteration(), change.style_weight());
    }
    int progress = 0, changes = 0, results = 0, ends = 0;
    for (const Event& event : job.events) {
      if (event.message.has_changed()) ++changes;
      if (event.message.has_finished()) ++ends;
      if (event.message.has_progress()) {
        EXPECT_EQ(event.message.progress().iteration(), ++progress);
      }
      if (!event.message.has_result()) continue;
      ++results;
      EXPECT_EQ(event.picture->data, FakeResult(event.message.result().iteration(), weights));
    }
    EXPECT_EQ(ends, 1);
    EXPECT_LE(changes, recipe.changes_size());
    if (!end.ok()) return;
    EXPECT_EQ(results, 1);
    EXPECT_EQ(progress, recipe.iterations() + 1);
    EXPECT_EQ(changes, recipe.changes_size());
  }

  std::mt19937 random_;
  FakeClock clock_;
  FakeFactory factory_;
  SchedulerOptions options_;
  std::unique_ptr<FakeJournal> journal_;
  std::unique_ptr<Scheduler> scheduler_;
  std::vector<Known> jobs_;
};

TEST(SchedulerProperty, NoJobIsLost) {
  for (uint32_t seed = 1; seed <= 1000; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Schedule(seed).Run();
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace impasto::jobs
