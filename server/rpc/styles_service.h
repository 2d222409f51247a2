// impasto.v1.Styles.
#pragma once

#include "impasto/v1/styles.grpc.pb.h"
#include "rpc/backend.h"
#include "rpc/callers.h"
#include "rpc/request_budget.h"
#include "rpc/worker.h"

namespace impasto::rpc {

// Thread-safe. Never blocks gRPC's threads: the calls run on workers.
class StylesService final : public v1::Styles::CallbackService {
 public:
  // `helper` is for what takes milliseconds, `decoder` for pictures; `waiting` is of requests that wait for
  // it. All outlive the service.
  StylesService(const Callers* callers, StylesBackend* backend, Worker* helper, Worker* decoder,
                RequestBudget* waiting)
      : callers_(callers), backend_(backend), helper_(helper), decoder_(decoder), waiting_(waiting) {}

  grpc::ServerUnaryReactor* CreateStyle(grpc::CallbackServerContext* context,
                                        const v1::CreateStyleRequest* request, v1::Style* response) override;
  grpc::ServerUnaryReactor* GetStyle(grpc::CallbackServerContext* context, const v1::GetStyleRequest* request,
                                     v1::Style* response) override;
  grpc::ServerUnaryReactor* ListStyles(grpc::CallbackServerContext* context,
                                       const v1::ListStylesRequest* request,
                                       v1::ListStylesResponse* response) override;
  grpc::ServerUnaryReactor* DeleteStyle(grpc::CallbackServerContext* context,
                                        const v1::DeleteStyleRequest* request,
                                        google::protobuf::Empty* response) override;

 private:
  const Callers* const callers_;
  StylesBackend* const backend_;
  Worker* const helper_;
  Worker* const decoder_;
  RequestBudget* const waiting_;
};

}  // namespace impasto::rpc
