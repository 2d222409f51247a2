package org.impasto.example;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import java.util.Optional;
import org.impasto.v1.Finished;
import org.impasto.v1.JobEvent;
import org.impasto.v1.PictureChunk;
import org.impasto.v1.PictureHeader;

/**
 * From the API's events to a program's, over all the streams that bring one job's: pictures, which come in parts, are put together, and
 * what the server sends is checked.
 */
final class EventTranslator {
  /** A larger picture is refused. */
  private static final long MAX_PICTURE_BYTES = 1L << 30;

  private final PictureAssembler picture = new PictureAssembler();
  private long lastEvent;
  private boolean hasResult;
  private Optional<Finished> finished = Optional.empty();

  /** The last event that is here whole: where another stream goes on. */
  long lastEvent() {
    return lastEvent;
  }

  boolean hasResult() {
    return hasResult;
  }

  /** The job's end, once it is known. */
  Optional<Finished> finished() {
    return finished;
  }

  /** Empty: the event says nothing yet. */
  Optional<Event> add(JobEvent message) {
    if (message.getSequence() != 0 && message.getSequence() <= lastEvent) {
      return Optional.empty();
    }
    Optional<Event> event = translate(message);
    // All parts of a picture have one number. It counts once the picture is whole.
    if (!picture.pending()) {
      lastEvent = Math.max(lastEvent, message.getSequence());
    }
    return event;
  }

  /** A picture that isn't whole comes again from its start. */
  void streamEnded() {
    picture.drop();
  }

  private Optional<Event> translate(JobEvent message) {
    switch (message.getEventCase()) {
      case ACCEPTED:
        return Optional.of(new Event.Accepted(message.getAccepted()));
      case PROGRESS:
        return Optional.of(new Event.Progress(message.getProgress()));
      case CHANGED:
        return Optional.of(new Event.Changed(message.getChanged()));
      case STATE_CHANGED:
        return Optional.of(new Event.StateChanged(message.getStateChanged()));
      case PREVIEW:
        int step = message.getPreview().getIteration();
        return picture
            .add("preview of iteration " + step, message.getPreview().getChunk())
            .map(whole -> new Event.Preview(step, whole));
      case RESULT:
        var result = message.getResult();
        Optional<Event.Picture> whole =
            picture.add("result of iteration " + result.getIteration(), result.getChunk());
        hasResult |= whole.isPresent();
        return whole.map(it -> new Event.Result(result.getIteration(), result.getTotalLoss(), it));
      case FINISHED:
        finished = Optional.of(message.getFinished());
        return Optional.empty();
      default: // a later server's event
        return Optional.empty();
    }
  }

  private static final class PictureAssembler {
    private String what = "";
    private PictureHeader header;
    private ByteString data = ByteString.EMPTY;

    boolean pending() {
      return header != null;
    }

    void drop() {
      header = null;
    }

    /** The picture once it is whole. */
    Optional<Event.Picture> add(String what, PictureChunk chunk) {
      if (!pending()) {
        begin(what, chunk);
      } else if (chunk.hasHeader() || !what.equals(this.what)) {
        throw broken("the " + what + " begins within the " + this.what);
      }
      long here = data.size();
      long total = header.getTotalBytes();
      int part = chunk.getData().size();
      if (chunk.getOffset() != here || part == 0 || here + part > total) {
        throw broken(
            String.format("%d bytes for offset %d, where %d of %d are here", part, chunk.getOffset(), here, total));
      }
      data = data.concat(chunk.getData());
      if (data.size() < total) {
        return Optional.empty();
      }
      Event.Picture picture = new Event.Picture(header, data);
      drop();
      return Optional.of(picture);
    }

    private void begin(String what, PictureChunk chunk) {
      if (!chunk.hasHeader()) {
        throw broken("the first part of the " + what + " has no header");
      }
      PictureHeader header = chunk.getHeader();
      long total = header.getTotalBytes();
      if (header.getWidth() < 1 || header.getHeight() < 1 || total < 1 || total > MAX_PICTURE_BYTES) {
        throw broken(
            String.format(
                "the %s has %d x %d pixels and %d bytes", what, header.getWidth(), header.getHeight(), total));
      }
      this.what = what;
      this.header = header;
      data = ByteString.EMPTY;
    }

    private static ImpastoException broken(String words) {
      return new ImpastoException(Status.Code.INTERNAL, "the server sent a broken picture: " + words);
    }
  }
}
