package impasto

import (
	"context"
	cryptorand "crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"sort"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	v1 "impasto.example/stylize/impasto/v1"
)

// Job is one picture being painted, read event by event. Use it from one goroutine.
type Job struct {
	client  *Client
	ctx     context.Context // the caller's: its end cancels the job
	request *v1.StylizeRequest
	events  translator
	stream  interface{ Recv() (*v1.JobEvent, error) }

	// Of the streams: they go on when ctx ends, and tell how the job ended.
	streamCtx     context.Context
	cancelStreams context.CancelFunc
	accepted      chan string // the job's name, for who waits to cancel it
	name          string
	retry         *retry // since the connection broke, until an event has come again
	end           error  // io.EOF: painted
}

// Stylize paints a picture. Nothing is sent before the first Next.
//
// A connection that breaks is made again, and nothing but superseded previews is missed. The end of ctx cancels the job on the server.
// Who stops reading calls Close; the server cancels a job that nobody comes back for.
func (c *Client) Stylize(ctx context.Context, request *v1.StylizeRequest) *Job {
	request = proto.Clone(request).(*v1.StylizeRequest)
	if request.RequestId == "" {
		// With an id the request can be sent again without a second job.
		request.RequestId = randomID()
	}
	job := &Job{client: c, ctx: ctx, request: request, accepted: make(chan string, 1)}
	job.streamCtx, job.cancelStreams = context.WithCancel(c.callContext(context.Background()))
	go job.cancelWithContext()
	return job
}

// Next waits for the next event. io.EOF: the job is done, and there was a *Result. Otherwise an *Error: of the request, of the server, or
// codes.Canceled.
func (j *Job) Next() (Event, error) {
	for j.end == nil {
		event, err := j.next()
		switch {
		case err != nil:
			j.end = err
			j.Close()
		case event != nil:
			return event, nil
		}
	}
	return nil, j.end
}

// Close lets the job go; after its end, it does nothing.
func (j *Job) Close() { j.cancelStreams() }

// next returns nothing where there is nothing to tell yet.
func (j *Job) next() (Event, error) {
	if j.stream == nil {
		if j.retry != nil {
			if err := j.waitForServer(); err != nil {
				return nil, err
			}
		}
		if err := j.open(); err != nil {
			return j.streamEnded(err)
		}
	}
	message, err := j.stream.Recv()
	if err != nil {
		return j.streamEnded(err)
	}
	j.retry = nil
	event, err := j.events.add(message)
	if accepted, ok := event.(*v1.Accepted); ok {
		j.name = accepted.GetJob()
		j.accepted <- j.name
	}
	return event, err
}

func (j *Job) open() (err error) {
	if j.name == "" {
		if err = j.client.uploadLarge(j.ctx, j.request); err == nil {
			j.stream, err = j.client.stylization.Stylize(j.streamCtx, j.request)
		}
	} else {
		watch := &v1.WatchJobRequest{Name: j.name, AfterEvent: j.events.lastEvent}
		j.stream, err = j.client.stylization.WatchJob(j.streamCtx, watch)
	}
	return err
}

// streamEnded returns the job's end, or what to tell before the next stream.
func (j *Job) streamEnded(err error) (Event, error) {
	j.stream = nil
	j.events.streamEnded()
	switch finished := j.events.finished; {
	case finished.GetState() == v1.Finished_STATE_CANCELLED:
		return nil, newError(codes.Canceled, "the job was cancelled")
	case finished.GetState() == v1.Finished_STATE_FAILED:
		return nil, errorFromStatus(finished.GetError())
	case finished != nil && !j.events.hasResult:
		return nil, newError(codes.Internal, "the server ended the job without a whole result")
	case finished != nil:
		return nil, io.EOF
	case errors.Is(err, io.EOF):
		return nil, newError(codes.Internal, "the server ended the job without saying how")
	case j.ctx.Err() != nil:
		return nil, j.cancelled()
	}
	failed := errorFromCall(err)
	if failed.Code != codes.Unavailable || j.client.options.ReattachTimeout < 0 {
		return nil, failed
	}
	if j.retry == nil {
		j.retry = newRetry(j.client.options.ReattachTimeout, failed)
		return &ConnectionLost{failed}, nil
	}
	j.retry.asked = failed.RetryAfter
	return nil, nil
}

func (j *Job) waitForServer() error {
	pause, ok := j.retry.next()
	if !ok {
		return j.retry.first
	}
	select {
	case <-time.After(pause):
	case <-j.ctx.Done():
		return j.cancelled()
	}
	_, err := j.client.checkServer(j.ctx, j.retry.remaining(), true)
	if j.ctx.Err() != nil {
		return j.cancelled()
	}
	if failed := new(Error); errors.As(err, &failed) && failed.Code == codes.Unavailable {
		return j.retry.first // how it broke says more than that it is still broken
	}
	return err
}

// cancelWithContext tells the server once ctx has ended. Before the job is accepted it has no name to be cancelled by.
func (j *Job) cancelWithContext() {
	select {
	case <-j.ctx.Done():
	case <-j.streamCtx.Done():
		return
	}
	select {
	case name := <-j.accepted:
		if j.client.CancelJob(context.Background(), name) != nil {
			j.cancelStreams()
		}
	case <-j.streamCtx.Done():
	}
}

// cancelled is the end of a job whose ctx ended while there was no connection.
func (j *Job) cancelled() error {
	if j.name == "" {
		return newError(codes.Canceled, "cancelled before the server had accepted the job")
	}
	if j.client.CancelJob(context.Background(), j.name) != nil {
		return newError(codes.Canceled,
			"cancelled, but the server can't be told: it cancels the job itself when nobody comes back for it")
	}
	return newError(codes.Canceled, "the job was cancelled")
}

// uploadLarge uploads the largest pictures of a request, so that the rest fits into one message.
func (c *Client) uploadLarge(ctx context.Context, request *v1.StylizeRequest) error {
	type named struct {
		field string
		*v1.Picture
	}
	pictures := []named{{"content", request.Content}, {"initial", request.Initial}}
	for i, style := range request.Styles {
		pictures = append(pictures, named{fmt.Sprintf("styles[%d]", i), style})
	}
	size := func(picture named) int { return len(picture.GetEncoded()) + len(picture.GetRaw().GetData()) }
	sort.SliceStable(pictures, func(a, b int) bool { return size(pictures[a]) > size(pictures[b]) })
	bytes := 0
	for _, picture := range pictures {
		bytes += size(picture)
	}
	for _, picture := range pictures {
		if bytes <= c.maxRequestBytes {
			break
		}
		bytes -= size(picture)
		upload, err := c.Upload(ctx, picture.Picture)
		if err != nil {
			return errorFromCall(err).inField(picture.field)
		}
		picture.Source = upload.Source
	}
	return nil
}

// retry spaces attempts to come back: soon at first, then ever less often, and not those of all clients at once.
type retry struct {
	first    *Error // what broke the connection
	deadline time.Time
	pause    time.Duration
	asked    time.Duration // by the server
	random   *rand.Rand
}

func newRetry(timeout time.Duration, first *Error) *retry {
	now := time.Now()
	return &retry{
		first:    first,
		deadline: now.Add(timeout),
		pause:    100 * time.Millisecond,
		asked:    first.RetryAfter,
		random:   rand.New(rand.NewSource(now.UnixNano())),
	}
}

func (r *retry) remaining() time.Duration { return time.Until(r.deadline) }

// next is false when time is up.
func (r *retry) next() (time.Duration, bool) {
	pause := time.Duration(float64(r.pause) * (0.5 + r.random.Float64()/2))
	if pause < r.asked {
		pause = r.asked
	}
	if r.pause *= 2; r.pause > 5*time.Second {
		r.pause = 5 * time.Second
	}
	return pause, pause < r.remaining()
}

func randomID() string {
	id := make([]byte, 16)
	if _, err := cryptorand.Read(id); err != nil {
		panic(err) // the system has no random numbers
	}
	return hex.EncodeToString(id)
}
