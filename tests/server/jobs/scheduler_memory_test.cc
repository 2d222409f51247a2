// Jobs that don't fit into memory together.
#include "tests/server/jobs/scheduler_fixture.h"

namespace impasto::jobs {
namespace {

class SchedulerMemoryTest : public SchedulerTest {
 protected:
  void SetUp() override {
    options_.memory_budget = 100;
    options_.swap_seconds = 10;
    Create();
  }
  std::shared_ptr<WorkControl> Control(const std::string& name, int iterations, MemoryNeed memory) {
    auto control = SchedulerTest::Control(name, iterations);
    control->memory = memory;
    return control;
  }
};

constexpr MemoryNeed kLarge{.peak = 60, .waiting = 5};

TEST_F(SchedulerMemoryTest, JobsThatFitKeepTheirBuffers) {
  auto first = Control("a", 10, {.peak = 60, .waiting = 5});
  auto second = Control("b", 10, {.peak = 40, .waiting = 5});
  EventReader a = Submit(Request("a"), "a");
  first->entered.WaitFor(1);
  EventReader b = Submit(Request("b"), "b");
  b.Until("accepted");
  first->Free();
  second->Free();
  EXPECT_EQ(a.End(), absl::OkStatus());
  EXPECT_EQ(b.End(), absl::OkStatus());
  EXPECT_EQ(first->set_asides.value() + second->set_asides.value(), 0);
  EXPECT_EQ(factory_.device().most_bytes, 100);
}

class TurnsTest : public SchedulerMemoryTest, public testing::WithParamInterface<v1::Priority> {};

TEST_P(TurnsTest, OthersTakeTurnsNotTooOften) {
  auto first = Control("a", 40, kLarge);
  auto second = Control("b", 40, kLarge);
  EventReader a = Submit(Request("a", GetParam()), "a");
  first->entered.WaitFor(1);
  EventReader b = Submit(Request("b", GetParam()), "b");
  b.Until("accepted");
  first->Free();
  second->Free();
  EXPECT_EQ(a.Rest()[42].picture->data, FakeResult(40));
  EXPECT_EQ(b.Rest()[41].picture->data, FakeResult(40));  // it has read the first
  // 82 s in turns of 10 s and a step at least.
  const int swaps = first->set_asides.value() + second->set_asides.value();
  EXPECT_GE(swaps, 4);
  EXPECT_LE(swaps, 8);
  EXPECT_EQ(first->starts.value(), first->set_asides.value() + 1);
  EXPECT_EQ(factory_.device().most_bytes, 65 - 5);
}

INSTANTIATE_TEST_SUITE_P(OfAClass, TurnsTest,
                         testing::Values(v1::PRIORITY_INTERACTIVE, v1::PRIORITY_NORMAL, v1::PRIORITY_BATCH));

TEST_F(SchedulerMemoryTest, AnInteractiveJobDoesNotWaitForItsTurn) {
  auto first = Control("a", 40, kLarge);
  EventReader a = Submit(Request("a"), "a");
  first->entered.WaitFor(1);
  auto second = Control("b", 2, kLarge);
  second->step_seconds = 0.1;
  second->Free();
  EventReader b = Submit(Request("b", v1::PRIORITY_INTERACTIVE), "b");
  b.Until("accepted");
  first->allowed.Add(1);
  EXPECT_EQ(b.End(), absl::OkStatus());
  EXPECT_EQ(first->set_asides.value(), 1);
  first->Free();
  EXPECT_EQ(a.End(), absl::OkStatus());
  EXPECT_EQ(first->starts.value(), 2);
}

TEST_F(SchedulerMemoryTest, WhoDoesNotUseItsBuffersGivesThemUpAtOnce) {
  auto first = Control("a", 3, kLarge);
  EventReader a = Submit("a");
  first->entered.WaitFor(1);
  EXPECT_TRUE(scheduler_->Pause(a.job()).ok());
  first->Free();
  auto second = Control("b", 3, kLarge);
  second->Free();
  EXPECT_EQ(Submit("b").End(), absl::OkStatus());
  EXPECT_EQ(first->set_asides.value(), 1);
  EXPECT_TRUE(scheduler_->Resume(a.job()).ok());
  EXPECT_EQ(a.Until("SUCCEEDED").back(), "SUCCEEDED");
}

// Its pictures alone leave the running job no room.
constexpr MemoryNeed kHuge{.peak = 90, .waiting = 20};

TEST_F(SchedulerMemoryTest, AJobWithoutRoomWaitsAndIsPreparedAgain) {
  auto first = Control("a", 3, kHuge);
  EventReader a = Submit("a");
  first->entered.WaitFor(1);
  auto second = Control("b", 3, kHuge);
  second->Free();
  EventReader b = Submit("b");
  b.Until("accepted");
  second->freed.WaitFor(1);
  EXPECT_EQ(Get(b.job()).state(), v1::Job::STATE_WAITING);
  // A small one is not kept waiting by it.
  auto small = Control("c", 3, {.peak = 10, .waiting = 1});
  small->Free();
  EventReader c = Submit("c");
  c.Until("accepted");
  EXPECT_EQ(second->preparing.value(), 1);
  first->Free();
  EXPECT_EQ(a.End(), absl::OkStatus());
  EXPECT_EQ(c.End(), absl::OkStatus());
  EXPECT_EQ(b.Rest()[4].picture->data, FakeResult(3));
  EXPECT_GE(second->preparing.value(), 2);
  EXPECT_LE(factory_.device().most_bytes, 100);
}

TEST_F(SchedulerMemoryTest, AJobWithoutRoomCanBePausedCancelledAndStopped) {
  auto first = Control("a", 3, kHuge);
  first->may_result.Add(kNoLimit);
  EventReader a = Submit("a");
  first->entered.WaitFor(1);
  auto second = Control("b", 3, kHuge);
  second->Free();
  EventReader b = Submit("b"), c = Submit("b"), d = Submit("b");
  for (EventReader* reader : {&b, &c, &d}) reader->Until("accepted");
  second->freed.WaitFor(3);
  EXPECT_TRUE(scheduler_->Pause(b.job()).ok());
  EXPECT_TRUE(scheduler_->Cancel(c.job()).ok());
  EXPECT_EQ(c.End().code(), absl::StatusCode::kCancelled);
  const std::string orphan = d.job();
  d.Close();
  EXPECT_EQ(Get(orphan).state(), v1::Job::STATE_ORPHANED);
  first->allowed.Add(kNoLimit);
  EXPECT_EQ(a.End(), absl::OkStatus());
  scheduler_->Stop();
  EXPECT_EQ(b.End().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(second->entered.value(), 0);
}

TEST_F(SchedulerMemoryTest, AJobThatIsTooLargeAloneStillEnds) {
  Control("a", 3, {.peak = 200, .waiting = 150})->Free();
  EXPECT_EQ(Submit("a").End(), absl::OkStatus());
}

TEST_F(SchedulerMemoryTest, APausedJobGivesItsPicturesUpForAnotherAndGoesOnFromItsCheckpoint) {
  auto first = Control("a", 5, kHuge);
  first->may_result.Add(kNoLimit);
  EventReader a = Submit("a");
  first->allowed.Add(2);
  a.Until("progress 2");
  first->entered.WaitFor(3);
  EXPECT_TRUE(scheduler_->Pause(a.job()).ok());
  first->allowed.Add(kNoLimit);
  auto second = Control("b", 3, kHuge);
  second->Free();
  EXPECT_EQ(Submit("b").End(), absl::OkStatus());
  EXPECT_EQ(Get(a.job()).state(), v1::Job::STATE_PAUSED);
  EXPECT_EQ(first->freed.value(), 1);
  EXPECT_TRUE(scheduler_->Resume(a.job()).ok());
  EXPECT_EQ(a.Until("SUCCEEDED").back(), "SUCCEEDED");
  EXPECT_EQ(Attach(a.job()).Rest().size(), 11u);  // 6 losses, paused, resumed, and what every job has
  EXPECT_EQ(first->preparing.value(), 2);
  EXPECT_LE(factory_.device().most_bytes, 100);
}

TEST_F(SchedulerMemoryTest, AJobThatGaveItsPicturesUpIsChangedAndCancelledWithItsBestPicture) {
  auto first = Control("a", 5, kHuge);
  first->may_result.Add(kNoLimit);
  EventReader a = Submit("a");
  first->allowed.Add(2);
  first->entered.WaitFor(3);
  EXPECT_TRUE(scheduler_->Pause(a.job()).ok());
  first->allowed.Add(1);
  auto second = Control("b", 3, kHuge);
  second->Free();
  EXPECT_EQ(Submit("b").End(), absl::OkStatus());
  EXPECT_EQ(first->freed.value(), 1);
  EXPECT_TRUE(scheduler_->Cancel(a.job()).ok());
  const std::vector<std::string> words = Describe(a.Rest());
  ASSERT_GE(words.size(), 2u);
  EXPECT_EQ(words[words.size() - 2], "result r3");
  EXPECT_EQ(words.back(), "CANCELLED");
}

}  // namespace
}  // namespace impasto::jobs
