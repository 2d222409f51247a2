#include "rpc/index_pages.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/field_error.h"
#include "base/status_macros.h"

namespace impasto::rpc {
namespace {

// In base64 so that nobody takes it for more than it is.
std::string MakeToken(absl::string_view kind, int first) {
  return absl::WebSafeBase64Escape(absl::StrCat(kind, " from ", first));
}

absl::StatusOr<int> ReadToken(absl::string_view kind, const std::string& token, int count) {
  if (token.empty()) return 0;
  std::string text;
  int first = 0;
  if (absl::WebSafeBase64Unescape(token, &text)) {
    absl::string_view number = text;
    if (absl::ConsumePrefix(&number, absl::StrCat(kind, " from ")) && absl::SimpleAtoi(number, &first) &&
        first >= 1 && first < count && MakeToken(kind, first) == token) {
      return first;
    }
  }
  return FieldError("page_token", "is not a next_page_token of this server");
}

}  // namespace

absl::StatusOr<int> PageSize(int page_size, int default_size, int max_size) {
  if (page_size < 0) return FieldError("page_size", absl::StrCat(page_size, " is negative"));
  return page_size == 0 ? default_size : std::min(page_size, max_size);
}

absl::StatusOr<IndexPage> GetIndexPage(absl::string_view kind, int count, int page_size,
                                       const std::string& page_token) {
  IndexPage page;
  IMPASTO_ASSIGN_OR_RETURN(page.first, ReadToken(kind, page_token, count));
  page.end = std::min(count, page.first + page_size);
  if (page.end < count) page.next_token = MakeToken(kind, page.end);
  return page;
}

}  // namespace impasto::rpc
