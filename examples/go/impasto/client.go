// Package impasto is a client of an Impasto server.
//
//	client, err := impasto.Connect(ctx, impasto.OptionsFromEnvironment())
//	job := client.Stylize(ctx, &v1.StylizeRequest{...})
//	for {
//		event, err := job.Next() // io.EOF: painted
//		...
//	}
//
// Requests are the API's own messages: protos/impasto/v1 says what each field means, its unit and its range.
package impasto

//go:generate ../generate.sh

import (
	"context"
	"errors"
	"io"
	"os"
	"regexp"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"

	v1 "impasto.example/stylize/impasto/v1"
)

const (
	shortCall       = 10 * time.Second
	uploadPartBytes = 1 << 20
)

// Options say which server, and who asks.
type Options struct {
	Address string // HOST:PORT or unix:PATH; empty: 127.0.0.1:50451
	Token   string // what the server's owner gave you, or empty
	TLSCA   string // a PEM file of root certificates; it turns TLS on
	// What this client calls itself: a server shares its device fairly between names. Empty: the host's address.
	Name string
	// 0: 5 s.
	ConnectTimeout time.Duration
	// For how long a broken connection is tried again. 0: a minute; below 0: not at all.
	ReattachTimeout time.Duration
}

// OptionsFromEnvironment takes IMPASTO_SERVER, IMPASTO_TOKEN and IMPASTO_TLS_CA.
func OptionsFromEnvironment() Options {
	return Options{
		Address: os.Getenv("IMPASTO_SERVER"),
		Token:   os.Getenv("IMPASTO_TOKEN"),
		TLSCA:   os.Getenv("IMPASTO_TLS_CA"),
	}
}

// Client is safe for use by several goroutines.
type Client struct {
	options         Options
	conn            *grpc.ClientConn
	server          v1.ServerClient
	stylization     v1.StylizationClient
	maxRequestBytes int
}

var local = regexp.MustCompile(`^(unix:.+|(127(\.\d+){3}|localhost|\[::1\]):\d+)$`)

// Connect makes sure that a server is there, and that the two understand each other.
func Connect(ctx context.Context, options Options) (*Client, error) {
	if options.Address == "" {
		options.Address = "127.0.0.1:50451"
	}
	if options.ConnectTimeout == 0 {
		options.ConnectTimeout = 5 * time.Second
	}
	if options.ReattachTimeout == 0 {
		options.ReattachTimeout = time.Minute
	}
	if options.Token != "" && options.TLSCA == "" && !local.MatchString(options.Address) {
		return nil, newError(codes.InvalidArgument, "a token is not sent to %s over a connection that isn't encrypted: "+
			"name the server's roots in IMPASTO_TLS_CA", options.Address)
	}
	transport := insecure.NewCredentials()
	if options.TLSCA != "" {
		var err error
		if transport, err = credentials.NewClientTLSFromFile(options.TLSCA, ""); err != nil {
			return nil, err
		}
	}
	conn, err := grpc.NewClient(options.Address,
		grpc.WithTransportCredentials(transport),
		// A server that goes away without a word is noticed. A job that waits for others is silent for long.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 20 * time.Second}),
		// While a server is started anew, it is tried often.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 200 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 2 * time.Second},
			MinConnectTimeout: 5 * time.Second,
		}))
	if err != nil {
		return nil, newError(codes.InvalidArgument, "server address %q: %v", options.Address, err)
	}
	client := &Client{
		options:     options,
		conn:        conn,
		server:      v1.NewServerClient(conn),
		stylization: v1.NewStylizationClient(conn),
	}
	info, err := client.checkServer(ctx, options.ConnectTimeout, false)
	if err != nil {
		conn.Close()
		return nil, err
	}
	client.maxRequestBytes = int(info.GetMaxRequestBytes())
	return client, nil
}

// Close ends the connection.
func (c *Client) Close() error { return c.conn.Close() }

// GetJob returns a job by its name, "jobs/...".
func (c *Client) GetJob(ctx context.Context, name string) (*v1.Job, error) {
	ctx, cancel := c.shortContext(ctx, shortCall)
	defer cancel()
	job, err := c.stylization.GetJob(ctx, &v1.GetJobRequest{Name: name})
	if err != nil {
		return nil, errorFromCall(err)
	}
	return job, nil
}

// CancelJob is fine where the job has ended.
func (c *Client) CancelJob(ctx context.Context, name string) error {
	ctx, cancel := c.shortContext(ctx, shortCall)
	defer cancel()
	if _, err := c.stylization.CancelJob(ctx, &v1.CancelJobRequest{Name: name}); err != nil {
		return errorFromCall(err)
	}
	return nil
}

// Upload sends a picture that several requests use, or that is too large for one, and returns what to give in its place.
func (c *Client) Upload(ctx context.Context, picture *v1.Picture) (*v1.Picture, error) {
	ctx, cancel := context.WithCancel(c.callContext(ctx))
	defer cancel()
	stream, err := c.stylization.UploadPicture(ctx)
	if err != nil {
		return nil, errorFromCall(err)
	}
	data := picture.GetEncoded()
	if raw := picture.GetRaw(); raw != nil {
		data = raw.GetData()
		layout := &v1.RawPixels{Format: raw.Format, Width: raw.Width, Height: raw.Height, Stride: raw.Stride, IccProfile: raw.IccProfile}
		err = stream.Send(&v1.UploadPictureRequest{Raw: layout})
	}
	for len(data) > 0 && err == nil {
		size := uploadPartBytes
		if size > len(data) {
			size = len(data)
		}
		err = stream.Send(&v1.UploadPictureRequest{Data: data[:size]})
		data = data[size:]
	}
	// A server that refuses the picture ends the stream early; how, it says here.
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, errorFromCall(err)
	}
	answer, err := stream.CloseAndRecv()
	if err != nil {
		return nil, errorFromCall(err)
	}
	return &v1.Picture{Source: &v1.Picture_Upload{Upload: answer.GetName()}}, nil
}

func (c *Client) callContext(ctx context.Context) context.Context {
	if c.options.Name != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "impasto-client", c.options.Name)
	}
	if c.options.Token != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+c.options.Token)
	}
	return ctx
}

func (c *Client) shortContext(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(c.callContext(ctx), timeout)
}

// apiRevision is the revision of the API that this program was built from.
func apiRevision() int32 {
	var latest int32
	for number := range v1.ApiRevision_name {
		if number > latest {
			latest = number
		}
	}
	return latest
}

// checkServer fails where the server isn't there, or the two don't understand each other.
func (c *Client) checkServer(ctx context.Context, timeout time.Duration, waitForReady bool) (*v1.ServerInfo, error) {
	ctx, cancel := c.shortContext(ctx, timeout)
	defer cancel()
	address, revision := c.options.Address, apiRevision()
	info, err := c.server.GetServerInfo(ctx, &v1.GetServerInfoRequest{}, grpc.WaitForReady(waitForReady))
	if err != nil {
		failed := errorFromCall(err)
		switch failed.Code {
		case codes.Unimplemented:
			return nil, newError(codes.FailedPrecondition,
				"%s is no Impasto server, or one older than API revision %d: update the server", address, revision)
		case codes.Unavailable:
			return nil, newError(codes.Unavailable, "can't reach %s: %s", address, failed.Message)
		case codes.DeadlineExceeded:
			return nil, newError(codes.Unavailable, "no answer from %s within %v", address, timeout)
		}
		return nil, failed
	}
	if info.GetApiRevision() < revision {
		return nil, newError(codes.FailedPrecondition,
			"the server at %s (impastod %s) speaks revision %d of the API; this client needs %d: update the server",
			address, info.GetVersion(), info.GetApiRevision(), revision)
	}
	if info.GetMinClientRevision() > revision {
		return nil, newError(codes.FailedPrecondition,
			"the server at %s (impastod %s) no longer understands this client (revision %d): update the client",
			address, info.GetVersion(), revision)
	}
	return info, nil
}
