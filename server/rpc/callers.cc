#include "rpc/callers.h"

#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "base/status_macros.h"
#include "rpc/client_id.h"

namespace impasto::rpc {
namespace {

constexpr char kKey[] = "authorization";
constexpr absl::string_view kScheme = "Bearer ";

}  // namespace

absl::StatusOr<Caller> Callers::Identify(const std::multimap<grpc::string_ref, grpc::string_ref>& metadata,
                                         absl::string_view peer) const {
  if (!tokens_.has_value()) {
    IMPASTO_ASSIGN_OR_RETURN(std::string client, ClientId(metadata, peer));
    return Caller{.client = std::move(client)};
  }
  const auto [first, last] = metadata.equal_range(kKey);
  if (first == last) {
    return absl::UnauthenticatedError(
        "this server wants an access token in the call's metadata: \"authorization: Bearer TOKEN\"");
  }
  const absl::string_view value(first->second.data(), first->second.size());
  if (std::next(first) != last || !absl::StartsWithIgnoreCase(value, kScheme)) {
    return absl::UnauthenticatedError(
        "the call's metadata \"authorization\" is not one of the form \"Bearer TOKEN\"");
  }
  std::optional<std::string> name = tokens_->NameOf(absl::StripAsciiWhitespace(value.substr(kScheme.size())));
  if (!name.has_value())
    return absl::UnauthenticatedError("this server doesn't know the call's access token");
  return Caller{.client = *std::move(name), .own_jobs_only = true};
}

}  // namespace impasto::rpc
