#include "rpc/job_list.h"

#include <google/protobuf/util/field_mask_util.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/field_error.h"
#include "base/status_macros.h"
#include "rpc/index_pages.h"
#include "rpc/job_fields.h"
#include "rpc/job_filter.h"

namespace impasto::rpc {
namespace {

constexpr int kDefaultPageSize = 50;
constexpr int kMaxPageSize = 1000;
// Clients read 4 MiB by default; a page ends where the next job would go beyond this.
constexpr size_t kMaxPageBytes = 3 << 20;
// Of a token: a job's texts are far shorter.
constexpr size_t kMaxTokenLength = 8192;
constexpr char kDefaultOrder[] = "create_time desc";

struct OrderKey {
  const JobField* field;
  bool descending;
};
using Order = std::vector<OrderKey>;

// "create_time desc, name".
absl::StatusOr<Order> ParseOrder(absl::string_view text) {
  text = absl::StripAsciiWhitespace(text);
  Order order;
  for (const absl::string_view part : absl::StrSplit(text.empty() ? kDefaultOrder : text, ',')) {
    const std::vector<absl::string_view> words =
        absl::StrSplit(part, absl::ByAnyChar(" \t\r\n"), absl::SkipEmpty());
    const bool descending = words.size() == 2 && words[1] == "desc";
    if (words.empty() || words.size() > 2 || (words.size() == 2 && !descending)) {
      return FieldError("order_by", absl::StrCat("\"", part, "\" is not FIELD or FIELD desc"));
    }
    const JobField* field = FindJobField(words[0]);
    if (field == nullptr) {
      return FieldError("order_by",
                        absl::StrCat("\"", words[0], "\" is no field; these are: ", JobFieldNames()));
    }
    // So there are no more keys than fields, either.
    if (std::any_of(order.begin(), order.end(), [&](const OrderKey& key) { return key.field == field; })) {
      return FieldError("order_by", absl::StrCat("has ", field->path, " twice"));
    }
    order.push_back({field, descending});
  }
  // Names differ: no two jobs are in the same place.
  order.push_back({FindJobField("name"), false});
  return order;
}

bool IsBefore(const Order& order, const v1::Job& a, const v1::Job& b) {
  for (const OrderKey& key : order) {
    const JobValue value_a = key.field->value(a);
    const JobValue value_b = key.field->value(b);
    if (value_a != value_b) return (value_a < value_b) != key.descending;
  }
  return false;
}

// FNV-1a, which is the same in every process.
uint64_t Hash(absl::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const unsigned char c : text) hash = (hash ^ c) * 0x100000001b3;
  return hash;
}

// Binds a token to the list that it is of, and shows that it is whole.
std::string Seal(const v1::ListJobsRequest& request, absl::string_view position) {
  // Lengths, so that no text can pass for another's.
  return absl::StrCat(absl::Hex(Hash(absl::StrCat(request.filter().size(), " ", request.order_by().size(),
                                                  " ", request.filter(), request.order_by(), position)),
                                absl::kZeroPad16));
}

// A token holds the last job of its page, as far as the order looks at it.
std::string MakeToken(const v1::ListJobsRequest& request, const Order& order, const v1::Job& last) {
  google::protobuf::FieldMask mask;
  for (const OrderKey& key : order) mask.add_paths(key.field->path);
  v1::Job position;
  google::protobuf::util::FieldMaskUtil::MergeMessageTo(last, mask, {}, &position);
  const std::string bytes = position.SerializeAsString();
  return absl::WebSafeBase64Escape(absl::StrCat(Seal(request, bytes), bytes));
}

// Nothing: the first page.
absl::StatusOr<std::optional<v1::Job>> ReadToken(const v1::ListJobsRequest& request) {
  const std::string& token = request.page_token();
  if (token.empty()) return std::nullopt;
  std::string bytes;
  v1::Job position;
  if (token.size() <= kMaxTokenLength && absl::WebSafeBase64Unescape(token, &bytes) &&
      absl::WebSafeBase64Escape(bytes) == token) {
    absl::string_view rest = bytes;
    const absl::string_view seal = rest.substr(0, 16);
    rest.remove_prefix(seal.size());
    if (seal == Seal(request, rest) && position.ParseFromArray(rest.data(), static_cast<int>(rest.size()))) {
      return position;
    }
  }
  return FieldError("page_token", "is not a next_page_token of this server for this filter and order_by");
}

}  // namespace

absl::Status ListJobsPage(std::vector<v1::Job> jobs, const v1::ListJobsRequest& request,
                          v1::ListJobsResponse* response) {
  IMPASTO_ASSIGN_OR_RETURN(const int page_size,
                           PageSize(request.page_size(), kDefaultPageSize, kMaxPageSize));
  IMPASTO_ASSIGN_OR_RETURN(const JobPredicate matches, ParseJobFilter(request.filter()));
  IMPASTO_ASSIGN_OR_RETURN(const Order order, ParseOrder(request.order_by()));
  IMPASTO_ASSIGN_OR_RETURN(const std::optional<v1::Job> position, ReadToken(request));

  const auto is_out = [&](const v1::Job& job) {
    return !matches(job) || (position && !IsBefore(order, *position, job));
  };
  jobs.erase(std::remove_if(jobs.begin(), jobs.end(), is_out), jobs.end());
  const size_t count = std::min(jobs.size(), static_cast<size_t>(page_size));
  std::partial_sort(jobs.begin(), jobs.begin() + count, jobs.end(),
                    [&](const v1::Job& a, const v1::Job& b) { return IsBefore(order, a, b); });
  size_t bytes = 0;
  for (size_t i = 0; i < count; ++i) {
    bytes += jobs[i].ByteSizeLong();
    if (i > 0 && bytes > kMaxPageBytes) break;
    *response->add_jobs() = std::move(jobs[i]);
  }
  if (static_cast<size_t>(response->jobs_size()) < jobs.size()) {
    response->set_next_page_token(MakeToken(request, order, response->jobs(response->jobs_size() - 1)));
  }
  return absl::OkStatus();
}

}  // namespace impasto::rpc
