#include "jobs/job_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace impasto::jobs {
namespace {

TEST(JobNameTest, TheIdFollowsTheCollection) {
  EXPECT_EQ(*JobId("jobs/0123456789abcdef"), "0123456789abcdef");
  EXPECT_EQ(*JobId("jobs/-"), "-");
  EXPECT_EQ(*JobId("jobs/" + std::string(64, 'z')), std::string(64, 'z'));
}

TEST(JobNameTest, NothingElseIsOne) {
  for (const std::string& name :
       {std::string(), std::string("jobs"), std::string("jobs/"), std::string("a"), std::string("/jobs/a"),
        std::string("jobs/A"), std::string("jobs/."), std::string("jobs/.."), std::string("jobs/a/b"),
        std::string("jobs/a b"), std::string("jobs/\xc3\xa4"), std::string("jobs/a\0", 7),
        "jobs/" + std::string(65, 'z')}) {
    EXPECT_EQ(JobId(name).status().code(), absl::StatusCode::kInvalidArgument) << name;
  }
  EXPECT_EQ(JobId("jobs/a\n").status().message(),
            "'jobs/a\\n' is no job's name: jobs/ and 1 to 64 of a-z, 0-9 and -");
}

}  // namespace
}  // namespace impasto::jobs
