// Pages of a list that is short and rarely changes: a token says at which index to go on.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace impasto::rpc {

struct IndexPage {
  int first = 0;
  int end = 0;             // one after its last
  std::string next_token;  // empty: this is the last page
};

// INVALID_ARGUMENT where `page_size` is negative; 0 is `default_size`, more than `max_size` is that.
absl::StatusOr<int> PageSize(int page_size, int default_size, int max_size);

// The page that a request with this size, from PageSize, and token asks for, of `count` things of a `kind`
// ("models"). INVALID_ARGUMENT, naming `page_token`, where the token isn't one of such a list's.
absl::StatusOr<IndexPage> GetIndexPage(absl::string_view kind, int count, int page_size,
                                       const std::string& page_token);

}  // namespace impasto::rpc
