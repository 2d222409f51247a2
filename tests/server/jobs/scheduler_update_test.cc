// Changes of a job that goes on.
#include "tests/server/jobs/scheduler_fixture.h"

namespace impasto::jobs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr absl::StatusCode kFailedPrecondition = absl::StatusCode::kFailedPrecondition;

class SchedulerUpdateTest : public SchedulerTest {
 protected:
  // What becomes of one UpdateJob call.
  struct Answer {
    Counter done;
    absl::StatusOr<v1::Job> job = absl::UnknownError("not yet");

    absl::StatusOr<v1::Job> Wait() {
      done.WaitFor(1);
      return job;
    }
  };
  std::shared_ptr<Answer> Update(const v1::UpdateJobRequest& request) {
    auto answer = std::make_shared<Answer>();
    scheduler_->Update(request, [answer](absl::StatusOr<v1::Job> job) {
      answer->job = std::move(job);
      answer->done.Add();
    });
    return answer;
  }
  static v1::UpdateJobRequest StyleWeight(const std::string& job, double weight) {
    v1::UpdateJobRequest request;
    request.mutable_job()->set_name(job);
    request.mutable_job()->mutable_recipe()->set_style_weight(weight);
    request.mutable_update_mask()->add_paths("recipe.style_weight");
    return request;
  }
  static v1::UpdateJobRequest Detached(const std::string& job, bool detached) {
    v1::UpdateJobRequest request;
    request.mutable_job()->set_name(job);
    request.mutable_job()->set_detached(detached);
    request.mutable_update_mask()->add_paths("detached");
    return request;
  }
};

TEST_F(SchedulerUpdateTest, ChangesARunningJobBetweenTwoSteps) {
  auto control = Control("a", 4);
  control->may_result.Add(kNoLimit);
  control->allowed.Add(1);
  EventReader reader = Submit("a");
  control->entered.WaitFor(2);
  const auto answer = Update(StyleWeight(reader.job(), 5));
  EXPECT_EQ(answer->done.value(), 0);
  control->allowed.Add(1);
  const absl::StatusOr<v1::Job> job = answer->Wait();
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->recipe().style_weight(), 5);
  EXPECT_EQ(job->original_recipe().style_weight(), kFakeStyleWeight);
  ASSERT_EQ(job->original_recipe().changes_size(), 1);
  EXPECT_EQ(job->original_recipe().changes(0).iteration(), 2);
  // The journal has it.
  EXPECT_EQ((*journal_->LoadJobs())[0].job.recipe().style_weight(), 5);
  control->allowed.Add(kNoLimit);
  const std::vector<Event> events = reader.Rest();
  EXPECT_THAT(Describe(events), ElementsAre("accepted", "progress 1", "progress 2", "changed 2", "progress 3",
                                            "progress 4", "progress 5", "result r4", "SUCCEEDED"));
  EXPECT_EQ(events[3].message.changed().style_weight(), 5);
  EXPECT_EQ(events[7].picture->data, FakeResult(4, {{2, 5}}));
}

TEST_F(SchedulerUpdateTest, IsDoneWhenTheJournalHasIt) {
  auto control = Control("a", 4);
  control->allowed.Add(1);
  EventReader reader = Submit("a");
  reader.Until("progress 1");
  journal_->may_commit.Add(-kNoLimit);
  const auto answer = Update(StyleWeight(reader.job(), 5));
  control->allowed.Add(1);
  control->entered.WaitFor(3);  // the change is made
  EXPECT_EQ(answer->done.value(), 0);
  journal_->may_commit.Add(kNoLimit);
  EXPECT_TRUE(answer->Wait().ok());
  control->Free();
  EXPECT_EQ(reader.End(), absl::OkStatus());
}

TEST_F(SchedulerUpdateTest, SaysWhenTheJournalDoesNotHaveIt) {
  auto control = Control("a", 4);
  control->allowed.Add(1);
  EventReader reader = Submit("a");
  reader.Until("progress 1");
  journal_->Fail(absl::ResourceExhaustedError("disk full"));
  const auto answer = Update(StyleWeight(reader.job(), 5));
  control->allowed.Add(1);
  const absl::StatusOr<v1::Job> job = answer->Wait();
  ASSERT_TRUE(job.ok());
  EXPECT_EQ(job->recipe().style_weight(), 5);
  ASSERT_EQ(job->warnings_size(), 1);
  EXPECT_THAT(job->warnings(0), HasSubstr("isn't on disk: disk full"));
  control->Free();
  EXPECT_EQ(reader.End(), absl::OkStatus());
}

TEST_F(SchedulerUpdateTest, IsRefusedAsAWhole) {
  auto control = Control("a", 4);
  control->may_result.Add(kNoLimit);
  EventReader reader = Submit("a");
  control->entered.WaitFor(1);
  v1::UpdateJobRequest request = StyleWeight(reader.job(), -1);
  request.mutable_job()->set_display_name("new");
  request.mutable_update_mask()->add_paths("display_name");
  const auto answer = Update(request);
  control->allowed.Add(kNoLimit);
  EXPECT_EQ(answer->Wait().status(), absl::InvalidArgumentError("recipe.style_weight: is below 0"));
  EXPECT_EQ(Get(reader.job()).display_name(), "");
  const std::vector<Event> events = reader.Rest();
  EXPECT_THAT(events, SizeIs(1 + 5 + 2));
  EXPECT_EQ(events[6].picture->data, FakeResult(4));
}

TEST_F(SchedulerUpdateTest, UnknownAndEndedJobs) {
  EXPECT_EQ(Update(StyleWeight("jobs/x", 5))->Wait().status().code(), absl::StatusCode::kNotFound);
  FreeControl("a");
  EventReader reader = Submit("a");
  EXPECT_EQ(reader.End(), absl::OkStatus());
  EXPECT_EQ(Update(StyleWeight(reader.job(), 5))->Wait().status().code(), kFailedPrecondition);
  auto control = Control("b", 1);
  control->allowed.Add(kNoLimit);
  EventReader encoding = Submit("b");
  control->resulting.WaitFor(1);
  EXPECT_EQ(Update(StyleWeight(encoding.job(), 5))->Wait().status().code(), kFailedPrecondition);
  control->may_result.Add();
  EXPECT_EQ(encoding.End(), absl::OkStatus());
}

TEST_F(SchedulerUpdateTest, AJobThatEndsFirst) {
  auto control = Control("a", 1);
  control->may_result.Add(kNoLimit);
  control->allowed.Add(1);
  EventReader reader = Submit("a");
  control->entered.WaitFor(2);  // the last evaluation
  const auto answer = Update(StyleWeight(reader.job(), 5));
  control->allowed.Add(kNoLimit);
  EXPECT_EQ(answer->Wait().status().code(), kFailedPrecondition);
  EXPECT_EQ(reader.End(), absl::OkStatus());
}

TEST_F(SchedulerUpdateTest, APausedJobAndOneThatIsPrepared) {
  auto control = FreeControl("a", 3);
  control->may_prepare.Add(-kNoLimit);
  EventReader reader = Submit("a");
  EXPECT_TRUE(scheduler_->Pause(reader.job()).ok());
  const auto early = Update(StyleWeight(reader.job(), 5));
  EXPECT_EQ(early->done.value(), 0);
  control->may_prepare.Add(kNoLimit);
  EXPECT_TRUE(early->Wait().ok());
  EXPECT_TRUE(Update(StyleWeight(reader.job(), 7))->Wait().ok());
  EXPECT_EQ(Get(reader.job()).state(), v1::Job::STATE_PAUSED);
  EXPECT_TRUE(scheduler_->Resume(reader.job()).ok());
  const std::vector<Event> events = reader.Rest();
  EXPECT_THAT(Describe(events),
              ElementsAre("accepted", "PAUSED", "changed 0", "changed 0", "WAITING", "progress 1",
                          "progress 2", "progress 3", "progress 4", "result r3", "SUCCEEDED"));
  EXPECT_EQ(events[9].picture->data, FakeResult(3, {{0, 7}}));
}

TEST_F(SchedulerUpdateTest, ChangesWhatIsNotTheRecipes) {
  auto control = Control("a", 3);
  EventReader reader = Submit("a");
  control->entered.WaitFor(1);
  v1::UpdateJobRequest request;
  request.mutable_job()->set_name(reader.job());
  request.mutable_job()->set_display_name("boat");
  request.mutable_job()->set_priority(v1::PRIORITY_INTERACTIVE);
  request.mutable_job()->mutable_preview()->set_every_iterations(2);
  for (const char* path : {"display_name", "priority", "preview"}) {
    request.mutable_update_mask()->add_paths(path);
  }
  const auto answer = Update(request);
  control->Free();
  const absl::StatusOr<v1::Job> job = answer->Wait();
  ASSERT_TRUE(job.ok());
  EXPECT_EQ(job->display_name(), "boat");
  EXPECT_EQ(job->priority(), v1::PRIORITY_INTERACTIVE);
  EXPECT_EQ(job->preview().every_iterations(), 2);
  EXPECT_EQ(job->original_recipe().changes_size(), 0);
  EXPECT_EQ(reader.End(), absl::OkStatus());
  EXPECT_EQ(control->previewing.value(), 1);
}

TEST_F(SchedulerUpdateTest, DetachingAnOrphanLetsItGoOn) {
  auto control = Control("a", 3);
  control->may_result.Add(kNoLimit);
  EventReader reader = Submit("a");
  const std::string name = reader.job();
  control->entered.WaitFor(1);
  reader.Close();
  control->allowed.Add(kNoLimit);
  EXPECT_TRUE(Update(Detached(name, true))->Wait().ok());
  clock_.Advance(1000);
  scheduler_->Housekeep();
  AwaitState(name, v1::Job::STATE_SUCCEEDED);
}

TEST_F(SchedulerUpdateTest, AJobThatIsNoLongerDetachedMayBecomeAnOrphan) {
  auto control = Control("a", 3);
  v1::StylizeRequest request = Request("a");
  request.set_detached(true);
  EventReader reader = Submit(request);
  const std::string name = reader.job();
  control->entered.WaitFor(1);
  reader.Close();
  const auto answer = Update(Detached(name, false));
  control->Free();
  EXPECT_EQ(answer->Wait()->state(), v1::Job::STATE_ORPHANED);
  EXPECT_EQ(Attach(name).End(), absl::OkStatus());
}

TEST_F(SchedulerUpdateTest, PlannedChangesAreToldWhenTheyTakeEffect) {
  FreeControl("a", 3);
  v1::StylizeRequest request = Request("a");
  v1::RecipeChange& change = *request.mutable_recipe()->add_changes();
  change.set_iteration(1);
  change.set_style_weight(9);
  EventReader reader = Submit(request);
  const std::vector<Event> events = reader.Rest();
  EXPECT_THAT(Describe(events), ElementsAre("accepted", "progress 1", "changed 1", "progress 2", "progress 3",
                                            "progress 4", "result r3", "SUCCEEDED"));
  EXPECT_EQ(events[6].picture->data, FakeResult(3, {{1, 9}}));
  EXPECT_EQ(Get(reader.job()).recipe().style_weight(), 9);
}

}  // namespace
}  // namespace impasto::jobs
