#include "tests/integration/job_stream.h"

#include <google/protobuf/empty.pb.h>
#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <thread>

namespace impasto::testing {
namespace {

constexpr std::chrono::minutes kLongestCall{4};
constexpr std::chrono::minutes kPatience{2};

bool Complete(const ReceivedPicture& picture) {
  return picture.header.total_bytes() == static_cast<int64_t>(picture.data.size()) && !picture.data.empty();
}

// Takes a chunk in; what is wrong with it, or "".
std::string AddChunk(const v1::PictureChunk& chunk, ReceivedPicture* picture) {
  if (chunk.offset() == 0) {
    if (!chunk.has_header()) return "the first chunk has no header";
    picture->header = chunk.header();
    picture->data.clear();
  } else if (chunk.has_header()) {
    return "a later chunk has a header";
  }
  if (chunk.offset() != static_cast<int64_t>(picture->data.size()))
    return "a chunk isn't where the last one ended";
  if (chunk.data().size() > 512 * 1024) return "a chunk is larger than 512 KiB";
  picture->data += chunk.data();
  return "";
}

std::string AddProgress(const v1::Progress& progress, bool first_is_known, JobOutcome* outcome) {
  std::string fault;
  const int expected = outcome->progress.empty() ? 1 : outcome->progress.back().iteration() + 1;
  const bool anything = outcome->progress.empty() && !first_is_known;
  if (!anything && progress.iteration() < expected) fault = "losses are there twice";
  if (!anything && progress.iteration() > expected) fault = "losses are left out";
  outcome->progress.push_back(progress);
  return fault;
}

std::string AddPreview(const v1::Preview& preview, JobOutcome* outcome) {
  if (preview.chunk().offset() == 0) {
    if (!outcome->previews.empty() && outcome->previews.back().first >= preview.iteration())
      return "previews go back";
    outcome->previews.emplace_back(preview.iteration(), ReceivedPicture());
  }
  if (outcome->previews.empty()) return "a preview begins in its middle";
  return AddChunk(preview.chunk(), &outcome->previews.back().second);
}

// Takes an event in; what is wrong with it, or "". `from_start`: nothing came before the outcome's events.
std::string AddEvent(const v1::JobEvent& event, bool from_start, JobOutcome* outcome) {
  const bool first = from_start && outcome->events.empty();
  const int64_t last_sequence = outcome->events.empty() ? 0 : outcome->events.back().sequence();
  outcome->events.push_back(event);
  // The chunks of one picture share its number.
  if (event.sequence() < last_sequence || event.sequence() < 1) return "sequence numbers go back";
  if (event.sequence() <= outcome->last_whole) return "an event is there twice";
  if (first != event.has_accepted()) return "accepted isn't the first event, or comes twice";
  if (outcome->finished.state() != v1::Finished::STATE_UNSPECIFIED) return "an event after the end";
  std::string fault;
  bool whole = true;
  switch (event.event_case()) {
    case v1::JobEvent::kAccepted:
      outcome->accepted = event.accepted();
      break;
    case v1::JobEvent::kProgress:
      fault = AddProgress(event.progress(), from_start, outcome);
      break;
    case v1::JobEvent::kPreview:
      fault = AddPreview(event.preview(), outcome);
      whole = !outcome->previews.empty() && Complete(outcome->previews.back().second);
      break;
    case v1::JobEvent::kResult:
      if (event.result().chunk().offset() == 0) {
        outcome->result = event.result();
        outcome->result.clear_chunk();
      }
      fault = AddChunk(event.result().chunk(), &outcome->picture);
      whole = Complete(outcome->picture);
      break;
    case v1::JobEvent::kFinished:
      outcome->finished = event.finished();
      break;
    case v1::JobEvent::kChanged:
      outcome->changes.push_back(event.changed());
      break;
    case v1::JobEvent::kStateChanged:
      outcome->states.push_back(event.state_changed());
      break;
    case v1::JobEvent::EVENT_NOT_SET:
      return "an empty event";
  }
  if (whole) outcome->last_whole = event.sequence();
  return fault;
}

// What a broken stream left half-done is given up: it comes again, or something newer.
void DropHalves(JobOutcome* outcome) {
  while (!outcome->events.empty() && outcome->events.back().sequence() > outcome->last_whole) {
    outcome->events.pop_back();
  }
  if (!outcome->previews.empty() && !Complete(outcome->previews.back().second)) outcome->previews.pop_back();
  if (!Complete(outcome->picture)) outcome->picture = {};
}

void Read(grpc::ClientReader<v1::JobEvent>& reader, grpc::ClientContext& context, const OnEvent& on_event,
          bool from_start, JobOutcome* outcome) {
  v1::JobEvent event;
  while (reader.Read(&event)) {
    const std::string fault = AddEvent(event, from_start, outcome);
    if (!fault.empty()) outcome->faults.push_back(fault);
    if (on_event) on_event(event, context);
  }
  outcome->status = reader.Finish();
  if (!outcome->status.ok()) return;
  if (!outcome->picture.data.empty() && !Complete(outcome->picture))
    outcome->faults.emplace_back("the result isn't complete");
  for (const auto& [iteration, picture] : outcome->previews) {
    if (!Complete(picture)) outcome->faults.emplace_back("a preview isn't complete");
  }
}

void Prepare(const PrepareCall& prepare, grpc::ClientContext* context) {
  context->set_deadline(std::chrono::system_clock::now() + kLongestCall);
  if (prepare) prepare(*context);
}

void Watch(v1::Stylization::Stub& stub, const std::string& name, bool from_start, const OnEvent& on_event,
           const PrepareCall& prepare, JobOutcome* outcome) {
  grpc::ClientContext context;
  Prepare(prepare, &context);
  auto request = Named<v1::WatchJobRequest>(name);
  request.set_after_event(outcome->last_whole);
  Read(*stub.WatchJob(&context, request), context, on_event, from_start, outcome);
}

// The detail of type T, or a default one.
template <class T>
bool DetailOf(const grpc::Status& status, T* detail) {
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return false;
  for (const auto& any : details.details()) {
    if (any.UnpackTo(detail)) return true;
  }
  return false;
}

}  // namespace

OnEvent AtIteration(int iteration,
                    std::function<void(const std::string& job, grpc::ClientContext& context)> then) {
  return [iteration, then = std::move(then), job = std::make_shared<std::string>()](
             const v1::JobEvent& event, grpc::ClientContext& context) {
    if (event.has_accepted()) *job = event.accepted().job();
    if (event.progress().iteration() == iteration) then(*job, context);
  };
}

JobOutcome RunJob(v1::Stylization::Stub& stub, const v1::StylizeRequest& request, const OnEvent& on_event,
                  const PrepareCall& prepare) {
  JobOutcome outcome;
  grpc::ClientContext context;
  Prepare(prepare, &context);
  Read(*stub.Stylize(&context, request), context, on_event, /*from_start=*/true, &outcome);
  return outcome;
}

void GoOn(v1::Stylization::Stub& stub, JobOutcome* outcome, const OnEvent& on_event,
          const PrepareCall& prepare) {
  DropHalves(outcome);
  Watch(stub, outcome->accepted.job(), /*from_start=*/true, on_event, prepare, outcome);
}

JobOutcome WatchJob(v1::Stylization::Stub& stub, const std::string& name, int64_t after,
                    const OnEvent& on_event) {
  JobOutcome outcome;
  outcome.last_whole = after;
  Watch(stub, name, /*from_start=*/after == 0, on_event, {}, &outcome);
  return outcome;
}

std::string Detach(v1::Stylization::Stub& stub, v1::StylizeRequest request) {
  request.set_detached(true);
  return RunJob(stub, request, [](const v1::JobEvent&, grpc::ClientContext& context) { context.TryCancel(); })
      .accepted.job();
}

grpc::Status GetJob(v1::Stylization::Stub& stub, const std::string& name, v1::Job* job) {
  return Ask(stub, &v1::Stylization::Stub::GetJob, Named<v1::GetJobRequest>(name), job);
}

grpc::Status CancelJob(v1::Stylization::Stub& stub, const std::string& name) {
  v1::Job job;
  return Ask(stub, &v1::Stylization::Stub::CancelJob, Named<v1::CancelJobRequest>(name), &job);
}

grpc::Status DeleteJob(v1::Stylization::Stub& stub, const std::string& name) {
  google::protobuf::Empty nothing;
  return Ask(stub, &v1::Stylization::Stub::DeleteJob, Named<v1::DeleteJobRequest>(name), &nothing);
}

v1::Job JobNow(v1::Stylization::Stub& stub, const std::string& name) {
  v1::Job job;
  const grpc::Status status = GetJob(stub, name, &job);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return job;
}

v1::UpdateJobRequest StyleWeightUpdate(const std::string& name, double style_weight) {
  v1::UpdateJobRequest request;
  request.mutable_job()->set_name(name);
  request.mutable_job()->mutable_recipe()->set_style_weight(style_weight);
  request.mutable_update_mask()->add_paths("recipe.style_weight");
  return request;
}

v1::Job WaitForJob(v1::Stylization::Stub& stub, const std::string& name,
                   const std::function<bool(const v1::Job&)>& is) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  v1::Job job;
  do {
    const grpc::Status status = GetJob(stub, name, &job);
    if (!status.ok()) {
      ADD_FAILURE() << status.error_message();
      return job;
    }
    if (is(job)) return job;
    std::this_thread::yield();
  } while (std::chrono::steady_clock::now() < until);
  ADD_FAILURE() << "waited in vain; the job is still\n" << job.ShortDebugString();
  return job;
}

v1::Job WaitForState(v1::Stylization::Stub& stub, const std::string& name, v1::Job::State state) {
  return WaitForJob(stub, name, [&](const v1::Job& job) { return job.state() == state; });
}

void EndSoon(v1::Stylization::Stub& stub, const std::string& name, int steps) {
  v1::UpdateJobRequest update;
  update.mutable_job()->set_name(name);
  grpc::Status status;
  // It may run past the new end before it knows of it: then that is refused, and a later one may do.
  do {
    v1::Job job = JobNow(stub, name);
    update.mutable_job()->mutable_recipe()->set_iterations(job.iteration() + steps);
    status = Ask(stub, &v1::Stylization::Stub::UpdateJob, update, &job);
    steps *= 2;
  } while (status.error_code() == grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_TRUE(status.ok()) << status.error_message();
}

std::string FieldOf(const grpc::Status& status) {
  google::rpc::BadRequest bad;
  return DetailOf(status, &bad) && bad.field_violations_size() > 0 ? bad.field_violations(0).field() : "";
}

std::string FactOf(const grpc::Status& status, const std::string& key) {
  google::rpc::ErrorInfo info;
  if (!DetailOf(status, &info)) return "";
  const auto found = info.metadata().find(key);
  return found == info.metadata().end() ? "" : found->second;
}

bool HasRetryInfo(const grpc::Status& status) {
  google::rpc::RetryInfo retry;
  return DetailOf(status, &retry) && retry.has_retry_delay();
}

}  // namespace impasto::testing
