package impasto

import (
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Error is what every call of this package fails with that the server, or the way to it, is the reason of: use errors.As.
type Error struct {
	Code    codes.Code
	Message string // the server's words
	Field   string // the request's field at fault, "recipe.iterations", or empty
	// For programs (google.rpc.ErrorInfo).
	Reason string
	Facts  map[string]string
	// When to try again, or 0: the server doesn't say.
	RetryAfter time.Duration
}

func (e *Error) Error() string { return e.Message }

// Hints is what else the user may want to know, a line each.
func (e *Error) Hints() []string {
	var hints []string
	for key, value := range e.Facts {
		hints = append(hints, fmt.Sprintf("%s = %s", key, value))
	}
	sort.Strings(hints)
	if e.RetryAfter > 0 {
		hints = append(hints, fmt.Sprintf("try again in %v", e.RetryAfter))
	}
	return hints
}

// inField is the same, told of a field of the caller's request, where the server speaks of the upload that its picture was sent by.
func (e *Error) inField(field string) *Error {
	if e.Field == "" {
		return e
	}
	told := *e
	told.Message = field + ": " + strings.TrimPrefix(e.Message, e.Field+": ")
	told.Field = field
	return &told
}

func newError(code codes.Code, format string, arguments ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, arguments...)}
}

// errorFromCall is the Error of a gRPC call; its details travel in the call's trailing metadata.
func errorFromCall(err error) *Error {
	if failed := new(Error); errors.As(err, &failed) {
		return failed
	}
	return errorFromStatus(status.Convert(err).Proto())
}

// errorFromStatus is the Error of a google.rpc.Status, such as Finished.error.
func errorFromStatus(proto *rpcstatus.Status) *Error {
	result := newError(codes.Code(proto.GetCode()), "%s", proto.GetMessage())
	// Details of other kinds may come with later servers.
	for _, detail := range status.FromProto(proto).Details() {
		switch detail := detail.(type) {
		case *errdetails.BadRequest:
			if violations := detail.GetFieldViolations(); len(violations) > 0 {
				result.Field = violations[0].GetField()
			}
		case *errdetails.ErrorInfo:
			result.Reason = detail.GetReason()
			result.Facts = detail.GetMetadata()
		case *errdetails.RetryInfo:
			result.RetryAfter = detail.GetRetryDelay().AsDuration()
		}
	}
	return result
}
