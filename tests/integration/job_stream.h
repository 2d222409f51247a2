// What a client of jobs does, for the integration tests: reads streams of events to their end, over broken
// connections where need be, and checks on the way that they keep their rules.
#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "impasto/v1/stylization.grpc.pb.h"

namespace impasto::testing {

// A picture put together from its chunks.
struct ReceivedPicture {
  v1::PictureHeader header;
  std::string data;
};

// All that the streams of one watcher brought, as one.
struct JobOutcome {
  grpc::Status status;               // the last stream's
  std::vector<v1::JobEvent> events;  // all of them
  v1::Accepted accepted;
  std::vector<v1::Progress> progress;
  std::vector<std::pair<int, ReceivedPicture>> previews;  // with the steps made
  std::vector<v1::RecipeChange> changes;
  std::vector<v1::StateChanged> states;
  v1::Result result;  // without its chunk
  ReceivedPicture picture;
  v1::Finished finished;
  int64_t last_whole = 0;  // sequence number of the last event that is here whole
  // What breaks the streams' rules: order, chunks, sequence numbers, losses left out or there twice.
  std::vector<std::string> faults;
};

// Sees every event as it comes, and may cancel the call.
using OnEvent = std::function<void(const v1::JobEvent& event, grpc::ClientContext& context)>;
// Calls `then` once: when the losses of `iteration` come, in the stream that brings `accepted` too.
OnEvent AtIteration(int iteration,
                    std::function<void(const std::string& job, grpc::ClientContext& context)> then);
using PrepareCall = std::function<void(grpc::ClientContext& context)>;

// Runs a job to its stream's end. No call here lasts longer than four minutes, unless `prepare` says so.
JobOutcome RunJob(v1::Stylization::Stub& stub, const v1::StylizeRequest& request,
                  const OnEvent& on_event = {}, const PrepareCall& prepare = {});
// Attaches to the job of `outcome` behind the last event that it has whole, and goes on to the stream's end.
void GoOn(v1::Stylization::Stub& stub, JobOutcome* outcome, const OnEvent& on_event = {},
          const PrepareCall& prepare = {});
// Watches a job from the event after `after` on.
JobOutcome WatchJob(v1::Stylization::Stub& stub, const std::string& name, int64_t after = 0,
                    const OnEvent& on_event = {});
// Submits a job, detached, and leaves it alone once it is accepted. Its name; "" where it was refused.
std::string Detach(v1::Stylization::Stub& stub, v1::StylizeRequest request);

// Calls one method, within four minutes: Ask(stub, &v1::Stylization::Stub::GetJob, request, &job).
template <class Stub, class Request, class Response>
grpc::Status Ask(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                 const Request& request, Response* response) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(4));
  return (stub.*method)(&context, request, response);
}
// A request that is a name.
template <class Request>
Request Named(const std::string& name) {
  Request request;
  request.set_name(name);
  return request;
}
grpc::Status GetJob(v1::Stylization::Stub& stub, const std::string& name, v1::Job* job);
grpc::Status CancelJob(v1::Stylization::Stub& stub, const std::string& name);
grpc::Status DeleteJob(v1::Stylization::Stub& stub, const std::string& name);
// As it is now; with a failed expectation where it can't be had.
v1::Job JobNow(v1::Stylization::Stub& stub, const std::string& name);
v1::UpdateJobRequest StyleWeightUpdate(const std::string& name, double style_weight);

// Asks until `is` holds. A failed expectation after two minutes.
v1::Job WaitForJob(v1::Stylization::Stub& stub, const std::string& name,
                   const std::function<bool(const v1::Job&)>& is);
v1::Job WaitForState(v1::Stylization::Stub& stub, const std::string& name, v1::Job::State state);

// Lets a job that has far to go end after some `steps` more. Its recipe lists the change.
void EndSoon(v1::Stylization::Stub& stub, const std::string& name, int steps);

// The field that a status's google.rpc.BadRequest names; "" where it has none.
std::string FieldOf(const grpc::Status& status);
// What its google.rpc.ErrorInfo says of `key`; "" where it says nothing.
std::string FactOf(const grpc::Status& status, const std::string& key);
// It says when to try again.
bool HasRetryInfo(const grpc::Status& status);

}  // namespace impasto::testing
