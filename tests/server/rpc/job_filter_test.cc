#include "rpc/job_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/field_error.h"

namespace impasto::rpc {
namespace {

using testing::HasSubstr;

v1::Job SomeJob() {
  v1::Job job;
  job.set_name("jobs/abc");
  job.set_state(v1::Job::STATE_RUNNING);
  job.set_client("127.0.0.1");
  job.set_display_name("Dragon, \"red\" (2)");
  job.set_request_id("r-1");
  job.mutable_recipe()->set_model("models/vgg19");
  job.set_iteration(40);
  job.mutable_create_time()->set_seconds(1769817600);  // 2026-01-31T00:00:00Z
  return job;
}

// Whether the job is one that the filter wants. The filter is good.
bool Matches(absl::string_view filter, const v1::Job& job = SomeJob()) {
  const auto predicate = ParseJobFilter(filter);
  EXPECT_TRUE(predicate.ok()) << filter << ": " << predicate.status();
  return predicate.ok() && (*predicate)(job);
}

// Why the filter is refused, without the field.
std::string Refused(absl::string_view filter) {
  const absl::Status status = ParseJobFilter(filter).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << filter;
  EXPECT_EQ(FieldOf(status), "filter") << filter;
  return std::string(status.message().substr(std::min<size_t>(8, status.message().size())));
}

TEST(JobFilter, NothingWantsEveryJob) {
  EXPECT_TRUE(Matches(""));
  EXPECT_TRUE(Matches(" \t\n"));
}

TEST(JobFilter, States) {
  EXPECT_TRUE(Matches("state = RUNNING"));
  EXPECT_TRUE(Matches("state=STATE_RUNNING"));
  EXPECT_TRUE(Matches("state:RUNNING"));
  EXPECT_TRUE(Matches("state=\"RUNNING\""));
  EXPECT_FALSE(Matches("state = PAUSED"));
  EXPECT_TRUE(Matches("state != PAUSED"));
  EXPECT_FALSE(Matches("state != RUNNING"));
  EXPECT_EQ(
      Refused("state = running"),
      "at position 9: one of PREPARING, WAITING, RUNNING, PAUSED, ORPHANED, SUCCEEDED, CANCELLED, FAILED "
      "was expected");
  EXPECT_THAT(Refused("state = UNSPECIFIED"), HasSubstr("one of"));
  EXPECT_EQ(Refused("state < RUNNING"), "at position 7: state has no order: =, != or : was expected");
}

TEST(JobFilter, APriorityThatIsNotGivenIsNormal) {
  EXPECT_TRUE(Matches("priority = NORMAL"));
  EXPECT_FALSE(Matches("priority = PRIORITY_BATCH"));
  v1::Job job = SomeJob();
  job.set_priority(v1::PRIORITY_BATCH);
  EXPECT_TRUE(Matches("priority = BATCH", job));
}

TEST(JobFilter, Bools) {
  EXPECT_TRUE(Matches("detached = false"));
  EXPECT_FALSE(Matches("detached = true"));
  EXPECT_TRUE(Matches("detached != true"));
  EXPECT_EQ(Refused("detached = yes"), "at position 12: true or false was expected");
  EXPECT_THAT(Refused("detached"), HasSubstr("=, !=, <, <=, >, >= or : was expected"));
}

TEST(JobFilter, Text) {
  EXPECT_TRUE(Matches("name = jobs/abc"));
  EXPECT_TRUE(Matches("client = 127.0.0.1"));
  EXPECT_TRUE(Matches("recipe.model = \"models/vgg19\""));
  EXPECT_TRUE(Matches("request_id='r-1'"));
  EXPECT_FALSE(Matches("name = abc"));
  EXPECT_TRUE(Matches("name != abc"));
  EXPECT_TRUE(Matches(R"~(display_name = "Dragon, \"red\" (2)")~"));
  EXPECT_TRUE(Matches(R"~(display_name = 'Dragon, "red" (2)')~"));
  EXPECT_EQ(Refused("client > a"), "at position 8: client has no order: =, != or : was expected");
}

TEST(JobFilter, Wildcards) {
  EXPECT_TRUE(Matches("name = jobs/*"));
  EXPECT_TRUE(Matches("name = *abc"));
  EXPECT_TRUE(Matches("name = \"*s/a*\""));
  EXPECT_TRUE(Matches("name = *"));
  EXPECT_FALSE(Matches("name = abc*"));
  EXPECT_FALSE(Matches("name = *jobs"));
  EXPECT_FALSE(Matches("name = *x*"));
  EXPECT_FALSE(Matches("name = jo*bc"));  // not at an end: itself
  EXPECT_FALSE(Matches("name != jobs/*"));
  EXPECT_TRUE(Matches("name != x*"));
}

TEST(JobFilter, Has) {
  EXPECT_TRUE(Matches("display_name:dragon"));
  EXPECT_TRUE(Matches("display_name:\"RED\""));
  EXPECT_FALSE(Matches("display_name:blue"));
  EXPECT_TRUE(Matches("display_name:*"));
  EXPECT_FALSE(Matches("display_name:\"*\""));  // in quotes: itself
  EXPECT_TRUE(Matches("create_time:*"));
  EXPECT_FALSE(Matches("end_time:*"));
  EXPECT_TRUE(Matches("NOT end_time:*"));
  EXPECT_TRUE(Matches("iteration:40"));
}

TEST(JobFilter, Numbers) {
  for (const char* good : {"iteration = 40", "iteration != 41", "iteration < 41", "iteration <= 40",
                           "iteration > 39", "iteration >= 40", "iteration>-1"}) {
    EXPECT_TRUE(Matches(good)) << good;
  }
  for (const char* bad : {"iteration = 4", "iteration != 40", "iteration < 40", "iteration <= 39",
                          "iteration > 40", "iteration >= 41"}) {
    EXPECT_FALSE(Matches(bad)) << bad;
  }
  EXPECT_EQ(Refused("iteration = 4.5"), "at position 13: a whole number was expected");
  EXPECT_THAT(Refused("iteration = 99999999999999999999"), HasSubstr("a whole number"));
}

TEST(JobFilter, Times) {
  EXPECT_TRUE(Matches("create_time = \"2026-01-31T00:00:00Z\""));
  EXPECT_TRUE(Matches("create_time = 2026-01-31T01:00:00+01:00"));
  EXPECT_TRUE(Matches("create_time > \"2026-01-30T23:59:59.999Z\""));
  EXPECT_FALSE(Matches("create_time > \"2026-01-31T00:00:00Z\""));
  EXPECT_TRUE(Matches("create_time>=2026-01-31T00:00:00Z"));
  // It hasn't ended.
  EXPECT_FALSE(Matches("end_time > 2020-01-31T00:00:00Z"));
  EXPECT_FALSE(Matches("end_time < 2030-01-31T00:00:00Z"));
  EXPECT_TRUE(Matches("end_time != 2030-01-31T00:00:00Z"));
  EXPECT_EQ(Refused("create_time > yesterday"),
            "at position 15: a time such as \"2026-01-31T00:00:00Z\" was expected");
}

TEST(JobFilter, OrBindsTighterThanAnd) {
  const std::string yes = "iteration = 40", no = "iteration = 1";
  // (no AND yes) OR yes would be true.
  EXPECT_FALSE(Matches(absl::StrCat(no, " AND ", yes, " OR ", yes)));
  EXPECT_TRUE(Matches(absl::StrCat("(", no, " AND ", yes, ") OR ", yes)));
  EXPECT_TRUE(Matches(absl::StrCat(yes, " AND ", no, " OR ", yes)));
  EXPECT_TRUE(Matches(absl::StrCat(no, " OR ", no, " OR ", yes)));
  EXPECT_FALSE(Matches(absl::StrCat(yes, " AND ", yes, " AND ", no)));
}

TEST(JobFilter, Not) {
  EXPECT_FALSE(Matches("NOT iteration = 40"));
  EXPECT_TRUE(Matches("NOT iteration = 1"));
  EXPECT_FALSE(Matches("-iteration = 40"));
  EXPECT_TRUE(Matches("-(iteration = 1 OR state = PAUSED)"));
  EXPECT_TRUE(Matches("NOT(iteration=1)AND state=RUNNING"));
  EXPECT_FALSE(Matches("NOT iteration = 1 AND iteration = 1"));
}

TEST(JobFilter, SaysWhereAndWhatWasExpected) {
  EXPECT_EQ(Refused("AND"),
            "at position 1: \"AND\" is no field; these are: name, state, priority, detached, "
            "client, display_name, request_id, recipe.model, iteration, create_time, end_time");
  EXPECT_THAT(Refused("colour = red"), HasSubstr("at position 1: \"colour\" is no field"));
  EXPECT_EQ(Refused("= 3"), "at position 1: a field, NOT or ( was expected");
  EXPECT_EQ(Refused("name"), "at position 5: =, !=, <, <=, >, >= or : was expected");
  EXPECT_EQ(Refused("name ="), "at position 7: a value was expected");
  EXPECT_EQ(Refused("name = )"), "at position 8: a value was expected");
  EXPECT_EQ(Refused("name = a name = b"), "at position 10: AND, OR or the end was expected");
  EXPECT_EQ(Refused("name = a AND"), "at position 13: a field, NOT or ( was expected");
  EXPECT_EQ(Refused("(name = a"), "at position 10: AND, OR or ) was expected");
  EXPECT_EQ(Refused("name = a)"), "at position 9: AND, OR or the end was expected");
  EXPECT_EQ(Refused("name = \"a"), "at position 8: the quote isn't closed");
  EXPECT_EQ(Refused("name = \"a\\"), "at position 8: the quote isn't closed");
  EXPECT_EQ(Refused("name = \"\\n\""), "at position 10: a quote or \\ after \\ was expected");
  EXPECT_EQ(Refused("NOT NOT name = a"),
            "at position 5: \"NOT\" is no field; these are: name, state, "
            "priority, detached, client, display_name, request_id, recipe.model, "
            "iteration, create_time, end_time");
}

TEST(JobFilter, HasLimits) {
  const auto nested = [](int depth) {
    return absl::StrCat(std::string(depth, '('), "iteration = 40", std::string(depth, ')'));
  };
  EXPECT_TRUE(Matches(nested(20)));
  EXPECT_EQ(Refused(nested(21)), "at position 22: parentheses are nested more than 20 deep");
  EXPECT_TRUE(Matches(absl::StrCat("name != \"", std::string(990, 'x'), "\"")));
  EXPECT_EQ(Refused(absl::StrCat("name != \"", std::string(991, 'x'), "\"")),
            "1001 characters are more than 1000");
  EXPECT_EQ(Refused("name = \xff"), "is not UTF-8");
  // Characters, not bytes.
  std::string accents;
  for (int i = 0; i < 990; ++i) accents += "\xc3\xa9";
  EXPECT_TRUE(Matches(absl::StrCat("name != \"", accents, "\"")));
}

constexpr char kLong[] =
    "NOT (state = STATE_RUNNING OR -priority:BATCH) AND display_name = \"a \\\"b\\\" *\" OR create_time >= "
    "'2026-01-31T00:00:00Z' AND detached != true AND (iteration <= 40 OR recipe.model:*)";

TEST(JobFilter, EveryPrefixIsReadOrRefused) {
  const std::string filter = kLong;
  for (size_t length = 0; length <= filter.size(); ++length) {
    const auto predicate = ParseJobFilter(filter.substr(0, length));
    if (predicate.ok()) {
      (*predicate)(SomeJob());
    } else {
      EXPECT_EQ(FieldOf(predicate.status()), "filter");
    }
  }
  EXPECT_TRUE(ParseJobFilter(filter).ok());
}

TEST(JobFilter, AnyBytesAreReadOrRefused) {
  std::mt19937 random(7);
  const std::vector<std::string> pieces = {"(", ")",     "AND", "OR", "NOT", "-", " ",    "\"", "'", "\\",
                                           "*", "state", "=",   "!=", "<=",  ":", "name", "40", "x", "true"};
  for (int round = 0; round < 20'000; ++round) {
    std::string filter;
    switch (round % 3) {
      case 0:  // bytes
        for (int i = random() % 40; i > 0; --i) filter += static_cast<char>(random());
        break;
      case 1:  // pieces
        for (int i = random() % 20; i > 0; --i)
          absl::StrAppend(&filter, pieces[random() % pieces.size()], " ");
        break;
      default:  // a good one, with some bytes changed
        filter = kLong;
        for (int i = 0; i < 3; ++i) filter[random() % filter.size()] = static_cast<char>(random() % 128);
    }
    const auto predicate = ParseJobFilter(filter);
    if (predicate.ok()) {
      (*predicate)(SomeJob());
    } else {
      ASSERT_EQ(predicate.status().code(), absl::StatusCode::kInvalidArgument);
      ASSERT_EQ(FieldOf(predicate.status()), "filter");
    }
  }
}

}  // namespace
}  // namespace impasto::rpc
