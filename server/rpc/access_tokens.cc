#include "rpc/access_tokens.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/sha256.h"

namespace impasto::rpc {
namespace {

constexpr size_t kMaxName = 64;

bool IsNameCharacter(unsigned char c) {
  return absl::ascii_isalnum(c) || absl::StrContains("-_.@:", static_cast<char>(c));
}

// What is wrong with a line's parts, or "". Never says the token, which may only be a little wrong.
std::string Problem(const std::vector<absl::string_view>& parts) {
  if (parts.size() != 2) return "is not NAME TOKEN";
  const absl::string_view name = parts[0], token = parts[1];
  if (name.size() > kMaxName || !std::all_of(name.begin(), name.end(), IsNameCharacter)) {
    return absl::StrCat("the name is not 1..", kMaxName, " of A-Z a-z 0-9 - _ . @ :");
  }
  if (token.size() < AccessTokens::kMinLength || token.size() > AccessTokens::kMaxLength) {
    return absl::StrCat("the token of ", name, " has ", token.size(), " characters; ",
                        AccessTokens::kMinLength, "..", AccessTokens::kMaxLength, " are taken");
  }
  if (!std::all_of(token.begin(), token.end(), [](unsigned char c) { return absl::ascii_isgraph(c); })) {
    return absl::StrCat("the token of ", name, " isn't printable ASCII");
  }
  return "";
}

}  // namespace

absl::StatusOr<AccessTokens> AccessTokens::Parse(absl::string_view text) {
  AccessTokens tokens;
  int number = 0;
  for (const absl::string_view whole : absl::StrSplit(text, '\n')) {
    ++number;
    const absl::string_view line = absl::StripAsciiWhitespace(whole);
    if (line.empty() || line.front() == '#') continue;
    const std::vector<absl::string_view> parts =
        absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    std::string problem = Problem(parts);
    if (problem.empty() && !tokens.names_.emplace(Sha256OfString(parts[1]), std::string(parts[0])).second) {
      problem = absl::StrCat("the token of ", parts[0], " is there twice");
    }
    if (problem.empty() && tokens.size() > kMost) problem = absl::StrCat("more than ", kMost, " tokens");
    if (!problem.empty()) return absl::InvalidArgumentError(absl::StrCat("line ", number, ": ", problem));
  }
  if (tokens.size() == 0) return absl::InvalidArgumentError("there is no token in it");
  return tokens;
}

std::optional<std::string> AccessTokens::NameOf(absl::string_view token) const {
  const auto found = names_.find(Sha256OfString(token));
  return found == names_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace impasto::rpc
