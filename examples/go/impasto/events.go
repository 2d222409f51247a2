package impasto

import (
	"google.golang.org/grpc/codes"

	v1 "impasto.example/stylize/impasto/v1"
)

// A larger picture is refused.
const maxPictureBytes = 1 << 30

// Event is one of *v1.Accepted, *v1.Progress, *Preview, *Result, *v1.RecipeChange, *v1.StateChanged and *ConnectionLost.
type Event any

// Picture is a whole picture from the server.
type Picture struct {
	*v1.PictureHeader
	Data []byte
}

// Preview is the picture after some step.
type Preview struct {
	Iteration int32
	Picture   Picture
}

// Result is the picture at the end.
type Result struct {
	Iteration int32
	TotalLoss float64
	Picture   Picture
}

// ConnectionLost says that the connection broke, and is being made again.
type ConnectionLost struct {
	Err error
}

// translator makes a program's events of the API's, over all the streams that bring one job's: pictures, which come in parts, are put
// together, and what the server sends is checked.
type translator struct {
	lastEvent int64        // the last that is here whole: where another stream goes on
	finished  *v1.Finished // the job's end, once it is known
	hasResult bool
	picture   assembler
}

// add returns nil where the event says nothing yet.
func (t *translator) add(message *v1.JobEvent) (Event, error) {
	if message.GetSequence() != 0 && message.GetSequence() <= t.lastEvent {
		return nil, nil
	}
	event, err := t.translate(message)
	// All parts of a picture have one number. It counts once the picture is whole.
	if err == nil && !t.picture.pending() && message.GetSequence() > t.lastEvent {
		t.lastEvent = message.GetSequence()
	}
	return event, err
}

// streamEnded forgets a picture that isn't whole: it comes again from its start.
func (t *translator) streamEnded() { t.picture = assembler{} }

func (t *translator) translate(message *v1.JobEvent) (Event, error) {
	switch event := message.GetEvent().(type) {
	case *v1.JobEvent_Accepted:
		return event.Accepted, nil
	case *v1.JobEvent_Progress:
		return event.Progress, nil
	case *v1.JobEvent_Changed:
		return event.Changed, nil
	case *v1.JobEvent_StateChanged:
		return event.StateChanged, nil
	case *v1.JobEvent_Preview:
		iteration := event.Preview.GetIteration()
		whole, err := t.picture.add(pictureID{"preview", iteration}, event.Preview.GetChunk())
		if whole == nil {
			return nil, err
		}
		return &Preview{iteration, *whole}, nil
	case *v1.JobEvent_Result:
		iteration := event.Result.GetIteration()
		whole, err := t.picture.add(pictureID{"result", iteration}, event.Result.GetChunk())
		if whole == nil {
			return nil, err
		}
		t.hasResult = true
		return &Result{iteration, event.Result.GetTotalLoss(), *whole}, nil
	case *v1.JobEvent_Finished:
		t.finished = event.Finished
	}
	return nil, nil // or a later server's event
}

type pictureID struct {
	kind      string
	iteration int32
}

type assembler struct {
	id     pictureID
	header *v1.PictureHeader
	data   []byte
}

func (a *assembler) pending() bool { return a.header != nil }

// add returns the picture once it is whole, else nil.
func (a *assembler) add(id pictureID, chunk *v1.PictureChunk) (*Picture, error) {
	header := chunk.GetHeader()
	switch {
	case a.pending() && (header != nil || id != a.id):
		return nil, broken("the %s of iteration %d begins within another", id.kind, id.iteration)
	case !a.pending() && header == nil:
		return nil, broken("the first part of the %s of iteration %d has no header", id.kind, id.iteration)
	case !a.pending():
		total := header.GetTotalBytes()
		if header.GetWidth() < 1 || header.GetHeight() < 1 || total < 1 || total > maxPictureBytes {
			return nil, broken("%d x %d pixels and %d bytes", header.GetWidth(), header.GetHeight(), total)
		}
		*a = assembler{id: id, header: header}
	}
	here, total, part := int64(len(a.data)), a.header.GetTotalBytes(), chunk.GetData()
	if chunk.GetOffset() != here || len(part) == 0 || here+int64(len(part)) > total {
		return nil, broken("%d bytes for offset %d, where %d of %d are here", len(part), chunk.GetOffset(), here, total)
	}
	a.data = append(a.data, part...)
	if int64(len(a.data)) < total {
		return nil, nil
	}
	whole := &Picture{a.header, a.data}
	*a = assembler{}
	return whole, nil
}

func broken(format string, arguments ...any) error {
	return newError(codes.Internal, "the server sent a broken picture: "+format, arguments...)
}
