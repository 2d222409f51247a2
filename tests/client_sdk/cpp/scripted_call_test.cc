#include "impasto/mocks/scripted_call.h"

#include <variant>

#include <gtest/gtest.h>

namespace impasto::mocks {
namespace {

v1::Accepted Accepted() {
  v1::Accepted accepted;
  accepted.set_job("jobs/1");
  return accepted;
}

TEST(ScriptedCallTest, PlaysItsEventsAndItsEnd) {
  ScriptedCall call({Accepted(), v1::Progress(), ResultPicture()}, absl::InternalError("broken"));
  EXPECT_EQ(call.job(), "");
  EXPECT_EQ(call.last_event(), 0);
  EXPECT_TRUE(std::holds_alternative<v1::Accepted>(call.Next().value()));
  EXPECT_EQ(call.job(), "jobs/1");
  EXPECT_EQ(call.last_event(), 1);
  EXPECT_EQ(call.Finish(), absl::InternalError("broken"));
  EXPECT_EQ(call.last_event(), 3);
  EXPECT_FALSE(call.Next().has_value());
}

TEST(ScriptedCallTest, EndsWhereItIsCancelled) {
  ScriptedCall call({Accepted(), v1::Progress()});
  EXPECT_TRUE(call.Next().has_value());
  EXPECT_TRUE(call.Cancel());
  EXPECT_FALSE(call.Next().has_value());
  EXPECT_EQ(call.Finish(), absl::CancelledError("cancelled"));
}

TEST(ScriptedCallTest, EndsWhereItIsDetachedFrom) {
  ScriptedCall call({Accepted(), v1::Progress()});
  EXPECT_EQ(call.Detach(), absl::FailedPreconditionError("the job isn't accepted yet"));
  EXPECT_TRUE(call.Next().has_value());
  EXPECT_TRUE(call.Detach().ok());
  EXPECT_EQ(call.Finish(), absl::CancelledError("detached"));
}

TEST(ScriptedCallTest, AnEndThatIsThereStays) {
  ScriptedCall call({Accepted()});
  EXPECT_TRUE(call.Next().has_value());
  EXPECT_TRUE(call.Cancel(absl::Seconds(1)));
  EXPECT_TRUE(call.Finish().ok());
}

}  // namespace
}  // namespace impasto::mocks
