#include "rpc/client_id.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "base/field_error.h"

namespace impasto::rpc {
namespace {

constexpr char kKey[] = "impasto-client";
constexpr size_t kMaxLength = 64;

std::string HostOf(absl::string_view peer) {
  if (absl::StartsWith(peer, "unix")) return "unix";
  if (!absl::ConsumePrefix(&peer, "ipv4:")) absl::ConsumePrefix(&peer, "ipv6:");
  peer = peer.substr(0, peer.rfind(':'));
  // gRPC writes an IPv6 address's brackets as a URI would.
  const std::string host = absl::StrReplaceAll(peer, {{"%5B", ""}, {"%5D", ""}, {"[", ""}, {"]", ""}});
  return host.substr(0, kMaxLength);
}

}  // namespace

absl::StatusOr<std::string> ClientId(const std::multimap<grpc::string_ref, grpc::string_ref>& metadata,
                                     absl::string_view peer) {
  const auto [first, last] = metadata.equal_range(kKey);
  if (first == last) return HostOf(peer);
  if (std::next(first) != last) return FieldError(kKey, "is in the call's metadata more than once");
  const absl::string_view id(first->second.data(), first->second.size());
  if (id.empty() || id.size() > kMaxLength) {
    return FieldError(kKey, absl::StrCat("has ", id.size(), " characters in the call's metadata; 1..",
                                         kMaxLength, " are taken"));
  }
  if (!std::all_of(id.begin(), id.end(), [](unsigned char c) { return absl::ascii_isprint(c); })) {
    return FieldError(kKey, "isn't printable ASCII in the call's metadata");
  }
  return std::string(id);
}

}  // namespace impasto::rpc
