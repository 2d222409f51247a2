// Stylize paints a photograph in the manner of a painting.
//
//	go generate ./... && go build
//	./stylize [flags] CONTENT STYLE OUT [flags]
//
// From the environment: IMPASTO_SERVER, the server's HOST:PORT (127.0.0.1:50451); IMPASTO_TLS_CA, a PEM file of root certificates, for
// a server with TLS; IMPASTO_TOKEN, the access token, for a server that wants one. Ctrl-C cancels the job.
// Exit code: 0 painted, 1 it can't be, 2 wrong usage, 130 cancelled.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"impasto.example/stylize/impasto"
	v1 "impasto.example/stylize/impasto/v1"
)

type arguments struct {
	content, style, out string
	iterations, maxSize optionalInt
	recipe, preview     string
}

// optionalInt is a flag that may be left out: 0 is a value like others.
type optionalInt struct{ value *int32 }

func (o *optionalInt) String() string { return "" }

func (o *optionalInt) Set(text string) error {
	var value int32
	if _, err := fmt.Sscanf(text+"\n", "%d\n", &value); err != nil {
		return errors.New("no whole number")
	}
	o.value = &value
	return nil
}

func readArguments(args []string) (*arguments, error) {
	a := &arguments{}
	flags := flag.NewFlagSet("stylize", flag.ContinueOnError)
	flags.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: stylize CONTENT STYLE OUT [--iterations N] [--max-size N] [--recipe FILE] [--preview FILE]")
	}
	flags.Var(&a.iterations, "iterations", "steps")
	flags.Var(&a.maxSize, "max-size", "long side of the picture, pixels")
	flags.StringVar(&a.recipe, "recipe", "", "a recipe in JSON, as impasto stylize --save-recipe writes it")
	flags.StringVar(&a.preview, "preview", "", "the newest preview is kept in this file")
	// Flags may stand after the files, too: package flag stops at the first of those.
	var files []string
	for len(args) > 0 {
		if err := flags.Parse(args); err != nil {
			return nil, err
		}
		if args = flags.Args(); len(args) > 0 {
			files, args = append(files, args[0]), args[1:]
		}
	}
	if len(files) != 3 {
		flags.Usage()
		return nil, errors.New("CONTENT, STYLE and OUT are needed")
	}
	a.content, a.style, a.out = files[0], files[1], files[2]
	return a, nil
}

// formatOf is the format that a file's name asks for.
func formatOf(file string) (v1.PictureFormat, error) {
	switch strings.ToLower(filepath.Ext(file)) {
	case ".png":
		return v1.PictureFormat_PICTURE_FORMAT_PNG, nil
	case ".jpg", ".jpeg":
		return v1.PictureFormat_PICTURE_FORMAT_JPEG, nil
	case ".webp":
		return v1.PictureFormat_PICTURE_FORMAT_WEBP, nil
	case ".tif", ".tiff":
		return v1.PictureFormat_PICTURE_FORMAT_TIFF, nil
	}
	return 0, fmt.Errorf("%s: not .png, .jpg, .webp or .tiff", file)
}

func makeRequest(a *arguments) (*v1.StylizeRequest, error) {
	// Pictures are sent as the files that they are; the server decodes them.
	content, err := os.ReadFile(a.content)
	if err != nil {
		return nil, err
	}
	style, err := os.ReadFile(a.style)
	if err != nil {
		return nil, err
	}
	format, err := formatOf(a.out)
	if err != nil {
		return nil, err
	}
	// What isn't set is the server's choice.
	recipe := &v1.Recipe{}
	if a.recipe != "" {
		json, err := os.ReadFile(a.recipe)
		if err != nil {
			return nil, err
		}
		if err := protojson.Unmarshal(json, recipe); err != nil {
			return nil, fmt.Errorf("%s: %w", a.recipe, err)
		}
	}
	proto.Merge(recipe, &v1.Recipe{Iterations: a.iterations.value, MaxSize: a.maxSize.value})
	request := &v1.StylizeRequest{
		Content:     &v1.Picture{Source: &v1.Picture_Encoded{Encoded: content}},
		Styles:      []*v1.Picture{{Source: &v1.Picture_Encoded{Encoded: style}}},
		Recipe:      recipe,
		Output:      &v1.OutputOptions{Format: format},
		DisplayName: filepath.Base(a.content),
	}
	if a.preview != "" {
		format, err := formatOf(a.preview)
		if err != nil {
			return nil, err
		}
		request.Preview = &v1.PreviewOptions{Interval: durationpb.New(time.Second), Format: format}
	}
	return request, nil
}

// writeWhole writes a file so that either the whole of it is there, or what was there before.
func writeWhole(file string, data []byte) error {
	unfinished := fmt.Sprintf("%s.%d.part", file, os.Getpid())
	err := os.WriteFile(unfinished, data, 0o666)
	if err == nil {
		err = os.Rename(unfinished, file)
	}
	if err != nil {
		os.Remove(unfinished)
	}
	return err
}

func show(event impasto.Event, a *arguments) error {
	switch event := event.(type) {
	case *v1.Accepted:
		fmt.Printf("%s: painting %d x %d pixels with %s\n", event.Job, event.Width, event.Height, event.Recipe.GetModel())
		for _, warning := range event.Warnings {
			fmt.Println("WARNING:", warning)
		}
	case *v1.Progress:
		left := ""
		if event.Remaining != nil {
			left = fmt.Sprintf(", %.0f s left", event.Remaining.AsDuration().Seconds())
		}
		fmt.Printf("%d/%d  loss %.4g%s\n", event.Iteration-1, event.Iterations, event.TotalLoss, left)
	case *impasto.Preview:
		if err := writeWhole(a.preview, event.Picture.Data); err != nil {
			return err
		}
		fmt.Printf("the picture after step %d: %s\n", event.Iteration, a.preview)
	case *v1.StateChanged:
		fmt.Printf("%s: %s\n", strings.ToLower(strings.TrimPrefix(event.State.String(), "STATE_")), event.Reason)
	case *impasto.ConnectionLost:
		fmt.Printf("connection lost (%v); trying again\n", event.Err)
	}
	return nil
}

func paint(ctx context.Context, a *arguments) error {
	request, err := makeRequest(a)
	if err != nil {
		return err
	}
	client, err := impasto.Connect(ctx, impasto.OptionsFromEnvironment())
	if err != nil {
		return err
	}
	defer client.Close()
	job := client.Stylize(ctx, request)
	defer job.Close()
	// A job that fails or is cancelled may send its best picture so far. This program wants the whole one, or none.
	var result *impasto.Result
	for {
		event, err := job.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := show(event, a); err != nil {
			return err
		}
		if picture, ok := event.(*impasto.Result); ok {
			result = picture
		}
	}
	if err := writeWhole(a.out, result.Picture.Data); err != nil {
		return err
	}
	fmt.Printf("the picture of step %d, loss %.4g: %s\n", result.Iteration, result.TotalLoss, a.out)
	return nil
}

func main() {
	a, err := readArguments(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "stylize:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	// From the first Ctrl-C on, the next one is the system's again: whoever presses it wants out, whatever becomes of the job.
	go func() {
		<-ctx.Done()
		stop()
	}()
	err = paint(ctx, a)
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "stylize:", err)
	failed := &impasto.Error{}
	if errors.As(err, &failed) {
		if failed.Field != "" {
			fmt.Fprintln(os.Stderr, "  field:", failed.Field)
		}
		for _, hint := range failed.Hints() {
			fmt.Fprintln(os.Stderr, "  hint:", hint)
		}
	}
	if failed.Code == codes.Canceled {
		os.Exit(130)
	}
	os.Exit(1)
}
