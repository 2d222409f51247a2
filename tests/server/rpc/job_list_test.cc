#include "rpc/job_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/field_error.h"

namespace impasto::rpc {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

v1::Job MakeJob(const std::string& id, int64_t created, int iteration = 0) {
  v1::Job job;
  job.set_name(absl::StrCat("jobs/", id));
  job.mutable_create_time()->set_seconds(created);
  job.set_iteration(iteration);
  return job;
}

struct Page {
  absl::Status status;
  std::vector<std::string> ids;
  std::string next;
};

Page List(const std::vector<v1::Job>& jobs, const v1::ListJobsRequest& request) {
  v1::ListJobsResponse response;
  Page page{ListJobsPage(jobs, request, &response)};
  for (const v1::Job& job : response.jobs()) page.ids.push_back(job.name().substr(5));
  page.next = response.next_page_token();
  return page;
}
Page List(const std::vector<v1::Job>& jobs, const std::string& order, int page_size = 0,
          const std::string& token = "", const std::string& filter = "") {
  v1::ListJobsRequest request;
  request.set_order_by(order);
  request.set_page_size(page_size);
  request.set_page_token(token);
  request.set_filter(filter);
  return List(jobs, request);
}

TEST(ListJobs, TheNewestFirst) {
  const Page page = List({MakeJob("a", 5), MakeJob("b", 7), MakeJob("d", 6), MakeJob("c", 6)}, "");
  EXPECT_THAT(page.ids, ElementsAre("b", "c", "d", "a"));
  EXPECT_EQ(page.next, "");
  EXPECT_THAT(List({}, "").ids, IsEmpty());
}

TEST(ListJobs, FiltersAndSorts) {
  const std::vector<v1::Job> jobs = {MakeJob("a", 5, 3), MakeJob("b", 7, 1), MakeJob("c", 6, 3),
                                     MakeJob("d", 9, 2)};
  EXPECT_THAT(List(jobs, "iteration desc, create_time").ids, ElementsAre("a", "c", "d", "b"));
  EXPECT_THAT(List(jobs, " iteration ,name  desc ").ids, ElementsAre("b", "d", "c", "a"));
  EXPECT_THAT(List(jobs, "iteration", 0, "", "iteration > 1").ids, ElementsAre("d", "a", "c"));
}

TEST(ListJobs, EveryFieldSorts) {
  v1::Job first = MakeJob("z", 1, 1);
  first.set_state(v1::Job::STATE_WAITING);
  first.set_priority(v1::PRIORITY_INTERACTIVE);
  first.set_client("a");
  first.set_display_name("a");
  first.set_request_id("a");
  first.mutable_recipe()->set_model("a");
  v1::Job second = MakeJob("y", 2, 2);
  second.set_state(v1::Job::STATE_RUNNING);
  second.set_detached(true);
  second.set_client("b");
  second.set_display_name("b");
  second.set_request_id("b");
  second.mutable_recipe()->set_model("b");
  second.mutable_end_time()->set_seconds(1);  // the other has not ended
  for (const char* field : {"state", "priority", "detached", "client", "display_name", "request_id",
                            "recipe.model", "iteration", "create_time", "end_time"}) {
    EXPECT_THAT(List({second, first}, field).ids, ElementsAre("z", "y")) << field;
    EXPECT_THAT(List({first, second}, absl::StrCat(field, " desc")).ids, ElementsAre("y", "z")) << field;
    // And a page's position holds it.
    const std::string next = List({second, first}, field, 1).next;
    EXPECT_THAT(List({second, first}, field, 1, next).ids, ElementsAre("y")) << field;
  }
  EXPECT_THAT(List({first, second}, "name").ids, ElementsAre("y", "z"));
}

TEST(ListJobs, BadOrders) {
  for (const char* order :
       {"colour", "name asc", "name,", ",", "name desc desc", "desc", "name, state, name desc"}) {
    const Page page = List({}, order);
    EXPECT_EQ(page.status.code(), absl::StatusCode::kInvalidArgument) << order;
    EXPECT_EQ(FieldOf(page.status), "order_by") << order;
  }
  EXPECT_THAT(List({}, "colour").status.message(), HasSubstr("these are: name, state"));
  EXPECT_EQ(List({}, "name, name").status.message(), "order_by: has name twice");
}

TEST(ListJobs, PageSizes) {
  std::vector<v1::Job> jobs;
  for (int i = 0; i < 1100; ++i) jobs.push_back(MakeJob(absl::StrCat(i), i));
  EXPECT_THAT(List(jobs, "").ids, SizeIs(50));
  EXPECT_THAT(List(jobs, "", 7).ids, SizeIs(7));
  EXPECT_THAT(List(jobs, "", 5000).ids, SizeIs(1000));
  EXPECT_EQ(FieldOf(List(jobs, "", -1).status), "page_size");
}

TEST(ListJobs, APageFitsIntoAMessage) {
  std::vector<v1::Job> jobs;
  for (int i = 0; i < 10; ++i) {
    jobs.push_back(MakeJob(absl::StrCat(i), i));
    jobs.back().add_warnings(std::string(1 << 20, 'x'));
  }
  std::string token;
  std::vector<size_t> sizes;
  do {
    const Page page = List(jobs, "create_time", 1000, token);
    sizes.push_back(page.ids.size());
    token = page.next;
  } while (!token.empty());
  EXPECT_THAT(sizes, ElementsAre(2, 2, 2, 2, 2));
  // One that is larger comes alone.
  jobs[0].add_warnings(std::string(5 << 20, 'x'));
  EXPECT_THAT(List(jobs, "create_time", 1000).ids, ElementsAre("0"));
}

TEST(ListJobs, JobsThatComeAndGoBetweenPages) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    const std::string order = round % 2 == 0 ? "" : "client, create_time desc";
    std::vector<v1::Job> jobs;
    int made = 0;
    const auto add = [&] {
      // Several with the same time, so that the name decides.
      jobs.push_back(MakeJob(absl::StrCat(made++), random() % 5));
      jobs.back().set_client(absl::StrCat(random() % 3));
    };
    for (int i = 0; i < 20; ++i) add();
    std::vector<std::string> stayed;
    for (int i = 0; i < 20; i += 2) stayed.push_back(absl::StrCat(i));

    std::vector<std::string> seen;
    std::string token;
    do {
      const Page page = List(jobs, order, 3, token);
      ASSERT_TRUE(page.status.ok());
      seen.insert(seen.end(), page.ids.begin(), page.ids.end());
      token = page.next;
      // Odd ones go, also the one that the token stands at; new ones come.
      const std::string gone = absl::StrCat("jobs/", 2 * (random() % 10) + 1);
      std::erase_if(jobs, [&](const v1::Job& job) { return job.name() == gone; });
      if (seen.size() < 30) add();
    } while (!token.empty());
    for (const std::string& id : stayed) EXPECT_EQ(std::count(seen.begin(), seen.end(), id), 1) << id;
    std::sort(seen.begin(), seen.end());
    EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end()), seen.end());
  }
}

class Tokens : public testing::Test {
 protected:
  Tokens() {
    for (int i = 0; i < 5; ++i) jobs_.push_back(MakeJob(absl::StrCat(i), i));
    good_ = List(jobs_, "name", 2, "", "iteration = 0").next;
  }
  std::string Refused(const std::string& token) {
    const Page page = List(jobs_, "name", 2, token, "iteration = 0");
    return FieldOf(page.status);
  }

  std::vector<v1::Job> jobs_;
  std::string good_;
};

TEST_F(Tokens, AreForOneListAlone) {
  EXPECT_THAT(List(jobs_, "name", 2, good_, "iteration = 0").ids, ElementsAre("2", "3"));
  EXPECT_THAT(List(jobs_, "name", 9, good_, "iteration = 0").ids, ElementsAre("2", "3", "4"));
  for (const auto& [order, filter] : std::vector<std::pair<std::string, std::string>>{
           {"name", ""}, {"", "iteration = 0"}, {"name desc", "iteration = 0"}, {"name", "iteration = 0 "}}) {
    const Page page = List(jobs_, order, 2, good_, filter);
    EXPECT_EQ(page.status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(FieldOf(page.status), "page_token");
  }
}

TEST_F(Tokens, AreTextForUrls) { EXPECT_THAT(good_, testing::MatchesRegex("[A-Za-z0-9_-]+")); }

TEST_F(Tokens, EveryPrefixIsRefused) {
  for (size_t length = 1; length < good_.size(); ++length) {
    EXPECT_EQ(Refused(good_.substr(0, length)), "page_token") << length;
  }
  EXPECT_EQ(Refused(good_ + "A"), "page_token");
  EXPECT_EQ(Refused(good_ + "="), "page_token");
}

TEST_F(Tokens, AnyBytesAreRefused) {
  std::mt19937 random(5);
  for (int round = 0; round < 5000; ++round) {
    std::string bytes;
    for (int i = 1 + random() % 60; i > 0; --i) bytes += static_cast<char>(random());
    ASSERT_EQ(Refused(bytes), "page_token");
    ASSERT_EQ(Refused(absl::WebSafeBase64Escape(bytes)), "page_token");
    std::string changed = good_;
    char& c = changed[random() % changed.size()];
    c = c == 'A' ? 'B' : 'A';
    ASSERT_EQ(Refused(changed), "page_token");
  }
  EXPECT_EQ(Refused(std::string(100'000, 'A')), "page_token");
}

}  // namespace
}  // namespace impasto::rpc
