package org.impasto.example;

import com.google.protobuf.ByteString;
import org.impasto.v1.PictureHeader;
import org.impasto.v1.RecipeChange;

/** What happens to a job. The messages' fields are explained in job.proto. */
public sealed interface Event {
  /** The request is fine and the job is queued. */
  record Accepted(org.impasto.v1.Accepted message) implements Event {}

  /** A step was made. */
  record Progress(org.impasto.v1.Progress message) implements Event {}

  /** The picture after some step. */
  record Preview(int iteration, Picture picture) implements Event {}

  /** The picture at the end. */
  record Result(int iteration, double totalLoss, Picture picture) implements Event {}

  /** The job's recipe was changed. */
  record Changed(RecipeChange message) implements Event {}

  /** The job was paused, set aside, resumed, or taken up by a restarted server. */
  record StateChanged(org.impasto.v1.StateChanged message) implements Event {}

  /** The connection broke, and is being made again. */
  record ConnectionLost(ImpastoException error) implements Event {}

  /** A whole picture from the server. */
  record Picture(PictureHeader header, ByteString data) {}
}
