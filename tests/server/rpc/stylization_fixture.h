// A Stylization service with fake backends, called over gRPC.
#pragma once

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rpc/picture_chunks.h"
#include "rpc/stylization_service.h"
#include "tests/server/rpc/fake_backends.h"
#include "tests/server/rpc/test_server.h"

namespace impasto::rpc {

using Reader = grpc::ClientReader<v1::JobEvent>;

class StylizationTest : public testing::Test {
 protected:
  void Create(StylizationService::Limits limits, int64_t waiting_bytes = int64_t{1} << 30,
              int max_waiting = 512) {
    server_.reset();
    service_.reset();
    helper_ = std::make_unique<Worker>(max_waiting);
    decoder_ = std::make_unique<Worker>(max_waiting);
    backend_ = std::make_unique<FakeStylization>();
    budget_ = std::make_unique<RequestBudget>(waiting_bytes);
    service_ = std::make_unique<StylizationService>(&*callers_, backend_.get(), &uploads_, helper_.get(),
                                                    decoder_.get(), budget_.get(), limits);
    server_ = std::make_unique<TestServer>(service_.get());
    stub_ = v1::Stylization::NewStub(server_->channel());
  }
  void SetUp() override { Create({}); }
  // Jobs do nothing by themselves.
  void Script() { backend_->run = nullptr; }

  static v1::StylizeRequest Request(size_t content_bytes = 7) {
    v1::StylizeRequest request;
    request.mutable_content()->set_encoded(std::string(content_bytes, 'x'));
    request.add_styles()->set_encoded("style");
    return request;
  }
  static v1::WatchJobRequest WatchRequest(const std::string& name, int64_t after = 0) {
    v1::WatchJobRequest request;
    request.set_name(name);
    request.set_after_event(after);
    return request;
  }
  static std::vector<v1::JobEvent> ReadAll(Reader& reader) {
    std::vector<v1::JobEvent> events;
    v1::JobEvent event;
    while (reader.Read(&event)) events.push_back(event);
    return events;
  }
  grpc::Status Stylize(const v1::StylizeRequest& request, std::vector<v1::JobEvent>* events) {
    grpc::ClientContext context;
    const auto reader = stub_->Stylize(&context, request);
    *events = ReadAll(*reader);
    return reader->Finish();
  }
  grpc::Status Watch(const std::string& name, int64_t after, std::vector<v1::JobEvent>* events) {
    grpc::ClientContext context;
    const auto reader = stub_->WatchJob(&context, WatchRequest(name, after));
    *events = ReadAll(*reader);
    return reader->Finish();
  }

  // Anybody; a test that wants tokens puts others here before Create().
  std::optional<Callers> callers_{std::in_place};
  FakeUploads uploads_;
  std::unique_ptr<FakeStylization> backend_;
  std::unique_ptr<Worker> helper_;
  std::unique_ptr<Worker> decoder_;
  std::unique_ptr<RequestBudget> budget_;
  std::unique_ptr<StylizationService> service_;
  std::unique_ptr<TestServer> server_;
  std::unique_ptr<v1::Stylization::Stub> stub_;
  std::vector<v1::JobEvent> events_;
};

// Checks the order of events and the chunks of each picture, and puts the pictures together, by sequence
// number.
inline std::map<int64_t, std::string> CheckStream(const std::vector<v1::JobEvent>& events) {
  std::map<int64_t, std::string> pictures;
  int64_t sequence = 0;
  int64_t expected = 0;  // bytes of the picture that has begun
  int last_preview = 0;
  for (const v1::JobEvent& event : events) {
    const bool in_picture =
        pictures.contains(sequence) && static_cast<int64_t>(pictures[sequence].size()) < expected;
    if (in_picture) {
      EXPECT_EQ(event.sequence(), sequence);
    } else {
      EXPECT_GT(event.sequence(), sequence);
    }
    sequence = event.sequence();
    if (event.has_preview() && !in_picture) {
      EXPECT_GT(event.preview().iteration(), last_preview);
      last_preview = event.preview().iteration();
    }
    if (!event.has_preview() && !event.has_result()) continue;
    const v1::PictureChunk& chunk = event.has_preview() ? event.preview().chunk() : event.result().chunk();
    EXPECT_EQ(chunk.has_header(), !in_picture);
    if (chunk.has_header()) expected = chunk.header().total_bytes();
    EXPECT_EQ(chunk.offset(), static_cast<int64_t>(pictures[sequence].size()));
    EXPECT_LE(static_cast<int64_t>(chunk.data().size()), kMaxChunkBytes);
    pictures[sequence] += chunk.data();
    EXPECT_LE(static_cast<int64_t>(pictures[sequence].size()), expected);
  }
  return pictures;
}

inline std::vector<int> ProgressIterations(const std::vector<v1::JobEvent>& events) {
  std::vector<int> iterations;
  for (const v1::JobEvent& event : events) {
    if (event.has_progress()) iterations.push_back(event.progress().iteration());
  }
  return iterations;
}

}  // namespace impasto::rpc
