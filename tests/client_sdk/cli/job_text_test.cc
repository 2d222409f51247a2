#include "cli/job_text.h"

#include <sstream>

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "cli/json.h"
#include "impasto/v1/stylization.pb.h"

namespace impasto::cli {
namespace {

v1::Job Parse(const std::string& text) {
  v1::Job job;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &job));
  return job;
}

TEST(JobTextTest, NamesStatesAndPriorities) {
  EXPECT_EQ(StateName(v1::Job::STATE_RUNNING), "running");
  EXPECT_EQ(StateName(v1::Job::STATE_UNSPECIFIED), "unspecified");
  EXPECT_EQ(StateName(static_cast<v1::Job::State>(99)), "unknown");
  EXPECT_EQ(PriorityName(v1::PRIORITY_INTERACTIVE), "interactive");
  EXPECT_EQ(PriorityName(v1::PRIORITY_UNSPECIFIED), "normal");
  EXPECT_FALSE(HasEnded(Parse("state: STATE_ORPHANED")));
  EXPECT_TRUE(HasEnded(Parse("state: STATE_FAILED")));
}

TEST(JobTextTest, PrintsATable) {
  const std::vector<v1::Job> jobs = {
      Parse(
          R"(name: "jobs/3f2a90c1" state: STATE_RUNNING priority: PRIORITY_INTERACTIVE width: 512 height: 384
               recipe { model: "models/vgg19" } iteration: 120 iterations: 300 total_loss: 34215678.9
               create_time { seconds: 1000 } display_name: "Sunday walk")"),
      Parse(R"(name: "jobs/b" state: STATE_PREPARING create_time { seconds: 1090 })")};
  std::ostringstream out;
  PrintJobs(jobs, absl::FromUnixSeconds(1100), &out);
  EXPECT_EQ(out.str(),
            "JOB       STATE      PRIORITY     MODEL  SIZE     PROGRESS  LOSS       AGE         NAME\n"
            "3f2a90c1  running    interactive  vgg19  512x384  120/300   3.422e+07  1 min 40 s  Sunday walk\n"
            "b         preparing  normal       -      -        0/0       -          10 s\n");
}

TEST(JobTextTest, PrintsAJob) {
  const v1::Job job = Parse(
      R"(name: "jobs/a" state: STATE_FAILED client: "cli-1" width: 4 height: 3 iteration: 2 iterations: 9
         total_loss: 1.5 device_time { seconds: 3 } remaining { seconds: 20 } memory { peak_bytes: 1048576 }
         create_time { seconds: 0 } start_time { seconds: 1 } end_time { seconds: 2 }
         expire_time { seconds: 3 } has_result: true request_id: "mine" detached: true watchers: 2
         error { code: 13 message: "the loss is not a number" } warnings: "random weights"
         recipe { style_weight: 2 }
         original_recipe { changes { iteration: 1 style_weight: 2 } })");
  std::ostringstream out;
  PrintJob(job, absl::UTCTimeZone(), &out);
  EXPECT_EQ(out.str(),
            "job            jobs/a\n"
            "name           -\n"
            "state          failed\n"
            "priority       normal\n"
            "client         cli-1\n"
            "detached       yes\n"
            "watchers       2\n"
            "size           4x3\n"
            "progress       2/9\n"
            "loss           1.5\n"
            "on the device  3.0 s\n"
            "remaining      20 s\n"
            "memory         1 MiB\n"
            "created        1970-01-01 00:00:00\n"
            "started        1970-01-01 00:00:01\n"
            "ended          1970-01-01 00:00:02\n"
            "kept until     1970-01-01 00:00:03\n"
            "result         yes\n"
            "request id     mine\n"
            "error          the loss is not a number\n"
            "warning        random weights\n"
            "\nChanges while it ran:\nfrom iteration 2 on: style_weight=2\n"
            "\nRecipe in force:\n{\n \"style_weight\": 2\n}\n");
}

TEST(JobTextTest, AnErrorOfAnUnknownKindDoesNotStopJson) {
  v1::Job job = Parse(R"(name: "jobs/a" error { code: 13 message: "words" })");
  job.mutable_error()->add_details()->set_type_url("type.googleapis.com/no.such.Message");
  job.mutable_error()->mutable_details(0)->set_value("anything");
  EXPECT_EQ(ToJson(job),
            "{\n \"name\": \"jobs/a\",\n \"error\": {\n  \"code\": 13,\n  \"message\": \"words\"\n }\n}\n");
  v1::ListJobsResponse list;
  *list.add_jobs() = job;
  EXPECT_EQ(
      ToJson(list),
      "{\n \"jobs\": [\n  {\n   \"name\": \"jobs/a\",\n   \"error\": {\n    \"code\": 13,\n    \"message\": "
      "\"words\"\n   }\n  }\n ]\n}\n");
}

}  // namespace
}  // namespace impasto::cli
