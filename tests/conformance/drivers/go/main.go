// The conformance driver of Go, on the example's client.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"time"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/protobuf/encoding/protojson"

	"impasto.example/stylize/impasto"
	v1 "impasto.example/stylize/impasto/v1"
)

type picture struct {
	File   string          `json:"file"`
	Raw    json.RawMessage `json:"raw"`
	Upload json.RawMessage `json:"upload"` // true: to be uploaded; or the name of one that is there
	Style  string          `json:"style"`
}

type command struct {
	Case             string          `json:"case"`
	Address          string          `json:"address"`
	Client           string          `json:"client"`
	Token            string          `json:"token"`
	TLSCA            string          `json:"tls_ca"`
	ReattachSeconds  float64         `json:"reattach_seconds"`
	Request          json.RawMessage `json:"request"`
	Content, Initial *picture
	Styles           []picture
	Action           string
	After            int
	Out              string
}

type result struct {
	Iteration   int32  `json:"iteration"`
	Format      string `json:"format"`
	Width       int32  `json:"width"`
	Height      int32  `json:"height"`
	Bytes       int    `json:"bytes"`
	PixelFormat string `json:"pixelFormat"`
	Stride      int64  `json:"stride"`
}

type answer struct {
	Case       string  `json:"case"`
	Code       string  `json:"code"`
	Message    string  `json:"message"`
	Field      string  `json:"field"`
	Reason     string  `json:"reason"`
	Job        string  `json:"job"`
	Iterations []int32 `json:"iterations"`
	Previews   []int32 `json:"previews"`
	Result     *result `json:"result"`
	Reconnects int     `json:"reconnects"`
}

func readPicture(client *impasto.Client, from *picture) (*v1.Picture, error) {
	switch {
	case from == nil:
		return nil, nil
	case from.Style != "":
		return &v1.Picture{Source: &v1.Picture_Style{Style: from.Style}}, nil
	case from.File == "":
		var name string
		err := json.Unmarshal(from.Upload, &name)
		return &v1.Picture{Source: &v1.Picture_Upload{Upload: name}}, err
	}
	data, err := os.ReadFile(from.File)
	if err != nil {
		return nil, err
	}
	read := &v1.Picture{Source: &v1.Picture_Encoded{Encoded: data}}
	if from.Raw != nil {
		raw := &v1.RawPixels{}
		if err := protojson.Unmarshal(from.Raw, raw); err != nil {
			return nil, err
		}
		raw.Data = data
		read.Source = &v1.Picture_Raw{Raw: raw}
	}
	if string(from.Upload) == "true" {
		return client.Upload(context.Background(), read)
	}
	return read, nil
}

func makeRequest(client *impasto.Client, c *command) (*v1.StylizeRequest, error) {
	request := &v1.StylizeRequest{}
	err := protojson.Unmarshal(c.Request, request)
	if err == nil {
		request.Content, err = readPicture(client, c.Content)
	}
	if err == nil {
		request.Initial, err = readPicture(client, c.Initial)
	}
	for i := 0; err == nil && i < len(c.Styles); i++ {
		var style *v1.Picture
		style, err = readPicture(client, &c.Styles[i])
		request.Styles = append(request.Styles, style)
	}
	return request, err
}

func waitForEnd(client *impasto.Client, name string) error {
	for {
		job, err := client.GetJob(context.Background(), name)
		if err != nil || job.GetEndTime() != nil {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func paint(c *command, a *answer) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	client, err := impasto.Connect(ctx, impasto.Options{
		Address:         c.Address,
		Token:           c.Token,
		TLSCA:           c.TLSCA,
		Name:            c.Client,
		ReattachTimeout: time.Duration(c.ReattachSeconds * float64(time.Second)),
	})
	if err != nil {
		return err
	}
	defer client.Close()
	request, err := makeRequest(client, c)
	if err != nil {
		return err
	}
	job := client.Stylize(ctx, request)
	defer job.Close()
	for {
		event, err := job.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch event := event.(type) {
		case *v1.Accepted:
			a.Job = event.GetJob()
			if c.Action == "slow" {
				err = waitForEnd(client, a.Job)
			}
		case *v1.Progress:
			a.Iterations = append(a.Iterations, event.GetIteration())
			if c.Action == "cancel" && len(a.Iterations) == c.After {
				cancel()
			}
		case *impasto.Preview:
			a.Previews = append(a.Previews, event.Iteration)
		case *impasto.Result:
			from := event.Picture
			a.Result = &result{event.Iteration, from.Format.String(), from.Width, from.Height, len(from.Data), from.PixelFormat.String(), from.Stride}
			err = os.WriteFile(c.Out, from.Data, 0o666)
		case *impasto.ConnectionLost:
			a.Reconnects++
		}
		if err != nil {
			return err
		}
	}
}

func run(c *command) *answer {
	a := &answer{Case: c.Case, Code: "OK", Iterations: []int32{}, Previews: []int32{}}
	if err := paint(c, a); err != nil {
		a.Code, a.Message = "UNKNOWN", err.Error()
		if failed := new(impasto.Error); errors.As(err, &failed) {
			a.Code, a.Field, a.Reason = code.Code_name[int32(failed.Code)], failed.Field, failed.Reason
		}
	}
	return a
}

func main() {
	input := bufio.NewReader(os.Stdin)
	output := json.NewEncoder(os.Stdout)
	for {
		line, err := input.ReadBytes('\n')
		if err != nil {
			return
		}
		c := &command{}
		if err := json.Unmarshal(line, c); err != nil {
			panic(err)
		}
		if err := output.Encode(run(c)); err != nil {
			panic(err)
		}
	}
}
