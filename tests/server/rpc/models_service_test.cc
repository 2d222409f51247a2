#include "rpc/models_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "tests/server/rpc/test_server.h"
#include "tests/testing/counter.h"

namespace impasto::rpc {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class FakeModels final : public ModelsBackend {
 public:
  std::vector<v1::Model> ListModels() override {
    std::vector<v1::Model> models(count);
    for (int i = 0; i < count; ++i) models[i].set_name(absl::StrCat("models/m", i));
    return models;
  }
  absl::StatusOr<v1::Model> GetModel(const std::string& name) override {
    if (name != "models/m1") return absl::NotFoundError(absl::StrCat("no model \"", name, "\""));
    v1::Model model;
    model.set_name(name);
    return model;
  }
  absl::StatusOr<v1::Model> LoadModel(const std::string& name) override {
    loading.Add();
    may_load.WaitFor(1);
    if (name == "models/m2") return absl::FailedPreconditionError("no weights");
    v1::Model model;
    model.set_name(name);
    model.set_state(v1::Model::STATE_LOADED);
    return model;
  }
  absl::StatusOr<v1::Model> UnloadModel(const std::string& name) override {
    v1::Model model;
    model.set_name(name);
    model.set_state(v1::Model::STATE_UNLOADED);
    return model;
  }

  std::atomic<int> count{3};
  Counter loading;
  Counter may_load;
};

class ModelsServiceTest : public testing::Test {
 protected:
  // Names and token of a page.
  grpc::Status List(int page_size, const std::string& token, std::vector<std::string>* names,
                    std::string* next) {
    grpc::ClientContext context;
    v1::ListModelsRequest request;
    request.set_page_size(page_size);
    request.set_page_token(token);
    v1::ListModelsResponse response;
    const grpc::Status status = stub_->ListModels(&context, request, &response);
    names->clear();
    for (const v1::Model& model : response.models()) names->push_back(model.name());
    *next = response.next_page_token();
    return status;
  }
  template <typename Request, typename Method>
  grpc::Status Call(Method method, const std::string& name, v1::Model* model) {
    grpc::ClientContext context;
    Request request;
    request.set_name(name);
    return (stub_.get()->*method)(&context, request, model);
  }
  grpc::Status Get(const std::string& name, v1::Model* model) {
    return Call<v1::GetModelRequest>(&v1::Models::Stub::GetModel, name, model);
  }
  grpc::Status Load(const std::string& name, v1::Model* model) {
    return Call<v1::LoadModelRequest>(&v1::Models::Stub::LoadModel, name, model);
  }

  FakeModels backend_;
  Worker loader_{/*max_waiting=*/1};
  Worker reader_{/*max_waiting=*/8};
  const Callers callers_;
  ModelsService service_{&callers_, &backend_, &loader_, &reader_};
  TestServer server_{&service_};
  std::unique_ptr<v1::Models::Stub> stub_ = v1::Models::NewStub(server_.channel());
  std::vector<std::string> names_;
  std::string next_;
  v1::Model model_;
};

TEST_F(ModelsServiceTest, ListsAllOnOnePage) {
  ASSERT_TRUE(List(0, "", &names_, &next_).ok());
  EXPECT_THAT(names_, ElementsAre("models/m0", "models/m1", "models/m2"));
  EXPECT_EQ(next_, "");
}

TEST_F(ModelsServiceTest, ListsPageByPage) {
  ASSERT_TRUE(List(2, "", &names_, &next_).ok());
  EXPECT_THAT(names_, ElementsAre("models/m0", "models/m1"));
  EXPECT_NE(next_, "");
  ASSERT_TRUE(List(2, next_, &names_, &next_).ok());
  EXPECT_THAT(names_, ElementsAre("models/m2"));
  EXPECT_EQ(next_, "");
}

TEST_F(ModelsServiceTest, APageEndsWithTheList) {
  ASSERT_TRUE(List(3, "", &names_, &next_).ok());
  EXPECT_THAT(names_, SizeIs(3));
  EXPECT_EQ(next_, "");
  backend_.count = 0;
  ASSERT_TRUE(List(3, "", &names_, &next_).ok());
  EXPECT_THAT(names_, IsEmpty());
  EXPECT_EQ(next_, "");
}

TEST_F(ModelsServiceTest, PagesHaveASizeOfTheirOwnAndALimit) {
  backend_.count = 230;
  ASSERT_TRUE(List(0, "", &names_, &next_).ok());
  EXPECT_THAT(names_, SizeIs(50));
  ASSERT_TRUE(List(1000, "", &names_, &next_).ok());
  EXPECT_THAT(names_, SizeIs(100));
}

TEST_F(ModelsServiceTest, RefusesANegativePageSize) {
  const grpc::Status status = List(-1, "", &names_, &next_);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(FieldOfDetails(status), "page_size");
}

TEST_F(ModelsServiceTest, RefusesAForeignPageToken) {
  ASSERT_TRUE(List(2, "", &names_, &next_).ok());
  const std::string good = next_;
  for (const std::string& token :
       {std::string("x"), std::string("!!!"), good + "A", good.substr(1), std::string("1")}) {
    const grpc::Status status = List(2, token, &names_, &next_);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << token;
    EXPECT_EQ(FieldOfDetails(status), "page_token");
  }
  // Good once, but the list became shorter.
  backend_.count = 2;
  EXPECT_EQ(List(2, good, &names_, &next_).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ModelsServiceTest, GetsAModel) {
  ASSERT_TRUE(Get("models/m1", &model_).ok());
  EXPECT_EQ(model_.name(), "models/m1");
  const grpc::Status missing = Get("models/m7", &model_);
  EXPECT_EQ(missing.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(missing.error_message(), "no model \"models/m7\"");
  EXPECT_EQ(FieldOfDetails(missing), "");
}

TEST_F(ModelsServiceTest, RefusesABadName) {
  backend_.may_load.Add();
  EXPECT_EQ(FieldOfDetails(Get("", &model_)), "name");
  EXPECT_EQ(FieldOfDetails(Load("m1", &model_)), "name");
  EXPECT_EQ(backend_.loading.value(), 0);
  EXPECT_EQ(FieldOfDetails(Call<v1::UnloadModelRequest>(&v1::Models::Stub::UnloadModel, "models/", &model_)),
            "name");
}

TEST_F(ModelsServiceTest, LoadsAndUnloads) {
  backend_.may_load.Add();
  ASSERT_TRUE(Load("models/m1", &model_).ok());
  EXPECT_EQ(model_.state(), v1::Model::STATE_LOADED);
  EXPECT_EQ(Load("models/m2", &model_).error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  ASSERT_TRUE(Call<v1::UnloadModelRequest>(&v1::Models::Stub::UnloadModel, "models/m1", &model_).ok());
  EXPECT_EQ(model_.state(), v1::Model::STATE_UNLOADED);
}

TEST_F(ModelsServiceTest, ALoadKeepsNobodyElseWaiting) {
  std::thread loading([&] {
    v1::Model model;
    EXPECT_TRUE(Load("models/m1", &model).ok());
  });
  backend_.loading.WaitFor(1);
  EXPECT_TRUE(Get("models/m1", &model_).ok());
  EXPECT_TRUE(List(0, "", &names_, &next_).ok());
  backend_.may_load.Add();
  loading.join();
}

TEST_F(ModelsServiceTest, TooManyLoadsAreRefused) {
  // One loads, one waits, the other two are refused at once.
  std::vector<std::thread> threads;
  Counter refused;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      v1::Model model;
      const grpc::Status status = Load("models/m1", &model);
      if (status.ok()) return;
      EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
      EXPECT_THAT(status.error_message(), HasSubstr("try again"));
      refused.Add();
    });
    backend_.loading.WaitFor(1);
  }
  refused.WaitFor(2);
  backend_.may_load.Add();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(refused.value(), 2);
}

}  // namespace
}  // namespace impasto::rpc
