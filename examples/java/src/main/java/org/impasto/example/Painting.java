package org.impasto.example;

import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.impasto.v1.Finished;
import org.impasto.v1.JobEvent;
import org.impasto.v1.Picture;
import org.impasto.v1.StylizeRequest;
import org.impasto.v1.WatchJobRequest;

/**
 * One picture being painted: its events, until it is done, or until an {@link ImpastoException} says what became of it. A connection that
 * breaks is made again, and nothing but superseded previews is missed. One thread reads the events; any may cancel. Who closes it before
 * its end leaves the job to the server, which cancels it when nobody comes back for it.
 */
public final class Painting implements Iterator<Event>, AutoCloseable {
  private final ImpastoClient client;
  private final StylizeRequest.Builder request;
  private final EventTranslator events = new EventTranslator();
  private final Context.CancellableContext streams = Context.current().withCancellation();
  private final CountDownLatch cancelRequested = new CountDownLatch(1);
  private volatile String job = "";
  private Iterator<JobEvent> stream;
  private Attempts attempts; // since the connection broke, until an event has come again
  private Event next;
  private boolean done;

  Painting(ImpastoClient client, StylizeRequest request) {
    this.client = client;
    this.request = request.toBuilder();
    if (request.getRequestId().isEmpty()) {
      // With an id the request can be sent again without a second job.
      this.request.setRequestId(UUID.randomUUID().toString());
    }
  }

  /** Waits for the next event. False: the job is done, and there was a result. */
  @Override
  public boolean hasNext() {
    while (next == null && !done) {
      next = read().orElse(null);
    }
    return next != null;
  }

  @Override
  public Event next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    Event event = next;
    next = null;
    return event;
  }

  /** Cancels the job on the server. Events go on to its end, which is an exception of the code CANCELLED. */
  public void cancel() {
    cancelRequested.countDown();
    // Before `accepted` there is no name to cancel by: it is done once that is there.
    if (!job.isEmpty()) {
      try {
        client.cancelJob(job);
      } catch (ImpastoException unreachable) {
        close();
      }
    }
  }

  @Override
  public void close() {
    streams.cancel(null);
  }

  /** Empty: there is nothing to tell yet. */
  private Optional<Event> read() {
    if (stream == null && attempts != null) {
      awaitServer();
    }
    Optional<Event> event;
    try {
      if (stream == null) {
        stream = open();
      }
      if (!stream.hasNext()) {
        return streamEnded(
            new ImpastoException(Status.Code.INTERNAL, "the server ended the job without saying how"));
      }
      event = events.add(stream.next());
    } catch (StatusRuntimeException error) {
      return streamEnded(ImpastoException.of(error));
    } catch (ImpastoException error) { // of an upload, or of what the server sent
      return streamEnded(error);
    }
    attempts = null;
    if (event.isPresent() && event.get() instanceof Event.Accepted accepted) {
      job = accepted.message().getJob();
      if (isCancelled()) {
        cancel();
      }
    }
    return event;
  }

  private Iterator<JobEvent> open() {
    // So that close() ends the stream from any thread.
    Context before = streams.attach();
    try {
      if (job.isEmpty()) {
        uploadLarge();
        return client.stylization().stylize(request.build());
      }
      return client
          .stylization()
          .watchJob(WatchJobRequest.newBuilder().setName(job).setAfterEvent(events.lastEvent()).build());
    } finally {
      streams.detach(before);
    }
  }

  /** Throws where that was the job's end; returns what to tell before the next stream. */
  private Optional<Event> streamEnded(ImpastoException error) {
    stream = null;
    events.streamEnded();
    if (events.finished().isPresent()) {
      checkEnd(events.finished().get());
      done = true;
      close();
      return Optional.empty();
    }
    if (isCancelled()) {
      throw cancelled();
    }
    if (error.code() != Status.Code.UNAVAILABLE || client.options().reattachTimeout().isZero()) {
      throw error;
    }
    if (attempts != null) {
      attempts.asked = error.retryAfter();
      return Optional.empty();
    }
    attempts = new Attempts(client.options().reattachTimeout(), error);
    return Optional.of(new Event.ConnectionLost(error));
  }

  private void checkEnd(Finished finished) {
    switch (finished.getState()) {
      case STATE_SUCCEEDED:
        if (!events.hasResult()) {
          throw new ImpastoException(Status.Code.INTERNAL, "the server ended the job without a whole result");
        }
        return;
      case STATE_CANCELLED:
        throw new ImpastoException(Status.Code.CANCELLED, "the job was cancelled");
      default:
        throw ImpastoException.of(finished.getError());
    }
  }

  private void awaitServer() {
    // A server that is being started refuses connections at first: each attempt is short.
    while (true) {
      Duration pause = attempts.next();
      try {
        if (cancelRequested.await(pause.toMillis(), TimeUnit.MILLISECONDS)) {
          throw cancelled();
        }
        client.awaitServer(attempts.shortest(Duration.ofSeconds(2)));
        return;
      } catch (ImpastoException error) {
        if (error.code() != Status.Code.UNAVAILABLE) {
          throw error;
        }
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
        throw new ImpastoException(Status.Code.CANCELLED, "interrupted");
      }
    }
  }

  private boolean isCancelled() {
    return cancelRequested.getCount() == 0;
  }

  /** The end of a job that was cancelled while there was no connection. */
  private ImpastoException cancelled() {
    if (job.isEmpty()) {
      return new ImpastoException(Status.Code.CANCELLED, "cancelled before the server had accepted the job");
    }
    try {
      client.cancelJob(job);
      return new ImpastoException(Status.Code.CANCELLED, "the job was cancelled");
    } catch (ImpastoException unreachable) {
      return new ImpastoException(
          Status.Code.CANCELLED,
          "cancelled, but the server can't be told: it cancels the job itself when nobody comes back for it");
    }
  }

  /** Uploads the largest pictures of the request, so that the rest fits into one message. */
  private void uploadLarge() {
    Map<String, Picture.Builder> pictures = new HashMap<>();
    pictures.put("content", request.getContentBuilder());
    for (int i = 0; i < request.getStylesCount(); i++) {
      pictures.put("styles[" + i + "]", request.getStylesBuilder(i));
    }
    if (request.hasInitial()) {
      pictures.put("initial", request.getInitialBuilder());
    }
    long bytes = pictures.values().stream().mapToLong(Painting::bytes).sum();
    while (bytes > client.maxRequestBytes()) {
      var largest = Collections.max(pictures.entrySet(), Comparator.comparingLong(entry -> bytes(entry.getValue())));
      bytes -= bytes(largest.getValue());
      if (isCancelled()) {
        throw cancelled();
      }
      try {
        largest.getValue().setUpload(client.upload(largest.getValue().build()).getUpload());
      } catch (ImpastoException error) {
        throw error.inField(largest.getKey());
      }
    }
  }

  private static long bytes(Picture.Builder picture) {
    return picture.getEncoded().size() + picture.getRaw().getData().size();
  }

  /** Attempts to come back: soon at first, then ever less often, and not those of all clients at once. */
  private static final class Attempts {
    private final ImpastoException first;
    private final long deadline;
    private double pauseSeconds = 0.1;
    private Duration asked; // by the server

    Attempts(Duration timeout, ImpastoException first) {
      this.first = first;
      asked = first.retryAfter();
      deadline = System.nanoTime() + timeout.toNanos();
    }

    Duration shortest(Duration limit) {
      long remaining = Math.max(0, deadline - System.nanoTime());
      return Duration.ofNanos(Math.min(remaining, limit.toNanos()));
    }

    /** How long to wait before the next one. When time is up: how it broke, which says more than that it is still broken. */
    Duration next() {
      long pause = (long) (1e9 * pauseSeconds * (0.5 + Math.random() / 2));
      pause = Math.max(pause, asked.toNanos());
      pauseSeconds = Math.min(5, 2 * pauseSeconds);
      if (System.nanoTime() + pause >= deadline) {
        throw first;
      }
      return Duration.ofNanos(pause);
    }
  }
}
